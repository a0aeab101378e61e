import { expect, test } from 'vitest';
import { changedSince } from '../../src/engine/journal/changed-since.ts';
import { type JournalRun, type JournalStep, readJournal } from '../../src/engine/journal/read-journal.ts';
import type { KeptPath } from '../../src/engine/journal/read-kept.ts';

const step = (directory: string, type: string, id: string, state: JournalStep['state'] = 'done'): JournalStep => ({
  directory,
  state,
  record: { name: id, type, id, at: '', action: 'update', changes: [], access: false, provides: [] },
});
const run = (number: number, steps: readonly JournalStep[], playbook = 'playbook.yml'): JournalRun => ({
  id: `run${number}`,
  number,
  identity: { id: `run${number}`, by: '', at: '', playbook, tool: '', login: 'root', port: 22 },
  guard: 'none',
  steps,
});
const kept = (at: string, path: string, changed: boolean): KeptPath => ({
  step: at,
  path,
  before: null,
  now: '',
  same: false,
  sameContent: false,
  changedSince: changed,
});

const first = run(1, [step('0000', 'copy', '/a'), step('0001', 'copy', '/b'), step('0002', 'user', 'alice')]);

test.each([
  ['nothing', [first], [kept('0000', '/a', false)], []],
  ['a file, by hand', [first], [kept('0000', '/a', true)], [{ step: '0000', what: '/a', by: undefined }]],
  [
    'a file, by a later run',
    [first, run(2, [step('0000', 'copy', '/a')])],
    [kept('0000', '/a', true)],
    [{ step: '0000', what: '/a', by: 'run2' }],
  ],
  [
    'what has no file, by a later run',
    [first, run(2, [step('0005', 'user', 'alice')])],
    [],
    [{ step: '0002', what: 'user alice', by: 'run2' }],
  ],
  ['nothing that stands', [first, run(2, [step('0005', 'user', 'alice', 'undone')])], [], []],
  ['nothing but a rollback', [first, run(2, [step('0005', 'user', 'alice')], 'rollback of run9')], [], []],
  ['nothing later', [run(0, [step('0005', 'user', 'alice')]), first], [], []],
  ['what only an earlier step left otherwise', [first], [kept('0000', '/a', true), kept('0001', '/a', false)], []],
] as const)('%s was changed since', (_what, runs, paths, expected) => {
  expect(changedSince(first, first.steps, runs, paths)).toEqual(expected);
});

test('runs are in the order of their numbers; those without one, or with a damaged one, come first', () => {
  const output = ['c', '', 'none 1', 'a', '', 'none 2', 'b', '{"id":', 'armed x1'];
  const text = [0, 3, 6].map((at) => `run\0${output.slice(at, at + 3).join('\0')}\0`).join('');
  expect(readJournal(text).map(({ id, guard }) => `${id} ${guard}`)).toEqual(['b armed', 'c none', 'a none']);
});
