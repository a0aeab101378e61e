import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import Ajv from 'ajv-draft-04';
import addFormats from 'ajv-formats';
import { expect, test } from 'vitest';
import { sarifReport } from '../../src/report/sarif.ts';
import { samples } from './audited-samples.ts';

interface Log {
  readonly runs: readonly {
    readonly tool: { readonly driver: { readonly name: string; readonly rules: readonly { readonly id: string }[] } };
    readonly invocations: readonly { readonly executionSuccessful: boolean }[];
    readonly results: readonly Record<string, unknown>[];
  }[];
}

// As a program reads it: through JSON.
const log = JSON.parse(JSON.stringify(sarifReport(samples(), new Date('2026-11-25T10:00:00Z')))) as Log;
const run = (tool: string) => log.runs.find(({ tool: { driver } }) => driver.name === tool);
const result = (tool: string, ruleId: string) => run(tool)?.results.find((each) => each.ruleId === ruleId);

test('it is valid by the schema that is published for SARIF 2.1.0', () => {
  const matchers = createRequire(import.meta.url).resolve('@microsoft/jest-sarif');
  const schema = JSON.parse(
    readFileSync(createRequire(matchers).resolve('./schemas/sarif-2.1.0-rtm.5.json'), 'utf8'),
  ) as object;
  const ajv = new Ajv.default({ strict: false, allErrors: true, unicodeRegExp: false });
  addFormats.default(ajv);
  const validate = ajv.compile(schema);
  validate(log);
  expect(validate.errors).toBeNull();
});

test('every tool is a run with all that it looked at', () => {
  expect(log.runs.map(({ tool, results }) => [tool.driver.name, results.length])).toEqual([
    ['docker-bench-security', 7],
    ['containers', 2],
    ['inspec', 106],
    ['lynis', 0],
  ]);
});

test.each([
  ['a finding', 'docker-bench-security', '2.2', { kind: 'fail', level: 'error' }],
  [
    'an accepted one',
    'docker-bench-security',
    '2.12',
    { suppressions: [{ kind: 'external', justification: 'no plugin is worth it' }] },
  ],
  ['what passed', 'docker-bench-security', '3.1', { kind: 'pass', level: 'none' }],
  ['what was not checked', 'docker-bench-security', '9.9', { kind: 'open', level: 'none' }],
  ['what an exception kept from being checked', 'inspec', 'docker-5.4', { kind: 'open', level: 'none' }],
  [
    'one in a file',
    'containers',
    'user',
    {
      level: 'note',
      locations: [
        {
          physicalLocation: {
            artifactLocation: { uri: 'deploy/compose%20file.yml' },
            region: { startLine: 7, startColumn: 5 },
          },
        },
      ],
    },
  ],
])('%s', (_name, tool, id, expected) => {
  expect(result(tool, id)).toMatchObject(expected);
});

test('an audit that did not run was not successful', () => {
  expect(run('lynis')?.invocations[0]?.executionSuccessful).toBe(false);
});

test.each([
  ['beside hosts that answered', [{ tool: 'containers' }, { tool: 'compose' }], { containers: false, compose: true }],
  ['beside files alone', [{ tool: 'compose' }], { compose: true, harden: false }],
  ['alone', [], { harden: false }],
])('a host that did not answer makes a run that is not whole: %s', (_where, audits, successful) => {
  const done = { status: 'done', checks: 0, results: [], failures: [] } as const;
  const all = [
    ...audits.map(({ tool }) => ({ name: tool, system: '', audits: [{ ...done, tool }] })),
    { name: 'down', system: '', audits: [], error: 'the host cannot be reached' },
  ];
  const { runs } = sarifReport(all, new Date('2026-11-25T10:00:00Z')) as Log;
  expect(
    Object.fromEntries(runs.map(({ tool, invocations }) => [tool.driver.name, invocations[0]?.executionSuccessful])),
  ).toEqual(successful);
  expect(JSON.stringify(runs)).toContain('down: the host cannot be reached');
});
