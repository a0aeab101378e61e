import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { UserError } from '../../src/errors.ts';
import { loadInventory } from '../../src/playbook/inventory.ts';
import { loadPlaybook } from '../../src/playbook/load.ts';
import { validatePlaybook } from '../../src/playbook/resolve.ts';
import { registry } from '../../src/registry.ts';
import { sampleInventory } from '../playbook/sample-inventory.ts';

/** How many texts are tried in all: HARDEN_FUZZ. */
const RUNS = Number(process.env.HARDEN_FUZZ ?? 10_000);
/** No text may take longer, in milliseconds of this machine. */
const LONGEST = 20_000;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'harden-fuzz-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Valid, or refused as a person's mistake; and in time. */
async function isToldWell(name: string, text: string, work: (file: string) => Promise<unknown>): Promise<boolean> {
  const file = join(folder, name);
  await writeFile(file, text);
  const started = performance.now();
  const error = await work(file).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(performance.now() - started).toBeLessThan(LONGEST);
  if (error === undefined) return false;
  if (!(error instanceof UserError)) throw error;
  expect(error.message).not.toMatch(/\bat .*\.ts:\d+/);
  return true;
}

const validate = async (file: string) =>
  validatePlaybook(await loadPlaybook(file, registry), { vars: {}, env: {}, home: '/nowhere' });

const PIECES = [
  '{',
  '}',
  '{{',
  '}}',
  '"',
  "'",
  ': ',
  '- ',
  '\n',
  '\t',
  '&a ',
  '*a',
  '!!binary ',
  '|',
  '[',
  ']',
  '#',
  '~',
  '0644',
  '<<: ',
  '\0',
  '\ufeff',
  '%',
  '{{#each facts}}',
  '{{/each}}',
  '{{@root}}',
  '../',
  '9'.repeat(400),
  '\u2028',
  '{{env "x"}}',
  '{{file "/dev/zero"}}',
  'e\u0301',
  '-.inf',
  '1e999',
];

/** A text with slips: pieces taken out, put in, doubled, or moved. */
function slipped(text: string): fc.Arbitrary<string> {
  const slip = fc.record({
    at: fc.nat({ max: Math.max(0, text.length - 1) }),
    removed: fc.oneof(fc.constant(0), fc.nat({ max: 40 })),
    doubled: fc.oneof({ weight: 9, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat({ max: 400 }) }),
    added: fc.oneof(fc.constant(''), fc.constantFrom(...PIECES), fc.string({ maxLength: 6, unit: 'binary' })),
  });
  return fc
    .array(slip, { minLength: 1, maxLength: 6 })
    .map((slips) =>
      slips.reduce(
        (now, { at, removed, added, doubled }) =>
          now.slice(0, at) + added + now.slice(at, at + doubled) + now.slice(at + removed),
        text,
      ),
    );
}

const odd = fc.oneof(
  fc.constantFrom(
    '',
    ' ',
    '/',
    '..',
    '/dev/zero',
    '{{x}}',
    '{{facts.os.id}}',
    '$(id)',
    'a\nb',
    '-',
    '0',
    'yes',
    '~',
    '*',
    "'",
    '\u202e',
    'x'.repeat(5000),
  ),
  fc.integer(),
  fc.double(),
  fc.boolean(),
  fc.constant(null),
  fc.string({ unit: 'grapheme', maxLength: 20 }),
  fc.array(fc.string({ maxLength: 5 }), { maxLength: 3 }),
  fc.dictionary(fc.string({ maxLength: 8 }), fc.oneof(fc.string({ maxLength: 5 }), fc.integer(), fc.constant(null)), {
    maxKeys: 3,
  }),
  fc.jsonValue({ maxDepth: 3 }),
);

/** A task of any type: one of its examples, with values that are something else. */
const task = fc.constantFrom(...registry.types).chain((type) =>
  fc
    .tuple(
      fc.constantFrom(...(type.examples as readonly Record<string, unknown>[])),
      fc.array(fc.tuple(fc.nat(), odd), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom('name', 'when', 'unless', 'tags', 'notify', 'each', 'sensitive', 'nope'), odd, {
        maxKeys: 2,
      }),
    )
    .map(([example, changes, common]) => {
      const params: Record<string, unknown> = { ...example };
      const keys = Object.keys(params);
      for (const [at, value] of changes) if (keys.length > 0) params[keys[at % keys.length] as string] = value;
      return { ...common, [type.type]: params };
    }),
);

test('playbooks of tasks with odd values are valid or refused, never a crash', async () => {
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(task, { minLength: 1, maxLength: 4 }),
      fc.dictionary(fc.string({ maxLength: 8 }), odd, { maxKeys: 3 }),
      async (tasks, vars) => {
        if (await isToldWell('odd.yml', stringify({ vars, tasks }), validate)) refused += 1;
      },
    ),
    { numRuns: Math.ceil(RUNS * 0.4) },
  );
  expect(refused).toBeGreaterThan(RUNS * 0.1);
});

test('the shipped playbooks with slips are valid or refused, never a crash', async () => {
  const names = (await readdir('playbooks')).filter((name) => name.endsWith('.yml'));
  // What they include lies beside them.
  for (const name of names) await writeFile(join(folder, name), await readFile(join('playbooks', name)));
  const texts = await Promise.all(names.map((name) => readFile(join('playbooks', name), 'utf8')));
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...texts).chain(slipped), async (text) => {
      await isToldWell('slipped.yml', text, validate);
    }),
    { numRuns: Math.ceil(RUNS * 0.4) },
  );
});

test('inventories with slips and odd values are valid or refused, never a crash', async () => {
  const made = fc
    .record({ hosts: fc.dictionary(fc.string({ maxLength: 8 }), odd, { maxKeys: 3 }), groups: odd, vars: odd })
    .map((value) => stringify(value));
  await fc.assert(
    fc.asyncProperty(fc.oneof(slipped(sampleInventory), made), async (text) => {
      await isToldWell('inventory.yml', text, loadInventory);
    }),
    { numRuns: Math.ceil(RUNS * 0.2) },
  );
});
