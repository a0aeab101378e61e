import { getUrlTask } from '../../src/tasks/get-url.ts';
import { describeInvalid, describeTask } from '../support/describe-task.ts';

const SUM = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
const OTHER = 'a'.repeat(64);
const tool = {
  url: 'https://x.example/dl/tool-1.2?os=linux',
  dest: '/usr/local/bin/tool',
  checksum: `sha256:${SUM}`,
  mode: '0755',
};

/** What the probe prints of a file. */
function file(sum: string, mode = '755', owner = 'root 0 root 0'): string {
  return `${owner} ${mode} 5 regular file\n\0${sum}\n`;
}

describeTask(getUrlTask, [
  {
    name: 'fetches what is not there',
    params: { ...tool, checksum: `sha256:${SUM.toUpperCase()}` },
    given: '',
    expect: {
      before: null,
      want: { checksum: `sha256:${SUM}`, mode: '0755' },
      action: 'create',
      script: ["harden_url='https://x.example/dl/tool-1.2?os=linux'", `"$sum" != ${SUM}`, 'cat "$harden_tmp/file"'],
      needs: ['directory:/usr/local/bin', 'package:ca-certificates'],
      provides: ['path:/usr/local/bin/tool'],
      keeps: ['/usr/local/bin/tool'],
      risk: 'none',
    },
  },
  { name: 'is done', params: tool, given: file(SUM), expect: { action: 'none' } },
  {
    name: 'fetches another file',
    params: tool,
    given: file(OTHER),
    expect: { keys: ['checksum'], script: ['harden_fetch'] },
  },
  {
    name: 'fetches nothing for a mode',
    params: tool,
    given: file(SUM, '644'),
    expect: { before: { mode: '0644' }, keys: ['mode'], notScript: ['harden_fetch'], script: ['chmod'] },
  },
  {
    name: 'names the file after the address',
    params: { url: 'http://x.example/a/b.tgz?x=/y#z', dest: '/opt/', checksum: `sha256:${SUM}`, owner: 'app' },
    given: '',
    expect: { provides: ['path:/opt/b.tgz'], needs: ['directory:/opt', 'user:app'] },
  },
  {
    name: 'arms the guard where logging in depends on it',
    params: { ...tool, dest: '/etc/ssh/moduli' },
    given: '',
    expect: { risk: 'access' },
  },
  {
    name: 'a directory in its place',
    params: tool,
    given: 'root 0 root 0 755 4096 directory\n\0',
    expect: { error: /is not a file on the host.*end dest with/ },
  },
]);

describeInvalid(getUrlTask, [
  { name: 'no checksum', params: { url: tool.url, dest: tool.dest }, message: /./ },
  {
    name: 'a weak checksum',
    params: { ...tool, checksum: 'md5:d41d8cd98f00b204e9800998ecf8427e' },
    message: 'write sha256:',
  },
  {
    name: 'an address with a password',
    params: { ...tool, url: 'https://u:p@x.example/a' },
    message: 'without a name and password',
  },
  { name: 'a local path', params: { ...tool, url: 'file:///etc/shadow' }, message: 'begins with https://' },
  {
    name: 'an address without a name',
    params: { ...tool, url: 'https://x.example/?a=b', dest: '/opt/' },
    message: 'name it in dest',
  },
  { name: 'an unquoted mode', params: { ...tool, mode: 755 }, message: 'quoted' },
]);
