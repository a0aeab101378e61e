import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import type { RunEvent } from '../../src/engine/events.ts';
import type { HostPlan } from '../../src/engine/plan.ts';
import { HostError } from '../../src/errors.ts';
import { liveProgress } from '../../src/report/live.ts';
import { screenPaint } from '../../src/report/paint.ts';
import { fitted, screenOn, widthOf } from '../../src/report/screen.ts';
import { Masker } from '../../src/text/masker.ts';

/** A plan with two changes. */
function plan(host: string): HostPlan {
  const tasks = [0, 1].map((index) => ({
    task: { index, name: `change ${index}` },
    change: { keys: [] },
    findings: [],
  }));
  return { host, tasks, handlers: [], armed: [], masker: new Masker() } as unknown as HostPlan;
}

const connecting = (host: string): RunEvent => ({ kind: 'connecting', host });
const planned = (host: string): RunEvent => ({ kind: 'planned', host, plan: plan(host) });
const applying = (host: string): RunEvent => ({ kind: 'applying', host, steps: 2 });
const started = (host: string, index: number): RunEvent => ({
  kind: 'step-started',
  ...{ host, index, name: `change ${index}` },
});
const ended = (host: string, index: number, status: 'changed' | 'failed' = 'changed'): RunEvent => ({
  kind: 'step-ended',
  ...{ host, index, name: `change ${index}`, status, milliseconds: 1 },
  ...(status === 'failed' ? { error: { message: 'exit status 1', output: 'it says no\nand more' } } : {}),
});
const ok = (host: string): RunEvent => ({ kind: 'host-ended', host, status: 'ok' });
const failed = (host: string): RunEvent => ({
  kind: 'host-ended',
  ...{ host, status: 'failed', error: new HostError('it says no') },
});

/** What a terminal of this size shows after these events, and all that was ever written above. */
function shown(events: readonly RunEvent[], columns = 80, rows = 24, settle = true): string[] {
  const stream = Object.assign(new PassThrough(), { columns, rows });
  const screen = screenOn(stream as never);
  const live = liveProgress(
    screen,
    (text) => screen.aside(() => stream.write(text)),
    screenPaint(false),
    () => 65_000,
  );
  for (const event of events) live.listen(event);
  if (settle) live.settle();
  return terminalOf(String(stream.read() ?? ''));
}

/** The lines that a terminal has after such a text. */
function terminalOf(text: string): string[] {
  const lines = [''];
  for (const [, up, plain] of text.matchAll(/\r?\u001b\[(\d+)A\u001b\[J|\u001b\[\?25[hl]|([^\u001b\r]+)/g)) {
    if (up !== undefined) lines.splice(lines.length - 1 - Number(up), Number(up), ...[]);
    for (const [at, part] of (plain ?? '').split('\n').entries()) {
      if (at > 0) lines.push('');
      lines[lines.length - 1] += part;
    }
  }
  return lines.filter((line) => line !== '');
}

describe('a line a host', () => {
  test('with what it does, how much of it is done and how long it takes', () => {
    const events = [connecting('web1'), connecting('b'), planned('web1'), planned('b'), applying('web1')];
    expect(shown([...events, started('web1', 0), ended('web1', 0), started('web1', 1)], 80, 24, false)).toEqual([
      '› web1 1/2 0:00 change 1',
      '· b    0/2 read',
    ]);
  });

  test('names who hangs while the others are read', () => {
    const events = [connecting('web1'), connecting('web2'), planned('web1')];
    expect(shown(events, 80, 24, false)).toEqual(['· web1 0/2 read', '› web2 0:00 connecting']);
  });

  test('keeps what failed and what was remarked above, and stays at the end', () => {
    const note: RunEvent = { kind: 'note', host: 'a', message: 'interrupted; left undone: change 1' };
    const events = [planned('a'), planned('b'), applying('a'), ended('a', 0, 'failed'), note, failed('a'), ok('b')];
    expect(shown(events)).toEqual([
      'a: failed: change 0: it says no',
      'a: interrupted; left undone: change 1',
      '✖ a 0/2 it says no',
      '✔ b 0/2 as wanted, and proved',
    ]);
  });

  test.each([1, 2, 3, 10, 24])('never takes more than the %d rows that there are', (rows) => {
    const names = Array.from({ length: 30 }, (_, index) => `web${index}`);
    const lines = shown([...names.map(connecting), ...names.slice(0, 9).map(planned)], 80, rows, false);
    expect(lines.length).toBeLessThanOrEqual(Math.max(1, rows - 1));
    if (rows >= 3) expect(lines.at(-1)).toMatch(/^ {2}and \d+ more: (?:\d+ at work, )?\d+ waiting$/);
  });

  test.each([5, 20, 80])('is never wider than %d columns', (columns) => {
    const long = 'a-very-long-name-of-a-host.example.com';
    const note: RunEvent = {
      kind: 'host-ended',
      host: long,
      status: 'failed',
      error: new HostError('漢字'.repeat(50)),
    };
    for (const line of shown([connecting(long), note], columns, 24, false))
      expect(widthOf(line)).toBeLessThanOrEqual(columns);
  });

  test('takes no line from a host into another', () => {
    const note: RunEvent = { kind: 'note', host: 'a', message: 'x\nb: proved\u001b[2J' };
    expect(shown([note])[0]).toBe('a: x b: proved\\u001b[2J');
  });
});

test.each([
  ['abc', 3, 'abc'],
  ['abcd', 3, 'ab…'],
  ['漢字漢', 5, '漢字…'],
  ['e\u0301e\u0301', 2, 'e\u0301e\u0301'],
  ['abc', 0, ''],
])('%s in %d columns is %s', (text, columns, line) => {
  expect(fitted(text, columns)).toBe(line);
});
