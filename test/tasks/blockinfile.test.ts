import { describe, expect, test } from 'vitest';
import { blockinfileTask } from '../../src/tasks/blockinfile.ts';
import { describeInvalid, describeTask } from '../support/describe-task.ts';
import { editLocally } from './support/edit-locally.ts';

const file = 'root 0 root 0 644 20 regular file\n\0\0';
const begin = '# BEGIN HARDEN MANAGED BLOCK';
const end = '# END HARDEN MANAGED BLOCK';

describeTask(blockinfileTask, [
  {
    name: 'shows the block before and after as texts',
    params: { path: '/etc/hosts', block: '1\n2' },
    given: `${file}3 5\n${begin}\nold\n${end}\n`,
    expect: {
      before: { block: 'old\n', mode: '0644' },
      want: { block: '1\n2\n' },
      action: 'update',
      keys: ['block'],
      needs: ['path:/etc/hosts'],
      keeps: ['/etc/hosts'],
      risk: 'none',
    },
  },
  {
    name: 'puts a block where there is none',
    params: { path: '/etc/hosts', block: '1' },
    given: `${file}0 0\n`,
    expect: { action: 'update', keys: ['block'] },
  },
  {
    name: 'is content with the block as it is',
    params: { path: '/etc/hosts', block: '1\n\n' },
    given: `${file}1 4\n${begin}\n1\n\n${end}\n`,
    expect: { action: 'none' },
  },
  {
    name: 'takes rules out of the kernel that ufw would leave in chains of others, once the block is gone',
    params: {
      path: '/etc/ufw/after.rules',
      block: '*filter\n-A DOCKER-USER -o docker0 -j DROP\n-A ufw-user-input -j DROP\n-A DOCKER-USER -j RETURN\nCOMMIT',
    },
    given: `${file}0 0\n`,
    expect: {
      action: 'update',
      risk: 'access',
      undo: [/withdraw filter '-A DOCKER-USER -o docker0 -j DROP'\n$/, /grep -qxF .* \/etc\/ufw\/after\.rules/],
    },
  },
  {
    name: 'removes it with its markers',
    params: { path: '/etc/hosts', state: 'absent' },
    given: `${file}1 3\n${begin}\n1\n${end}\n`,
    expect: { before: { lines: [begin, '1', end] }, want: { lines: [] }, keys: ['lines'], needs: [] },
  },
  {
    name: 'refuses half a block',
    params: { path: '/etc/hosts', block: '1' },
    given: `${file}4 0\n`,
    expect: { error: 'half a block' },
  },
  {
    name: 'makes the file where it may',
    params: { path: '/etc/ssh/sshd_config.d/x.conf', block: 'UseDNS no', create: true, mode: '0600' },
    given: '',
    expect: {
      action: 'create',
      keys: ['block', 'mode'],
      script: ['chmod 00600 "$harden_private/new"'],
      validate: ['sshd -t'],
      needs: ['directory:/etc/ssh/sshd_config.d'],
      risk: 'access',
    },
  },
]);

describeInvalid(blockinfileTask, [
  { name: 'an empty marker', params: { path: '/a', block: 'x', marker: ' {mark}' }, message: 'more than {mark}' },
  { name: 'a marker without {mark}', params: { path: '/a', block: 'x', marker: '# x' }, message: 'must hold {mark}' },
  { name: 'a marker of two lines', params: { path: '/a', block: 'x', marker: '{mark}\nx' }, message: 'one line' },
  { name: 'a block that holds its marker', params: { path: '/a', block: `x\n${end}\n` }, message: 'its own marker' },
]);

const edits: readonly (readonly [string, object, string])[] = [
  ['a\n', { block: '1\n2' }, `a\n${begin}\n1\n2\n${end}\n`],
  ['a', { block: '1' }, `a\n${begin}\n1\n${end}\n`],
  ['a\nb\n', { block: '1', insertafter: '^a' }, `a\n${begin}\n1\n${end}\nb\n`],
  ['a\nb\n', { block: '1', insertbefore: 'BOF' }, `${begin}\n1\n${end}\na\nb\n`],
  [`a\n${begin}\nold\n${end}\nb\n`, { block: '1', insertbefore: 'BOF' }, `a\n${begin}\n1\n${end}\nb\n`],
  [`a\n${begin}\nold\n${end}\nb\n`, { block: '' }, 'a\nb\n'],
  [`${begin}\nold\n${end}`, { state: 'absent' }, ''],
  ['a\n', { state: 'absent' }, 'a\n'],
  ['a\n', { block: '\n', marker: '; {mark} of <x>' }, 'a\n; BEGIN of <x>\n\n; END of <x>\n'],
  ['a\n', { block: "$(id) \\t '%s'\n-n", marker: '{mark}%' }, "a\nBEGIN%\n$(id) \\t '%s'\n-n\nEND%\n"],
  [`${begin}\n1\n${end}\n`, { block: '2', marker: '// {mark}' }, `${begin}\n1\n${end}\n// BEGIN\n2\n// END\n`],
];

describe('blockinfile edits', () => {
  test.each(edits)('%j with %j to %j', (text, params, expected) => {
    expect(editLocally(blockinfileTask, params, text)).toBe(expected);
    expect(editLocally(blockinfileTask, params, expected)).toBe(expected);
  });

  test.each([`${begin}\n`, `${end}\n`, `${end}\n${begin}\n`, `${begin}\n${end}\n${begin}\n${end}\n`])(
    'refuses a file in which the markers are no pair: %j',
    (text) => {
      expect(() => editLocally(blockinfileTask, { block: '1' }, text)).toThrow('half a block');
    },
  );
});
