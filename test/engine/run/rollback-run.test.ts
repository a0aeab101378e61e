import { beforeEach, expect, test } from 'vitest';
import { LOCKED } from '../../../src/engine/journal/journal-script.ts';
import type { JournalRun, JournalStep } from '../../../src/engine/journal/read-journal.ts';
import { rollback } from '../../../src/engine/run/rollback-run.ts';
import { FakeHost, RUN } from './fake-host.ts';

let fake: FakeHost;

beforeEach(() => {
  fake = new FakeHost();
});

const step = (directory: string, record: Partial<JournalStep['record']> = {}): JournalStep => ({
  directory,
  state: 'done',
  record: {
    ...{ name: `step ${directory}`, type: 'thing', id: directory, at: '', action: 'update', changes: [] },
    ...{ access: false, provides: [] },
    ...record,
  },
});

const target = (login: string, ...steps: readonly JournalStep[]): JournalRun => ({
  id: 'OLD',
  number: 1,
  identity: { id: 'OLD', by: '', at: '', playbook: '', tool: '', login, port: 22 },
  guard: 'disarmed',
  steps,
});

async function back(run: JournalRun): Promise<void> {
  const shell = fake.connect();
  fake.log.length = 0;
  await rollback(shell, run, { host: fake.host([]), run: RUN, guardSeconds: 120, listen: fake.listen });
}

test('a rollback is guarded and proved by a login, whatever it puts back', async () => {
  await back(target('root', step('0000'), step('0001')));
  expect(fake.log).toEqual(['begin', 'arm', 'step', 'step', 'login', 'disarm', 'end']);
});

test('a rollback that makes the login work no more is undone', async () => {
  fake.lets = () => !fake.log.includes('step') || fake.log.includes('fire');
  await expect(back(target('root', step('0000')))).rejects.toThrow(/did not work after the change.*works again/);
});

test('the account that the run made goes last, by the login that the run had', async () => {
  const made = { type: 'user', id: 'root', action: 'create', provides: ['user:root'] };
  await back(target('first', step('0000', made), step('0001')));
  expect(fake.log).toEqual([
    'begin',
    'arm',
    'step',
    'login as first',
    'begin',
    'arm',
    'step',
    'login as first',
    'disarm',
    'end',
  ]);
});

test('a host that another run holds is left alone, and the hint says what to do', async () => {
  fake.failing.set('begin', LOCKED);
  await expect(back(target('root', step('0000')))).rejects.toMatchObject({
    hint: 'Wait for it to end; its lock goes with it',
  });
});
