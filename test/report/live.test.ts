import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import type { RunEvent } from '../../src/engine/events.ts';
import type { HostPlan } from '../../src/engine/plan.ts';
import { Masker } from '../../src/engine/secrets.ts';
import { HostError } from '../../src/errors.ts';
import { liveProgress } from '../../src/report/live.ts';

/** A plan with one change. */
function plan(host: string): HostPlan {
  const task = { index: 0, name: `change on ${host}` };
  const shape = { host, tasks: [{ task, change: { keys: [] }, findings: [] }], handlers: [], armed: [] };
  return { ...shape, masker: new Masker() } as unknown as HostPlan;
}

const planned = (host: string): RunEvent => ({ kind: 'planned', host, plan: plan(host) });
const applying = (host: string): RunEvent => ({ kind: 'applying', host, steps: 1 });
const changed = (host: string): RunEvent => ({
  kind: 'step-ended',
  host,
  index: 0,
  name: `change on ${host}`,
  status: 'changed',
  milliseconds: 1,
});
const ok = (host: string): RunEvent => ({ kind: 'host-ended', host, status: 'ok' });
const failed = (host: string): RunEvent => ({
  kind: 'host-ended',
  host,
  status: 'failed',
  error: new HostError('it says no'),
});

test.each([
  {
    name: 'a host that is refused before another is applied has no lines, and nothing waits for it',
    events: [planned('a'), planned('b'), failed('a'), applying('b'), changed('b'), ok('b')],
    drawn: ['change on b'],
    notDrawn: ['change on a'],
  },
  {
    name: 'a host that fails while another is applied',
    events: [planned('a'), planned('b'), applying('a'), failed('b'), changed('a'), ok('a')],
    drawn: ['change on a', 'change on b', 'it says no'],
    notDrawn: [],
  },
  {
    name: 'a run that ends before its hosts do leaves nothing to wait for',
    events: [planned('a'), applying('a')],
    drawn: ['change on a'],
    notDrawn: [],
  },
])('$name', async ({ events, drawn, notDrawn }) => {
  const stream = new PassThrough();
  const progress = liveProgress(Object.assign(stream, { isTTY: true, columns: 80 }) as never, () => {});
  for (const event of events) progress.listen(event);
  await progress.settled();
  const text = String(stream.read());
  for (const part of drawn) expect(text).toContain(part);
  for (const part of notDrawn) expect(text).not.toContain(part);
});
