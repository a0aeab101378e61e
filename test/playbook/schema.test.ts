import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { playbookJsonSchema } from '../../src/playbook/schema.ts';
import { registry as realRegistry } from '../../src/registry.ts';
import { schemaErrors } from './json-schema.ts';
import { registry } from './support.ts';

const schema = playbookJsonSchema(registry) as Readonly<Record<string, unknown>>;
const errors = (text: string) => schemaErrors(schema, parse(text));

describe('accepts', () => {
  test.each([
    'tasks: []',
    'audit: { docker_bench: true }',
    'audit: { docker_bench: { min_score: 40, fail_on: ["2.1"] } }\ntasks: []',
    'name: 5\nvars: { a: 1, b: [x] }\ntasks: [{ user: { name: bob, uid: 5, groups: [a], create_home: true } }]\nhandlers: { h: { run: x, check: y } }',
    'tasks: [{ user: { name: "{{a}}", uid: "{{b}}", groups: "{{c}}", create_home: "{{d}}", expires: "{{e}}", state: "{{f}}" } }]',
    'tasks: [{ user: { name: a, expires: never, keys: "{{keys}}" } }, { user: { name: a, keys: [{ key: a, from: "{{ip}}" }, "{{key}}"] } }]',
    'tasks: [{ user: { name: a, limits: { x: 1, y: "2" } } }]',
    'tasks: [{ name: x, flag: { on: "{{x}}" }, when: { facts.os.id: [debian, ubuntu], x: true }, unless: { y: null }, each: [1], tags: a, notify: [b], sensitive: true }]',
    'tasks: [{ flag: {}, each: "{{list}}" }, { include: a.yml, vars: { a: b }, when: { a: b }, tags: [c] }]',
  ])('%s', (text) => {
    expect(errors(text)).toEqual([]);
  });
});

describe('refuses', () => {
  test.each([
    'name: x',
    'task: []',
    'tasks: {}',
    'tasks: [user]',
    'tasks: [{ name: nothing }]',
    'tasks: [{ user: { name: a }, flag: {} }]',
    'tasks: [{ usr: { name: a } }]',
    'tasks: [{ user: {} }]',
    'tasks: [{ user: { name: a, shel: b } }]',
    'tasks: [{ user: { name: a, state: presnt } }]',
    'tasks: [{ user: { name: a, uid: "5" } }]',
    'tasks: [{ user: { name: a, groups: sudo } }]',
    'tasks: [{ user: { name: a, keys: [{ form: b }] } }]',
    'tasks: [{ file: { path: /a, mode: 0644 } }]',
    'tasks: [{ file: { path: /a, mode: "99" } }]',
    'tasks: [{ flag: {}, when: facts.apt }]',
    'tasks: [{ flag: {}, each: a }]',
    'tasks: [{ include: a.yml, user: { name: a } }]',
    'tasks: [{ include: a.yml, notify: b }]',
    'tasks: []\nhandlers: { h: { check: x } }',
    'tasks: []\nvars: { my-name: x }',
    'audit: { docker_bench: { min_score: high } }',
  ])('%s', (text) => {
    expect(errors(text)).not.toEqual([]);
  });
});

test('each type brings its summary, its notes and an example', () => {
  const { definitions } = schema as { definitions: { task: { properties: Record<string, object> } } };
  expect(definitions.task.properties.file).toMatchObject({
    description: 'A file.\n\nRead with stat.',
    examples: [{ path: '/etc/motd', content: 'hello', mode: '0644' }],
    properties: { owner: { type: 'string', description: 'Whose it is.' } },
  });
});

describe('the examples of the real types fit', () => {
  const real = playbookJsonSchema(realRegistry) as Readonly<Record<string, unknown>>;
  test.each(realRegistry.types.map(({ type, examples }) => [type, examples] as const))('%s', (type, examples) => {
    for (const example of examples) expect(schemaErrors(real, { tasks: [{ [type]: example }] })).toEqual([]);
  });
});

test('a strict validator takes the schema: draft-07, and no keyword or format that only we know', () => {
  const ajv = new Ajv({ strictTypes: false });
  addFormats.default(ajv);
  const validate = ajv.compile(playbookJsonSchema(realRegistry));
  expect(validate({ tasks: [{ file: { path: '/srv/x', state: 'directory' } }] })).toBe(true);
  expect(validate({ tasks: [{ file: { path: '/srv/x', stat: 'directory' } }] })).toBe(false);
});
