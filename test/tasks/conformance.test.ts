import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { askFiles } from '../../src/engine/ask-files.ts';
import { type Change, diff } from '../../src/engine/diff.ts';
import type { State, StateValue } from '../../src/engine/state.ts';
import type { AnyTaskType, LocalFiles } from '../../src/engine/task.ts';
import { UserError } from '../../src/errors.ts';
import { type DescribedParameter, describeType } from '../../src/playbook/describe-type.ts';
import type { Facts } from '../../src/remote/facts.ts';
import { type Script, sh } from '../../src/remote/sh.ts';
import { registry } from '../../src/tasks/index.ts';
import { debian12Facts, debian13Facts, expectParses, ubuntu2404Facts } from '../support/describe-task.ts';
import { filesAfter, hostileValues } from '../support/run-probes.ts';
import { commandAt, lex, unquotedPlaces } from '../support/shell-lexer.ts';
import { shellcheck, shellcheckUnavailable } from '../support/shellcheck.ts';

const FOLDER = new URL('../../src/tasks/', import.meta.url);
const NOT_A_TYPE = ['index.ts', 'support'];
const EVERY_FACTS: readonly Facts[] = [debian12Facts, debian13Facts, ubuntu2404Facts];
const PUBLIC_KEY = `ssh-ed25519 ${Buffer.concat([u32(11), Buffer.from('ssh-ed25519'), u32(32), Buffer.alloc(32, 7)]).toString('base64')} me\n`;
const PGP_KEY = '-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmQENBFdDN1ABCADa\n=49zQ\n-----END PGP PUBLIC KEY BLOCK-----\n';
// commands that the operator writes for the host's shell: they are no values
const SHELL_TEXT = ['validate', 'unless', 'that'];
const GARBAGE = [
  '',
  '\n',
  ' ',
  'garbage',
  'a b c d e f g h\n1 2 3\n',
  '\0\x01\ufffd\n\0',
  '{"a": [1',
  '=\n:\n::::::::::\n',
  `${'x'.repeat(5000)}\n`,
  '-1\n999999999999999999999\n',
  '[]',
  'null',
];

// biome-ignore lint/suspicious/noExplicitAny: each type knows its own parameters
type Params = any;

describe('the registry', () => {
  const houses = readdirSync(FOLDER, { withFileTypes: true })
    .filter(({ name }) => !NOT_A_TYPE.includes(name))
    .map((entry) =>
      entry.isDirectory()
        ? { name: entry.name, file: `${entry.name}/index.ts` }
        : { name: entry.name.slice(0, -'.ts'.length), file: entry.name },
    )
    .sort((a, b) => (a.name.replaceAll('-', '_') < b.name.replaceAll('-', '_') ? -1 : 1));

  test('holds every type that has a house, in the order of their names', () => {
    expect(registry.types.map(({ type }) => type)).toEqual(houses.map(({ name }) => name.replaceAll('-', '_')));
  });

  test.each(houses)('$name exports its type by its name', async ({ name, file }) => {
    const camel = name.replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase());
    const module = (await import(new URL(file, FOLDER).href)) as Record<string, unknown>;
    expect(module[`${camel}Task`]).toBe(registry.get(name.replaceAll('-', '_')));
  });
});

describe.each(registry.types.map((type) => [type.type, type] as const))('%s', (_, type) => {
  const examples = type.examples.map((example, index) => [index, example as Record<string, unknown>] as const);

  test('says what it is in one sentence, and shows at least one example', () => {
    expect(type.summary).toMatch(/^[A-Z].*[^.]\.$/s);
    expect(type.summary.includes('\n')).toBe(false);
    expect(examples.length).toBeGreaterThan(0);
  });

  test('says what it reads of a host', () => {
    expect(type.notes).toMatch(/\b[Rr]eads?\b/);
  });

  test('describes each of its parameters, and what is written within them', () => {
    const { parameters } = describeType(type);
    expect(parameters.length).toBeGreaterThan(0);
    for (const { name, description } of withInner(parameters))
      expect({ name, description }).toEqual({ name, description: expect.stringMatching(/^\S.{8,}/s) });
  });

  describe.each(examples)('example %i', (_, example) => {
    test('is taken, also by way of JSON, and with no key that is not there', () => {
      const parsed = type.params.parse(example);
      expect(type.params.parse(JSON.parse(JSON.stringify(example)))).toEqual(parsed);
      expect(type.params.safeParse({ ...example, 'no-such-key': 1 }).success).toBe(false);
    });

    test('has an id and well-formed needs', () => {
      const params = load(type, example);
      expect(type.id(params)).toMatch(/\S/);
      const things = [...(type.needs?.(params, debian12Facts) ?? []), ...(type.provides?.(params) ?? [])];
      for (const thing of things)
        expect(thing).toMatch(
          /^(?:(?:path|directory):\/|(?:user|group|package|unit|running|network|container|plugin|command):)[^\n]+$/,
        );
    });

    test('makes scripts that a shell can read', () => {
      for (const script of scripts(type, load(type, example)).values()) expectParses(script);
    });

    test.each(EVERY_FACTS.map((facts) => [facts.os.codename, facts] as const))(
      'wants nothing of what it wants on %s',
      (_, facts) => {
        const params = load(type, example);
        const want: State = type.want(params, facts, null);
        expect(diff(want, want)).toBeUndefined();
        expect(JSON.parse(JSON.stringify(want))).toEqual(want);
      },
    );

    test('reads whatever a host may answer', () => {
      const params = load(type, example);
      for (const output of GARBAGE) {
        const before = unlessRefused(() => type.read(output, params) as State);
        if (before === undefined) continue;
        expect(JSON.parse(JSON.stringify(before))).toEqual(before);
        unlessRefused(() => type.want(params, debian12Facts, before) as State);
      }
    });

    test('asks ahead for no other files than its probe reads', () => {
      const params = load(type, example);
      for (const { path } of type.reads?.(params) ?? [])
        for (const facts of EVERY_FACTS) expect(type.probe(params, facts)).toContain(sh`${path}`);
    });

    test('tells secrets to nobody but the shell itself', () => {
      const params = load(type, example);
      for (const secret of type.secrets?.(params) ?? []) {
        for (const [name, script] of scripts(type, params)) {
          if (onlyReads(name)) expect(script).not.toContain(secret);
          expect({ name, commands: commandsThatGet(script, secret) }).toEqual({ name, commands: [] });
        }
      }
    });

    test('does nothing on the host that a hostile value says', () => {
      const probes = new Set<Script>();
      const others = new Set<Script>();
      for (const hostile of withHostileValues(type, example)) {
        const params = unlessRefused(() => load(type, hostile));
        if (params === undefined) continue;
        for (const [name, script] of scripts(type, params)) {
          if (probes.has(script) || others.has(script)) continue;
          expect({ name, places: unquotedPlaces(script, 'touch "$PWNED"') }).toEqual({ name, places: [] });
          (onlyReads(name) ? probes : others).add(script);
        }
      }
      expectParses([...probes, ...others].map((script) => `(\n${script}\n)`).join('\n'));
      expect(filesAfter([...probes])).toEqual([]);
    }, 60_000);
  });
});

describe('every script', () => {
  const unavailable = shellcheckUnavailable();
  const noApt = unavailable?.includes('no apt-get') ?? false;

  test.skipIf(noApt)(
    'passes shellcheck',
    () => {
      expect(unavailable).toBeUndefined();
      const all = new Map<string, Script>();
      for (const type of registry.types) {
        for (const [index, example] of type.examples.entries()) {
          for (const [name, script] of scripts(type, load(type, example as Record<string, unknown>)))
            all.set(
              `${type.type} ${index} ${name}`,
              onlyReads(name)
                ? script
                : `set -eu
${script}`,
            );
        }
      }
      expect(shellcheck(all)).toEqual([]);
    },
    120_000,
  );
});

describe('the suite itself', () => {
  test.each([['%s'], ["'%s'"], ['"%s"']])('sees what a value does that stands in a script as %s', (form) => {
    const probes = hostileValues.map((value) => `printf %s ${form.replace('%s', () => value)}`);
    expect(filesAfter(probes)).toEqual(['PWNED']);
    expect(probes.some((probe) => unquotedPlaces(probe, 'touch "$PWNED"').length > 0)).toBe(true);
  });

  test('sees a secret in the arguments of a program', () => {
    expect(commandsThatGet("usermod -p 'hunter2' admin", 'hunter2')).toEqual(['usermod']);
    expect(commandsThatGet("printf '%s' 'hunter2' | chpasswd", 'hunter2')).toEqual([]);
  });
});

/** Whether a script is one of those that run at plan, where nothing may change. */
function onlyReads(name: string): boolean {
  return name === 'probe' || name === 'ahead';
}

/** The operator's machine as far as examples speak of it. */
const local: LocalFiles = {
  read: (path) =>
    Buffer.from(
      path.endsWith('.pub')
        ? PUBLIC_KEY
        : path.endsWith('.asc')
          ? PGP_KEY
          : path.includes('.json')
            ? '{}\n'
            : 'some text\n',
    ),
  render: (text) => text,
};

function load(type: AnyTaskType, example: Readonly<Record<string, unknown>>): Params {
  const parsed = type.params.safeParse(example);
  if (!parsed.success) throw new UserError(parsed.error.issues.map(({ message }) => message).join('; '));
  return type.load ? type.load(parsed.data, local) : parsed.data;
}

/** Every script that a type makes of its parameters, on each system: for a thing that is not there, and for one that is quite different. */
function scripts(type: AnyTaskType, params: Params): ReadonlyMap<string, Script> {
  const made = new Map<string, Script>();
  const ahead = askFiles([...(type.reads?.(params) ?? []), { path: '/etc/hosts', hash: true }]);
  if (ahead !== '') made.set('ahead', ahead);
  for (const facts of EVERY_FACTS) {
    made.set('probe', type.probe(params, facts));
    for (const change of changes(type, params, facts)) {
      const add = (name: string, make: () => Script | undefined): void => {
        const script = change.before === null ? make() : unlessRefused(make);
        if (script !== undefined) made.set(`${name} of ${change.action} on ${facts.os.codename}`, script);
      };
      add('apply', () => type.apply(change, params, facts));
      add('validate', () => type.validate?.(change, params, facts));
      add('undo', () => type.undo?.(change, params, facts));
      add('proof', () => type.proof?.(params, facts));
      for (const handler of type.handlers?.(params, change) ?? []) {
        add(`check of ${handler.name} for`, () => handler.check);
        add(`run of ${handler.name} for`, () => handler.run);
      }
    }
  }
  return made;
}

function changes(type: AnyTaskType, params: Params, facts: Facts): readonly Change[] {
  const nothing = unlessRefused(() => type.read('', params) as State);
  const wanted: State = type.want(params, facts, nothing ?? null);
  const other = Object.entries(wanted ?? {}).map(([key, value]) => [key, differing(value)]);
  const befores: readonly State[] = [
    ...(nothing === undefined ? [] : [nothing]),
    { ...nothing, ...Object.fromEntries(other) },
  ];
  return befores.flatMap((before) => {
    const want = unlessRefused(() => type.want(params, facts, before) as State);
    return (want && diff(before, want)) ?? [];
  });
}

function differing(value: StateValue): StateValue {
  if (typeof value === 'string') return `${value}2`;
  if (typeof value === 'number') return value + 1;
  if (typeof value === 'boolean') return !value;
  return value.slice(0, -1);
}

/** The value, or undefined where the type refuses in words for people; any other error is a bug. */
function unlessRefused<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}

/** The example with each of its texts replaced by each hostile value, one at a time. */
function* withHostileValues(
  type: AnyTaskType,
  example: Readonly<Record<string, unknown>>,
): Generator<Record<string, unknown>> {
  for (const hostile of hostileValues) {
    const values = Object.fromEntries(Object.entries(example).filter(([name]) => !SHELL_TEXT.includes(name)));
    for (const variant of replaced(values, hostile)) yield { ...example, ...(variant as Record<string, unknown>) };
    for (const { name, kind } of describeType(type).parameters) {
      if (!(name in example) && !SHELL_TEXT.includes(name) && kind.includes('string'))
        yield { ...example, [name]: kind.startsWith('list') ? [hostile] : hostile };
    }
  }
}

function* replaced(value: unknown, hostile: string): Generator<unknown> {
  if (typeof value === 'string') {
    yield hostile;
    yield `${value}${hostile}`;
  } else if (Array.isArray(value)) {
    for (const [index, item] of value.entries())
      for (const other of replaced(item, hostile)) yield value.with(index, other);
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, item] of Object.entries(value))
      for (const other of replaced(item, hostile)) yield { ...value, [key]: other };
  }
}

/** The programs that get a secret as an argument; printf is the shell's own. */
function commandsThatGet(script: Script, secret: string): readonly string[] {
  const lexed = lex(script);
  const commands: string[] = [];
  for (let at = script.indexOf(secret); at !== -1; at = script.indexOf(secret, at + 1)) {
    const command = commandAt(script, lexed, at);
    if (command !== 'printf') commands.push(command);
  }
  return commands;
}

function withInner(parameters: readonly DescribedParameter[]): readonly DescribedParameter[] {
  return parameters.flatMap((parameter) => [parameter, ...withInner(parameter.parameters)]);
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
