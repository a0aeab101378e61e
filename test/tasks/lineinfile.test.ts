import { describe, expect, test } from 'vitest';
import { lineinfileTask } from '../../src/tasks/lineinfile.ts';
import { describeInvalid, describeTask } from '../support/describe-task.ts';
import { editLocally } from './support/edit-locally.ts';

const file = 'root 0 root 0 644 20 regular file\n\0\0';

describeTask(lineinfileTask, [
  {
    name: 'replaces the line that the host found',
    params: { path: '/etc/login.defs', regexp: '^UMASK', line: 'UMASK 027' },
    given: `${file}settled\nUMASK\t\t022\n`,
    expect: {
      before: { line: 'UMASK\t\t022', owner: 'root', group: 'root', mode: '0644' },
      want: { line: 'UMASK 027' },
      action: 'update',
      keys: ['line'],
      script: ["pattern='^UMASK'\ngrep -aEn", "printf '%s\\n' 'UMASK 027'", 'harden_put "$harden_private/new"'],
      needs: ['path:/etc/login.defs'],
      provides: ['path:/etc/login.defs'],
      keeps: ['/etc/login.defs'],
      risk: 'access',
    },
  },
  {
    name: 'adds what is not there',
    params: { path: '/etc/hosts', line: 'x' },
    given: `${file}settled\n`,
    expect: { before: { owner: 'root' }, action: 'update', keys: ['line'], risk: 'none' },
  },
  {
    name: 'is content with the line as it is',
    params: { path: '/etc/hosts', line: 'x', mode: '644' },
    given: `${file}settled\nx\n`,
    expect: { action: 'none' },
  },
  {
    name: 'changes the mode alone where only that differs',
    params: { path: '/etc/hosts', line: 'x', mode: '0600', owner: 0 },
    given: `${file}settled\nx\n`,
    expect: { keys: ['mode'], script: ['chmod 00600'], notScript: ['grep'], needs: ['path:/etc/hosts'] },
  },
  {
    name: 'refuses an expression that would never settle',
    params: { path: '/etc/hosts', regexp: '^a', line: 'b' },
    given: `${file}unsettled\na2\n`,
    expect: { error: 'several lines in which ^a is found' },
  },
  {
    name: 'makes the file where it may',
    params: { path: '/etc/new', line: 'x', create: true, owner: 'www-data', group: 'adm' },
    given: '',
    expect: {
      before: null,
      action: 'create',
      keys: ['line', 'owner', 'group'],
      needs: ['directory:/etc', 'user:www-data', 'group:adm'],
    },
  },
  {
    name: 'removes what matches, and shows it',
    params: { path: '/etc/securetty', regexp: '^pts/', state: 'absent' },
    given: `${file}pts/0\npts/1\n`,
    expect: {
      before: { lines: ['pts/0', 'pts/1'] },
      want: { lines: [] },
      keys: ['lines'],
      script: ['grep -aEv'],
      needs: [],
      provides: [],
    },
  },
  {
    name: 'has nothing to remove from a file that is not there',
    params: { path: '/etc/securetty', line: 'pts/0', state: 'absent' },
    given: '',
    expect: { before: null, want: null, action: 'none' },
  },
  {
    name: 'keeps the file behind a link too, and judges its path',
    params: { path: '/srv/link', line: 'x' },
    given: 'root 0 root 0 644 20 regular file\n/etc/pam.d/sshd\0\0settled\n',
    expect: { before: { target: '/etc/pam.d/sshd' }, keeps: ['/srv/link', '/etc/pam.d/sshd'], risk: 'access' },
  },
  {
    name: 'refuses a directory',
    params: { path: '/etc', line: 'x' },
    given: 'root 0 root 0 755 4096 directory\n\0',
    expect: { error: '/etc is not a regular file' },
  },
  {
    name: 'has the whole sshd configuration checked',
    params: { path: '/etc/ssh/sshd_config', line: 'X11Forwarding no' },
    given: `${file}settled\n`,
    expect: { validate: ['sshd -t -f "$copy/sshd_config"'] },
  },
]);

describeInvalid(lineinfileTask, [
  ...['', '(?i)', '^', '$', '(?i)^'].map((regexp) => ({
    name: `a regexp that is found in every line: "${regexp}"`,
    params: { path: '/a', line: 'x', regexp },
    message: 'found in every line',
  })),
  { name: 'an empty place', params: { path: '/a', line: 'x', insertafter: '' }, message: 'found in every line' },
  { name: 'an empty line that goes', params: { path: '/a', line: '', state: 'absent' }, message: 'all empty lines' },
  { name: 'no line', params: { path: '/a' }, message: 'line is missing' },
  { name: 'nothing to remove', params: { path: '/a', state: 'absent' }, message: 'write line or regexp' },
  {
    name: 'two places',
    params: { path: '/a', line: 'x', insertafter: 'a', insertbefore: 'b' },
    message: 'write one of',
  },
  { name: 'two lines', params: { path: '/a', line: 'x\ny' }, message: 'blockinfile' },
  { name: 'a relative path', params: { path: 'a', line: 'x' }, message: 'not an absolute path' },
  { name: 'a number as mode', params: { path: '/a', line: 'x', mode: 420 }, message: 'must be quoted' },
  { name: 'a lookahead', params: { path: '/a', line: 'x', regexp: 'a(?=b)' }, message: 'no lookahead' },
  { name: 'validate without %s', params: { path: '/a', line: 'x', validate: 'true' }, message: 'must hold %s' },
]);

// [text, parameters, what becomes of it]
const edits: readonly (readonly [string, object, string])[] = [
  ['a\nb\n', { line: 'c' }, 'a\nb\nc\n'],
  ['a\nb', { line: 'c' }, 'a\nb\nc\n'],
  ['', { line: 'c' }, 'c\n'],
  ['a\nb\n', { line: 'b' }, 'a\nb\n'],
  ['a\n#P 1\nP 2\nb\n', { regexp: '^#?P ', line: 'P 3' }, 'a\n#P 1\nP 3\nb\n'],
  ['a\n#P 1\nP 2\nb\n', { regexp: '^#?P ', line: 'P 3', firstmatch: true }, 'a\nP 3\nP 2\nb\n'],
  ['a\nP 3\n', { regexp: '^Q', line: 'P 3' }, 'a\nP 3\n'],
  ['a\nb\na\n', { line: 'c', insertafter: '^a$' }, 'a\nb\na\nc\n'],
  ['a\nb\na\n', { line: 'c', insertafter: '^a$', firstmatch: true }, 'a\nc\nb\na\n'],
  ['a\nb\na\n', { line: 'c', insertbefore: '^a$' }, 'a\nb\nc\na\n'],
  ['a\nb', { line: 'c', insertafter: '^b$' }, 'a\nb\nc\n'],
  ['a\n', { line: 'c', insertbefore: 'BOF' }, 'c\na\n'],
  ['a\n', { line: 'c', insertafter: 'EOF' }, 'a\nc\n'],
  ['a\n', { line: 'c', insertbefore: '^x' }, 'a\nc\n'],
  ['a\nb\na\n', { line: 'a', state: 'absent' }, 'b\n'],
  ['a\n', { line: 'a', state: 'absent' }, ''],
  ['ab\nb\nA\n', { regexp: '(?i)^a', state: 'absent' }, 'b\n'],
  ['a\n', { line: '$(id) `id` \\n \'"% -e' }, 'a\n$(id) `id` \\n \'"% -e\n'],
  ['a\n', { line: '-n' }, 'a\n-n\n'],
  ['é\n', { regexp: '^é', line: 'è' }, 'è\n'],
  ['a\r\nb\r\n', { regexp: '^a', line: 'a2' }, 'a2\nb\r\n'],
];

describe('lineinfile edits', () => {
  test.each(edits)('%j with %j to %j', (text, params, expected) => {
    expect(editLocally(lineinfileTask, params, text)).toBe(expected);
    expect(editLocally(lineinfileTask, params, expected)).toBe(expected);
  });

  test('refuses several matches that the line is none of', () => {
    expect(() => editLocally(lineinfileTask, { regexp: '^a', line: 'b' }, 'a1\na2\n')).toThrow('several lines');
  });
});
