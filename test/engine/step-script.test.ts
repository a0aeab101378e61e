import { expect, test } from 'vitest';
import type { PlannedTask } from '../../src/engine/plan.ts';
import { stepScript } from '../../src/engine/step-script.ts';
import type { AnyTaskType, Handler } from '../../src/engine/task.ts';
import { registry } from '../../src/tasks/index.ts';
import { Masker } from '../../src/text/masker.ts';
import { debian12Facts } from '../support/facts.ts';

const type = registry.get('copy') as AnyTaskType;
const params = type.params.parse({ dest: '/etc/one', content: 'x' });
const planned: PlannedTask = {
  task: {
    ...{ index: 0, name: 'one', type, params, id: '/etc/one', at: { file: 'p.yml', line: 1, column: 1 } },
    ...{ tags: [], notify: [], sensitive: false },
  },
  action: 'create',
  change: { action: 'create', before: null, after: {}, keys: [] },
  script: 'true',
  findings: [],
  notifies: ['mine'],
  risk: false,
};

test.each<[string, Partial<Handler>, RegExp]>([
  [
    'one that brings it into force runs again where it is undone',
    {},
    /^harden_notify mine-\w+ mine '' 'run it' 'run it'$/m,
  ],
  ['one that only tries it out does not', { onlyTries: true }, /^harden_notify mine-\w+ mine '' 'run it' :$/m],
])('a handler: %s', (_, more, line) => {
  const script = stepScript(planned, '0000', [{ name: 'mine', run: 'run it', ...more }], debian12Facts, new Masker([]));
  expect(script).toMatch(line);
});

test('notes the way back of the way back: what an undo beside files is to run, the other way round', () => {
  const hostname = registry.get('hostname') as AnyTaskType;
  const change = {
    ...{ action: 'update' as const, keys: ['name'] },
    ...{ before: { name: 'old', static: 'old' }, after: { name: 'new' } },
  };
  const task = { ...planned.task, type: hostname, params: hostname.params.parse({ name: 'new' }) };
  const script = stepScript({ ...planned, task, action: 'update', change }, '0000', [], debian12Facts, new Masker([]));
  expect(script).toMatch(/^harden_note undo 'hostname -- old'$/m);
  expect(script).toMatch(/^harden_note redo 'hostname -- new'$/m);
});

test('what keeps no files is taken back one way only', () => {
  const user = registry.get('user') as AnyTaskType;
  const change = { action: 'create' as const, before: null, after: { name: 'extra' }, keys: ['name'] };
  const task = { ...planned.task, type: user, params: user.params.parse({ name: 'extra' }) };
  const script = stepScript({ ...planned, task, change }, '0000', [], debian12Facts, new Masker([]));
  expect(script).toMatch(/^harden_note undo /m);
  expect(script).not.toMatch(/^harden_note redo /m);
});
