import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type Answers, probeBatch } from '../../src/engine/answers.ts';
import { planTasks, refusals } from '../../src/engine/plan-tasks.ts';
import type { ResolvedTask } from '../../src/engine/resolved-task.ts';
import { shownChanges } from '../../src/engine/shown.ts';
import { type AnyTaskType, defineTask, type Need } from '../../src/engine/task.ts';
import { HostError } from '../../src/errors.ts';
import { sh } from '../../src/remote/sh.ts';
import type { Frame } from '../../src/remote/shell.ts';
import { Masker } from '../../src/text/masker.ts';
import { debian12Facts } from '../support/facts.ts';

interface Thing {
  readonly name: string;
  readonly value?: string | undefined;
  readonly needs?: readonly string[] | undefined;
  readonly provides?: readonly string[] | undefined;
}

const thing = defineTask<Thing, { value: string } | null>({
  type: 'thing',
  summary: 'A thing with a value.',
  params: z.strictObject({
    name: z.string(),
    value: z.string().optional(),
    needs: z.array(z.string()).optional(),
    provides: z.array(z.string()).optional(),
  }),
  examples: [{ name: 'a', value: '1' }],
  id: ({ name }) => name,
  probe: ({ name }) => sh`echo ${name}`,
  read: (output) => {
    if (output === 'broken') throw new HostError('the thing is broken');
    return output === '' ? null : { value: output };
  },
  want: ({ value }) => (value === undefined ? null : { value }),
  apply: ({ after }) => sh`echo ${after?.value ?? ''}`,
  needs: ({ needs }) => (needs ?? []) as Need[],
  provides: ({ provides }) => (provides ?? []) as Need[],
});

function tasks(...params: readonly Thing[]): ResolvedTask[] {
  return params.map((each, index) => ({
    index,
    name: `task ${index}`,
    type: thing as AnyTaskType,
    params: each,
    id: each.name,
    at: { file: 'p.yml', line: index + 1, column: 1 },
    tags: [],
    notify: [],
    sensitive: false,
  }));
}

function answers(outputs: readonly string[], held: readonly string[] = []): Answers {
  const frame = (text: string): Frame => ({
    exitCode: 0,
    stdout: Buffer.from(text),
    stderr: Buffer.alloc(0),
    milliseconds: 0,
  });
  return {
    frames: new Map(outputs.map((text, index) => [index, frame(text)])),
    held: new Set(held),
    pending: [],
    armed: [],
  };
}

describe('what a plan makes of each task', () => {
  const cases = [
    { name: 'not there yet', given: '', want: '1', action: 'create' },
    { name: 'another value', given: '0', want: '1', action: 'update' },
    { name: 'as wanted', given: '1', want: '1', action: 'none' },
    { name: 'there, and must not be', given: '1', want: undefined, action: 'delete' },
    { name: 'not there, and must not be', given: '', want: undefined, action: 'none' },
  ];
  test.each(cases)('$name: $action', ({ given, want, action }) => {
    const [planned] = planTasks(tasks({ name: 'a', value: want }), answers([given]), debian12Facts);
    expect(planned?.action).toBe(action);
    expect(planned?.script === undefined).toBe(action === 'none');
  });
});

describe('needs', () => {
  const later: Thing = { name: 'b', value: '1', needs: ['path:/srv/app'] };
  const cases: {
    name: string;
    first: Thing;
    given: string;
    held: string[];
    second: Thing;
    expected: 'planned' | 'unknown' | 'refused';
  }[] = [
    {
      name: 'one that holds',
      first: { name: 'a', value: '1' },
      given: '1',
      held: ['path:/srv/app'],
      second: later,
      expected: 'planned',
    },
    {
      name: 'one that an earlier task brings',
      first: { name: 'a', value: '1', provides: ['path:/srv/app'] },
      given: '',
      held: [],
      second: later,
      expected: 'planned',
    },
    {
      name: 'a parent of what an earlier task brings',
      first: { name: 'a', value: '1', provides: ['path:/srv/app/data'] },
      given: '',
      held: [],
      second: later,
      expected: 'planned',
    },
    {
      name: 'one that a package may bring',
      first: { name: 'a', value: '1', provides: ['package:app'] },
      given: '',
      held: [],
      second: later,
      expected: 'unknown',
    },
    {
      name: 'a package that is still to be installed',
      first: { name: 'a', value: '1', provides: ['package:app'] },
      given: '',
      held: [],
      second: { name: 'b', value: '1', needs: ['package:app'] },
      expected: 'unknown',
    },
    {
      name: 'a unit that an earlier task starts: it tells nothing before',
      first: { name: 'a', value: '1', provides: ['unit:docker.service', 'running:docker.service'] },
      given: '',
      held: ['unit:docker.service'],
      second: { name: 'b', value: '1', needs: ['running:docker.service'] },
      expected: 'unknown',
    },
    {
      name: 'a unit that is there and does not run',
      first: { name: 'a', value: '1', provides: ['unit:docker.service'] },
      given: '',
      held: ['unit:docker.service'],
      second: { name: 'b', value: '1', needs: ['running:docker.service'] },
      expected: 'refused',
    },
    {
      name: 'a package is there, so it brings nothing more',
      first: { name: 'a', value: '1', provides: ['package:app'] },
      given: '1',
      held: [],
      second: later,
      expected: 'refused',
    },
    {
      name: 'one that nothing brings',
      first: { name: 'a', value: '1' },
      given: '',
      held: [],
      second: later,
      expected: 'refused',
    },
  ];
  test.each(cases)('$name: $expected', ({ first, given, held, second, expected }) => {
    const planned = planTasks(tasks(first, second), answers([given, ''], held), debian12Facts);
    const entry = planned[1]!;
    const seen =
      refusals({ tasks: planned }).length > 0 ? 'refused' : entry.unknown !== undefined ? 'unknown' : 'planned';
    expect(seen).toBe(expected);
    if (expected === 'unknown') {
      expect(entry).toMatchObject({
        action: 'update',
        change: { before: null, after: { value: '1' }, keys: ['value'] },
      });
      expect(entry.script).toBeUndefined();
      expect(entry.unknown).toContain('task 0');
    }
  });
});

test.each([
  ['path:/srv/app', 'Add a file task that creates it before this one'],
  ['plugin:docker-compose', 'docker-compose on Debian 13 (Debian 12 has version 1 alone)'],
  ['command:ufw', 'Add a task that brings it before this one'],
])('who misses %s is told what brings it', (need, hint) => {
  const [planned] = planTasks(tasks({ name: 'a', value: '1', needs: [need] }), answers(['']), debian12Facts);
  expect(planned?.findings).toEqual([
    expect.objectContaining({ level: 'refuse', hint: expect.stringContaining(hint) }),
  ]);
});

test('a command that nobody names is taken to come with the package before the task, not with the first', () => {
  const packages = ['ufw', 'auditd'].map((name) => ({ name, value: '1', provides: [`package:${name}`] }));
  const list = tasks(...packages, { name: 'rules', value: '1', needs: ['command:augenrules'] });
  expect(planTasks(list, answers(['', '', '']), debian12Facts)[2]?.unknown).toContain('comes with "task 1"');
});

test('what is settled stays as it was planned, and what is planned again counts on it', () => {
  const package2 = { name: 'b', value: '1', provides: ['package:b'] };
  const list = tasks({ name: 'a', value: '1', needs: ['path:/a'] }, package2, {
    name: 'c',
    value: '1',
    needs: ['package:b'],
  });
  const settled = planTasks(list, answers(['', '', ''], ['path:/a']), debian12Facts).slice(1, 2);
  const again = planTasks(list, answers(['', '', ''], ['path:/a']), debian12Facts, {}, settled);
  expect(again[1]).toBe(settled[0]);
  expect(again[0]).toMatchObject({ action: 'create', findings: [] });
  expect(again[2]).toMatchObject({ unknown: expect.stringContaining('task 1'), findings: [] });
});

test('a state that cannot be read is a refusal at its task, and the others are planned', () => {
  const planned = planTasks(
    tasks({ name: 'a', value: '1' }, { name: 'b', value: '1' }),
    answers(['broken', '']),
    debian12Facts,
  );
  expect(
    refusals({ tasks: planned }).map(({ planned: entry, finding }) => [entry.task.index, finding.message]),
  ).toEqual([[0, 'the thing is broken']]);
  expect(planned[1]?.action).toBe('create');
});

test('equal probes are sent once, and every task gets its answer', () => {
  const list = tasks({ name: 'same', value: '1' }, { name: 'other', value: '1' }, { name: 'same', value: '2' });
  const batch = probeBatch(list, debian12Facts);
  expect(batch.scripts.filter((script) => script === 'echo same')).toHaveLength(1);
  const frames = batch.scripts.map(
    (script): Frame => ({
      exitCode: 0,
      stdout: Buffer.from(script.startsWith('echo') ? script : ''),
      stderr: Buffer.alloc(0),
      milliseconds: 0,
    }),
  );
  const read = batch.answers(frames);
  expect([0, 1, 2].map((index) => read.frames.get(index)?.stdout.toString())).toEqual([
    'echo same',
    'echo other',
    'echo same',
  ]);
});

describe('what waits for its turn', () => {
  const waiting = { ...thing, awaits: () => 'what came before counts' } as AnyTaskType;
  const all = (last: AnyTaskType) =>
    tasks({ name: 'a', value: '1' }, { name: 'b', value: '1' }).map((task, index) =>
      index === 1 ? { ...task, type: last } : task,
    );

  test('is known only after apply where an earlier task changes something', () => {
    const planned = planTasks(all(waiting), answers(['0', '0']), debian12Facts);
    expect(planned[1]).toMatchObject({ action: 'update', unknown: 'what came before counts' });
    expect(planned[1]?.script).toBeUndefined();
  });

  test('is known where nothing comes before it that changes', () => {
    const planned = planTasks(all(waiting), answers(['1', '0']), debian12Facts);
    expect(planned[1]).toMatchObject({ action: 'update', script: 'echo 1' });
    expect(planned[1]?.unknown).toBeUndefined();
  });

  test.each([
    ['0', true],
    ['1', false],
  ])('findings are told whether an earlier task changes something (%s)', (given, changing) => {
    let told: boolean | undefined;
    const asking = {
      ...thing,
      findings: (...[, , context]: Parameters<NonNullable<AnyTaskType['findings']>>) => {
        told = context.changing;
        return [];
      },
    } as AnyTaskType;
    planTasks(all(asking), answers([given, '1']), debian12Facts);
    expect(told).toBe(changing);
  });
});

describe('a directory that is missing', () => {
  const drop = { name: 'drop', value: '1', needs: ['directory:/etc/systemd/coredump.conf.d'] };
  const missing = 'makeable:/etc/systemd/coredump.conf.d /etc/systemd/coredump.conf.d';
  const any = { name: 'p', value: '1', provides: ['package:less'] };

  test('is made by the task where that is safe, which the plan says', () => {
    const [planned] = planTasks(tasks(drop), answers([''], [missing]), debian12Facts);
    expect(planned).toMatchObject({ action: 'create', makes: ['/etc/systemd/coredump.conf.d'], findings: [] });
    expect(shownChanges(planned!, new Masker())[0]).toEqual({
      key: 'directories',
      before: null,
      after: ['/etc/systemd/coredump.conf.d'],
    });
  });

  test('does not wait for a package that is not called so', () => {
    const planned = planTasks(tasks(any, drop), answers(['', ''], [missing]), debian12Facts)[1];
    expect(planned).toMatchObject({ makes: ['/etc/systemd/coredump.conf.d'] });
    expect(planned?.unknown).toBeUndefined();
  });

  test.each([
    ['systemd-coredump', 'directory:/etc/systemd/coredump.conf.d'],
    ['docker.io', 'directory:/etc/docker'],
    ['auditd', 'directory:/etc/audit/rules.d'],
    ['openssh-server', 'directory:/etc/ssh/sshd_config.d'],
    ['php8.2-fpm', 'directory:/etc/php/8.2/fpm/pool.d'],
  ])('waits for %s, which is', (name, need) => {
    const list = tasks({ ...any, provides: [`package:${name}`] }, any, { ...drop, needs: [need] });
    const held = [`makeable:${need.slice(10)} ${need.slice(10)}`];
    expect(planTasks(list, answers(['', '', ''], held), debian12Facts)[2]?.unknown).toContain('task 0');
  });

  test('is made once, by the first of those that need it', () => {
    const first = { ...drop, provides: ['path:/etc/systemd/coredump.conf.d/50.conf'] };
    const planned = planTasks(tasks(first, { ...drop, name: 'b' }), answers(['', ''], [missing]), debian12Facts);
    expect(planned.map(({ makes }) => makes)).toEqual([['/etc/systemd/coredump.conf.d'], []]);
  });

  test('is refused where it cannot be made, whatever package comes before', () => {
    const planned = planTasks(
      tasks(any, { ...drop, needs: ['directory:/home/x/y'] }),
      answers(['', '']),
      debian12Facts,
    )[1];
    expect(planned?.findings).toEqual([
      expect.objectContaining({ level: 'refuse', message: expect.stringContaining('the directory /home/x/y') }),
    ]);
  });
});
