import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { aptRepositoryTask } from '../../src/tasks/apt-repository/index.ts';
import { armouredKey } from '../../src/tasks/apt-repository/pgp-key.ts';
import { describeInvalid, describeTask } from '../support/describe-task.ts';

const KEY = '-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmQENBFdDN1ABCADa\n=abcd\n-----END PGP PUBLIC KEY BLOCK-----\n';
const SUM = createHash('sha256').update(KEY).digest('hex');
const SOURCE = `# Written by harden: edit the playbook, not this file.
Types: deb
URIs: https://download.docker.com/linux/debian
Suites: bookworm
Components: stable
Signed-By: /etc/apt/keyrings/docker.asc
`;
const docker = {
  name: 'docker',
  uris: 'https://download.docker.com/linux/debian',
  suites: 'bookworm',
  components: 'stable',
  key_file: 'docker.asc',
};
const files = { 'docker.asc': `Comment\n${KEY.replaceAll('\n', '\r\n')}` };

function there(source: string, sum: string, permissions = 'root:root 644'): string {
  return `${permissions}\n\n${source}\n===== harden: the key =====\n${sum}  -\n`;
}

describeTask(aptRepositoryTask, [
  {
    name: 'a new repository brings its key',
    params: docker,
    files,
    given: '',
    expect: {
      before: null,
      want: { source: SOURCE, key: SUM, permissions: 'root:root 644' },
      action: 'create',
      script: ['/etc/apt/keyrings/docker.asc', '/etc/apt/sources.list.d/docker.sources', SOURCE, KEY],
      validate: [
        '"$harden_tmp/key.asc"',
        'indextargets',
        'Dir::State::lists=$harden_tmp/lists',
        'Error-Mode=any update',
      ],
      needs: ['command:apt-get', 'package:ca-certificates'],
      provides: ['path:/etc/apt/sources.list.d/docker.sources', 'path:/etc/apt/keyrings/docker.asc'],
      keeps: ['/etc/apt/sources.list.d/docker.sources', '/etc/apt/keyrings/docker.asc'],
    },
  },
  { name: 'as it should be', params: docker, files, given: there(SOURCE, SUM), expect: { action: 'none' } },
  {
    name: 'another key',
    params: docker,
    files,
    given: there(SOURCE, 'e3b0c442'),
    expect: { before: { key: 'e3b0c442' }, keys: ['key'] },
  },
  {
    name: 'files that apt cannot read',
    params: docker,
    files,
    given: there(SOURCE, SUM, 'root:root 600\nroot:root 644'),
    expect: { before: { permissions: 'root:root 600, root:root 644' }, keys: ['permissions'] },
  },
  {
    name: 'a keyring of the host, and lists of everything',
    params: {
      name: 'x',
      types: ['deb', 'deb-src'],
      uris: ['http://a.example/debian', 'http://b.example/debian'],
      suites: ['stable', 'updates'],
      components: ['main', 'contrib'],
      architectures: ['amd64', 'arm64'],
      signed_by: '/usr/share/keyrings/x.gpg',
      enabled: false,
    },
    given: '',
    expect: {
      want: {
        source:
          '# Written by harden: edit the playbook, not this file.\nEnabled: no\nTypes: deb deb-src\nURIs: http://a.example/debian http://b.example/debian\nSuites: stable updates\nComponents: main contrib\nArchitectures: amd64 arm64\nSigned-By: /usr/share/keyrings/x.gpg\n',
        permissions: 'root:root 644',
      },
      keys: ['source', 'permissions'],
      needs: ['command:apt-get', 'path:/usr/share/keyrings/x.gpg'],
      notScript: ['/etc/apt/keyrings/x.asc'],
      validate: ['indextargets'],
    },
  },
  {
    name: 'a flat repository',
    params: { name: 'x', uris: 'https://x.example', suites: './', signed_by: KEY },
    given: '',
    expect: { script: ['Suites: ./\nSigned-By: /etc/apt/keyrings/x.asc\n'] },
  },
  {
    name: 'gone',
    params: { name: 'docker', state: 'absent' },
    given: there(SOURCE, SUM),
    expect: {
      action: 'delete',
      script: ['rm -f /etc/apt/sources.list.d/docker.sources'],
      provides: [],
      needs: ['command:apt-get'],
    },
  },
  {
    name: 'a file that is no key',
    params: docker,
    files: { 'docker.asc': '<html>404</html>' },
    given: '',
    expect: { error: /docker.asc is not an OpenPGP public key/ },
  },
  {
    name: 'a private key',
    params: docker,
    files: { 'docker.asc': '-----BEGIN PGP PRIVATE KEY BLOCK-----' },
    given: '',
    expect: { error: /docker.asc holds a private key/ },
  },
]);

describeInvalid(aptRepositoryTask, [
  { name: 'no key', params: { ...docker, key_file: undefined }, message: 'say which key signs it' },
  { name: 'two keys', params: { ...docker, signed_by: '/x' }, message: 'say which key signs it' },
  {
    name: 'credentials in the address',
    params: { ...docker, uris: 'https://u:p@x.example' },
    message: '/etc/apt/auth.conf.d',
  },
  { name: 'a second line in a suite', params: { ...docker, suites: 'a\nTrusted: yes' }, message: 'one word' },
  {
    name: 'a flat repository with components',
    params: { ...docker, suites: './' },
    message: 'a suite needs components',
  },
  { name: 'a name that leads elsewhere', params: { ...docker, name: '../x' }, message: 'a name of letters' },
]);

test('a binary key becomes the armour that gpg makes of it', () => {
  // gpg --enarmor of these bytes, without its headers; "=" begins the checksum
  const bytes = Buffer.from([0x99, 0x01, 0x0d, 0x04, 0x57, 0x43, 0x37, 0x50, 0x01, 0x08, 0x00, 0xda]);
  expect(armouredKey(bytes, 'key')).toBe(
    '-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmQENBFdDN1ABCADa\n=49zQ\n-----END PGP PUBLIC KEY BLOCK-----\n',
  );
});
