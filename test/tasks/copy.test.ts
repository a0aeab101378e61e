import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { copyTask } from '../../src/tasks/copy.ts';
import { describeInvalid, describeTask, fakeFiles } from '../support/describe-task.ts';

const sha256 = (text: string | Uint8Array) => createHash('sha256').update(text).digest('hex');
const found = (text: string, sent = true, attributes = 'root 0 root 0 644') =>
  `${attributes} ${Buffer.byteLength(text)} regular file\n\0${sha256(text)}\n${sent ? text : ''}`;

describeTask(copyTask, [
  {
    name: 'makes a file',
    params: { dest: '/etc/issue.net', content: 'Authorized use only.\n', owner: 'root', group: 'adm', mode: '640' },
    given: '',
    expect: {
      before: null,
      want: { content: 'Authorized use only.\n', owner: 'root', group: 'adm', mode: '0640' },
      action: 'create',
      script: [
        "printf %s 'Authorized use only.\n'",
        'chown -- root:adm "$harden_private/new"',
        'chmod 00640 "$harden_private/new"',
        'sync new',
        'harden_put "$harden_private/new"',
      ],
      needs: ['directory:/etc', 'group:adm'],
      provides: ['path:/etc/issue.net'],
      keeps: ['/etc/issue.net'],
      risk: 'none',
    },
  },
  {
    name: 'shows the old text and the new one',
    params: { dest: '/etc/motd', content: 'new\n' },
    given: found('old\n\n\x00é'),
    expect: { before: { content: 'old\n\n\x00é', mode: '0644' }, keys: ['content'], action: 'update' },
  },
  {
    name: 'is content where the host did not send the text because it is the same',
    params: { dest: '/etc/motd', content: 'same\n', owner: 0 },
    given: found('same\n', false),
    expect: { before: { content: 'same\n', owner: '0' }, action: 'none' },
  },
  {
    name: 'changes the attributes alone where only they differ',
    params: { dest: '/etc/motd', content: 'same\n', owner: 'www-data' },
    given: found('same\n', false, 'UNKNOWN 1234 root 0 600'),
    expect: {
      before: { owner: '1234', mode: '0600' },
      keys: ['owner'],
      script: ['chown -- www-data'],
      notScript: ['same'],
    },
  },
  {
    name: 'takes a file of the operator into a directory',
    params: { dest: '/usr/local/bin/', src: 'tools/x.sh', mode: '0755' },
    files: { 'tools/x.sh': '#!/bin/sh\n' },
    given: '',
    expect: {
      want: { content: '#!/bin/sh\n', mode: '0755' },
      needs: ['directory:/usr/local/bin'],
      provides: ['path:/usr/local/bin/x.sh'],
    },
  },
  {
    name: 'tells a host text that is not text by its hash',
    params: { dest: '/etc/motd', content: 'text' },
    given: `root 0 root 0 644 4 regular file\n\0${'ab'.repeat(32)}\n\ufffd\ufffd`,
    expect: { before: { content: `(4 bytes, too many or not text; SHA-256 ${'ab'.repeat(32)})` }, keys: ['content'] },
  },
  {
    name: 'refuses a directory that has no slash at its end',
    params: { dest: '/etc', content: 'x' },
    given: 'root 0 root 0 755 4096 directory\n\0',
    expect: { error: 'write its whole path, as in /etc/NAME' },
  },
  {
    name: 'has the candidate checked by the operator and by its path',
    params: { dest: '/etc/sudoers.d/x', content: 'x ALL=(ALL) ALL\n', validate: 'visudo -csf %s' },
    given: '',
    expect: {
      validate: ["check='visudo -csf %s' command=", 'visudo -cf "$file"'],
      risk: 'access',
    },
  },
  {
    name: 'refuses a daemon.json that is no JSON',
    params: { dest: '/etc/docker/daemon.json', content: '{"icc": false,}' },
    given: '',
    expect: { error: 'would not be JSON' },
  },
]);

describeInvalid(copyTask, [
  { name: 'neither src nor content', params: { dest: '/a' }, message: 'one of src and content' },
  { name: 'both', params: { dest: '/a', src: 'x', content: 'y' }, message: 'one of src and content' },
  { name: 'content for a directory', params: { dest: '/a/', content: 'y' }, message: 'must name the file' },
  { name: '..', params: { dest: '/a/../b', content: 'y' }, message: 'must not contain `..`' },
  {
    name: 'an owner with a colon',
    params: { dest: '/a', content: 'y', owner: 'a:b' },
    message: 'not the name or number',
  },
  { name: 'a mode that is none', params: { dest: '/a', content: 'y', mode: 'u=rw' }, message: 'not an octal mode' },
]);

test('bytes that are not text are compared by their hash and written as base64', () => {
  const bytes = Buffer.from([0, 255, 10]);
  const copy = copyTask.load!(copyTask.params.parse({ dest: '/a', src: 'x' }), { ...fakeFiles({}), read: () => bytes });
  const want = copyTask.want(copy, {} as never, null);
  expect(want).toEqual({ sha256: sha256(bytes) });
  const script = copyTask.apply({ action: 'create', before: null, after: want, keys: ['sha256'] }, copy, {} as never);
  expect(script).toContain('printf %s AP8K | base64 -d');
});
