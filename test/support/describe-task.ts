import { spawnSync } from 'node:child_process';
import Handlebars from 'handlebars';
import { describe, expect, test } from 'vitest';
import type { AccessEffect } from '../../src/engine/access-effect.ts';
import { type Change, type ChangeAction, diff, reversed } from '../../src/engine/diff.ts';
import type { State } from '../../src/engine/state.ts';
import type { AnyTaskType, LocalFiles, Need } from '../../src/engine/task.ts';
import type { Facts } from '../../src/remote/facts.ts';
import type { Script } from '../../src/remote/sh.ts';
import { debian12Facts } from './facts.ts';

export { debian12Facts, debian13Facts, ubuntu2404Facts } from './facts.ts';

/** What a script must hold: text that it contains, or a pattern that it matches. */
export type Expected = string | RegExp;

/** One row: parameters, what the probe prints on the host, and what follows from the two. */
export interface TaskCase {
  readonly name: string;
  /** As the playbook has them. */
  readonly params: unknown;
  /** The probe's stdout. */
  readonly given: string;
  /** Laid over `debian12Facts`. */
  readonly facts?: Partial<Facts>;
  /** What earlier tasks of the playbook bring. */
  readonly pending?: readonly Need[];
  /** How the playbook's tasks bear on who can log in. */
  readonly effects?: readonly AccessEffect[];
  /** Whether sudo asked for the login's password. */
  readonly passwordAsked?: boolean;
  /** The operator's files, by path, for types that `load`. */
  readonly files?: Readonly<Record<string, string>>;
  /** What templates among `files` are rendered with. */
  readonly vars?: Readonly<Record<string, unknown>>;
  readonly expect: {
    /** What `read` makes of `given`; an object is compared by the keys it has. */
    readonly before?: State;
    /** What `want` asks; an object is compared by the keys it has. */
    readonly want?: State;
    readonly action?: ChangeAction | 'none';
    /** The keys that differ, in any order, and no others. */
    readonly keys?: readonly string[];
    readonly script?: readonly Expected[];
    readonly notScript?: readonly Expected[];
    readonly validate?: readonly Expected[];
    /** What closes the old way in once the new one is proved; null: nothing. */
    readonly closing?: readonly Expected[] | null;
    /** Null: nothing is to be undone by a script. */
    readonly undo?: readonly Expected[] | null;
    /** What undoes the undoing. */
    readonly redo?: readonly Expected[];
    readonly notUndo?: readonly Expected[];
    /** Every finding in order, as `level: message`; an empty list: none. */
    readonly findings?: readonly Expected[];
    readonly needs?: readonly string[];
    readonly provides?: readonly string[];
    readonly risk?: 'access' | 'none';
    readonly keeps?: readonly string[];
    /** The names of the handlers that the change notifies. */
    readonly handlers?: readonly string[];
    /** Some member before apply throws: its message (and hint). */
    readonly error?: Expected;
  };
}

/** Parameters that a type must refuse, and what it says. */
export interface InvalidCase {
  readonly name: string;
  readonly params: unknown;
  readonly message: Expected;
}

/** A test for each row: params → probe → read → want → diff → apply; every script made on the way must parse as POSIX sh. */
export function describeTask(type: AnyTaskType, cases: readonly TaskCase[]): void {
  describe(type.type, () => {
    test.each(cases)('$name', (row) => {
      const facts: Facts = { ...debian12Facts, ...row.facts };
      if (row.expect.error !== undefined) {
        expectText(
          messageOf(() => run(type, row, facts)),
          [row.expect.error],
        );
        return;
      }
      check(type, row, facts, run(type, row, facts));
    });
  });
}

/** A test for each row: the schema refuses the parameters and says why. */
export function describeInvalid(type: AnyTaskType, cases: readonly InvalidCase[]): void {
  describe(`${type.type} refuses`, () => {
    test.each(cases)('$name', ({ params, message }) => {
      const parsed = type.params.safeParse(params);
      expect(parsed.success).toBe(false);
      expectText(parsed.error?.issues.map((issue) => issue.message).join('\n') ?? '', [message]);
    });
  });
}

/** LocalFiles over a table of paths. */
export function fakeFiles(
  files: Readonly<Record<string, string>>,
  vars: Readonly<Record<string, unknown>> = {},
): LocalFiles {
  return {
    read(path) {
      const text = files[path];
      if (text === undefined) throw new Error(`the case has no file ${path}`);
      return Buffer.from(text);
    },
    render: (text) => Handlebars.compile(text, { noEscape: true, strict: true, preventIndent: true })(vars),
  };
}

/** Fails unless the script parses as POSIX sh; returns it. */
export function expectParses(script: Script): Script {
  const { status, stderr } = spawnSync('sh', ['-n'], { input: script, encoding: 'utf8' });
  expect({ status, stderr, script: status === 0 ? '' : script }).toEqual({ status: 0, stderr: '', script: '' });
  return script;
}

interface Outcome {
  // biome-ignore lint/suspicious/noExplicitAny: the type under test knows its own parameters
  readonly params: any;
  readonly before: State;
  readonly want: State;
  readonly change: Change | undefined;
  readonly script: Script | undefined;
}

function run(type: AnyTaskType, row: TaskCase, facts: Facts): Outcome {
  const parsed = type.params.parse(row.params);
  const params = type.load ? type.load(parsed, fakeFiles(row.files ?? {}, row.vars)) : parsed;
  expectParses(type.probe(params, facts));
  const before: State = type.read(row.given, params);
  const want: State = type.want(params, facts, before);
  const change = diff(before, want);
  const script =
    change === undefined ? undefined : expectParses(type.apply(change, params, facts, { effects: row.effects }));
  return { params, before, want, change, script };
}

function check(type: AnyTaskType, row: TaskCase, facts: Facts, outcome: Outcome): void {
  const { params, before, want, change, script } = outcome;
  const expected = row.expect;
  if (expected.before !== undefined) expectState(before, expected.before);
  if (expected.want !== undefined) expectState(want, expected.want);
  if (expected.action !== undefined)
    expect({ action: change?.action ?? 'none', keys: change?.keys }).toMatchObject({ action: expected.action });
  if (expected.keys !== undefined) expect([...(change?.keys ?? [])].sort()).toEqual([...expected.keys].sort());
  if (expected.script !== undefined) expectText(script ?? '', expected.script);
  if (expected.notScript !== undefined) expectNotText(script ?? '', expected.notScript);
  if (expected.findings !== undefined) {
    const findings =
      type.findings?.(change, params, {
        facts,
        before,
        pending: row.pending,
        effects: row.effects,
        passwordAsked: row.passwordAsked,
      }) ?? [];
    const lines = findings.map((finding) => `${finding.level}: ${finding.message} ${finding.hint ?? ''}`);
    expect(lines).toHaveLength(expected.findings.length);
    for (const [index, text] of expected.findings.entries()) expectText(lines[index] ?? '', [text]);
  }
  if (expected.needs !== undefined)
    expect([...(type.needs?.(params, facts) ?? [])].sort()).toEqual([...expected.needs].sort());
  if (expected.provides !== undefined)
    expect([...(type.provides?.(params) ?? [])].sort()).toEqual([...expected.provides].sort());
  const validate = change && type.validate?.(change, params, facts);
  if (validate !== undefined) expectParses(validate);
  if (expected.validate !== undefined) expectText(validate ?? '', expected.validate);
  const closing = change && type.closeOldWay?.(change, params, facts, { effects: row.effects });
  if (closing !== undefined) expectParses(closing);
  if (expected.closing === null) expect(closing).toBeUndefined();
  else if (expected.closing !== undefined) expectText(closing ?? '', expected.closing);
  const undo = change && type.undo?.(change, params, facts);
  if (undo !== undefined) expectParses(undo);
  const redo = change && type.keeps?.(params, change).length ? type.undo?.(reversed(change), params, facts) : undefined;
  if (redo !== undefined) expectParses(redo);
  if (expected.redo !== undefined) expectText(redo ?? '', expected.redo);
  if (expected.undo === null) expect(undo).toBeUndefined();
  else if (expected.undo !== undefined) expectText(undo ?? '', expected.undo);
  if (expected.notUndo !== undefined) expectNotText(undo ?? '', expected.notUndo);
  if (expected.risk !== undefined) expect((change && type.risk?.(params, change)) ?? 'none').toBe(expected.risk);
  if (expected.keeps !== undefined) expect((change && type.keeps?.(params, change)) ?? []).toEqual(expected.keeps);
  if (expected.handlers !== undefined) {
    expect(((change && type.handlers?.(params, change)) ?? []).map((handler) => handler.name)).toEqual(
      expected.handlers,
    );
  }
}

function expectState(actual: State, expected: State): void {
  if (expected === null || actual === null) expect(actual).toEqual(expected);
  else expect(actual).toMatchObject(expected);
}

function expectText(text: string, expected: readonly Expected[]): void {
  for (const part of expected) {
    if (typeof part === 'string') expect(text).toContain(part);
    else expect(text).toMatch(part);
  }
}

function expectNotText(text: string, unexpected: readonly Expected[]): void {
  for (const part of unexpected) {
    if (typeof part === 'string') expect(text).not.toContain(part);
    else expect(text).not.toMatch(part);
  }
}

function messageOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    const hint = error instanceof Error && 'hint' in error ? String(error.hint ?? '') : '';
    return `${error instanceof Error ? error.message : String(error)} ${hint}`;
  }
  throw new Error('nothing was refused');
}
