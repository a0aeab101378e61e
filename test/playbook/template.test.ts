import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { makeHelpersIn } from '../../src/playbook/helpers.ts';
import { renderText, renderValue } from '../../src/playbook/template.ts';
import { TemplateError } from '../../src/playbook/template-error.ts';
import type { Scope } from '../../src/playbook/template-lookup.ts';
import { folderWith } from './support.ts';

const secrets = new Set<string>();
const helpers = makeHelpersIn({ env: { NAME: 'value', EMPTY: '' }, home: '/nowhere', secrets })('playbook.yml');

const scope: Scope = new Map(
  Object.entries({
    admin: 'bob',
    port: 22,
    tls: true,
    off: false,
    no: 'no',
    groups: ['sudo', 'adm'],
    none: [],
    empty: null,
    user: { name: 'eve', shell: '/bin/sh', keys: ['a', 'b'] },
    users: [{ name: 'ann', uid: 1 }, { name: 'ben' }],
    quoted: `it's "<&>"`,
  }).map(([name, value]) => [name, () => value]),
);

describe('a text that is one expression keeps the type', () => {
  test.each([
    ['{{admin}}', 'bob'],
    ['{{ port }}', 22],
    ['{{tls}}', true],
    ['{{groups}}', ['sudo', 'adm']],
    ['{{user}}', { name: 'eve', shell: '/bin/sh', keys: ['a', 'b'] }],
    ['{{user.keys}}', ['a', 'b']],
    ['{{groups.[1]}}', 'adm'],
    ['{{empty}}', null],
    ['{{{port}}}', 22],
    ['{{env "NAME"}}', 'value'],
    ['{{default nope 5}}', 5],
    ['{{default user.uid 5}}', 5],
    ['{{default port 5}}', 22],
    ['{{default empty "x"}}', 'x'],
    ['{{default (env "EMPTY") "x"}}', 'x'],
    ['{{env "NOPE" "else"}}', 'else'],
    ['{{eq port "22"}}', true],
    ['{{"text"}}', 'text'],
    ['{{join groups}}', 'sudo,adm'],
  ])('%s', (text, expected) => {
    expect(renderValue(text, scope, helpers)).toEqual(expected);
  });
});

describe('a text with expressions', () => {
  test.each([
    ['/home/{{admin}}', '/home/bob'],
    [' {{port}}', ' 22'],
    ['{{port}}{{tls}}', '22true'],
    ['{{quoted}}!', `it's "<&>"!`],
    ['a {{quote quoted}}', `a 'it'\\''s "<&>"'`],
    ['{{json users}} ', '[{"name":"ann","uid":1},{"name":"ben"}] '],
    ['{{#if tls}}on{{else}}off{{/if}}', 'on'],
    ['{{#if none}}some{{/if}}', ''],
    ['{{#if no}}yes{{else}}no{{/if}}', 'no'],
    ['{{#unless off}}x{{/unless}}', 'x'],
    ['{{#if off}}a{{else if tls}}b{{else}}c{{/if}}', 'b'],
    ['{{#if (eq admin "bob")}}b{{/if}}', 'b'],
    ['{{#each groups}}{{@index}}{{this}}{{#unless @last}},{{/unless}}{{/each}}', '0sudo,1adm'],
    ['{{#each none}}x{{else}}none{{/each}}', 'none'],
    ['{{#each users}}{{name}}@{{@root.admin}}/{{../port}} {{/each}}', 'ann@bob/22 ben@bob/22 '],
    ['{{#each users as |u i|}}{{i}}{{u.name}}{{/each}}', '0ann1ben'],
    ['{{#each users}}{{default uid 0}}{{/each}}', '10'],
    ['{{#each user}}{{@key}} {{/each}}', 'name shell keys '],
    ['{{#with user}}{{name}} {{this.shell}}{{/with}}', 'eve /bin/sh'],
    ['{{#with user as |u|}}{{u.name}}{{/with}}', 'eve'],
    ['{{! a remark }}x', 'x'],
    ['\\{{.Names}} {{admin}}', '{{.Names}} bob'],
    ['a\n  {{#if tls}}\n  b\n  {{/if}}\nc\n', 'a\n  b\nc\n'],
    ['{{~ admin ~}} x', 'bobx'],
  ])('%s', (text, expected) => {
    expect(renderValue(text, scope, helpers)).toBe(expected);
    expect(renderText(text, scope, helpers)).toBe(expected);
  });
});

describe('a mistake has its place in the text, and shows no value', () => {
  test.each<[string, number, number, string]>([
    ['a {{nope}}', 1, 5, '`nope` is not defined'],
    ['a\nb {{#if nope}}x{{/if}}', 2, 9, '`nope` is not defined'],
    ['{{#each nope}}{{/each}}', 1, 9, '`nope` is not defined'],
    ['{{#each users}}{{uid}}{{/each}}', 1, 18, '`uid` is not defined'],
    ['{{#each users}}{{admin}}{{/each}}', 1, 18, '`admin` is not defined'],
    ['{{#each admin}}{{/each}}', 1, 1, '`{{#each}}` goes through a list or a map, not text'],
    ['{{user.constructor}}', 1, 3, '`user.constructor` is not defined'],
    ['{{constructor}}', 1, 3, '`constructor` is not defined'],
    ['{{user.__proto__}}', 1, 3, '`user.__proto__` is not defined'],
    ['{{groups.length}}', 1, 3, '`groups.length` is not defined'],
    ['{{../admin}}', 1, 3, '`../admin` leaves the outermost block'],
    ['{{this}}', 1, 3, '`this` has no meaning outside of a block'],
    ['{{@index}}', 1, 3, '`@index` is not defined here'],
    ['x{{empty}}', 1, 2, '`empty` has no value'],
    ['x{{user}}', 1, 2, '`user` is a map, and a map cannot stand inside text'],
    ['{{join admin}}', 1, 1, '`join` takes a list, not text'],
    ['{{join users}}', 1, 1, '`join` takes a list of texts and numbers'],
    ['{{join}}', 1, 1, '`join` is called with the wrong values'],
    ['{{env name="A"}}', 1, 1, '`env` is called with the wrong values'],
    ['{{env groups}}', 1, 1, '`env` takes text, not a list'],
    ['{{#fi tls}}{{/fi}}', 1, 1, 'The block `{{#fi}}` does not exist'],
    ['{{#if}}{{/if}}', 1, 1, '`{{#if …}}` takes one value'],
    ['{{> part}}', 1, 1, 'Partials and decorators are not available'],
    ['{{log admin}}', 1, 1, '`log` is not a helper'],
    ['{{lookup user "name"}}', 1, 1, '`lookup` is not a helper'],
    ['{{}}', 1, 1, '`{{}}` names no variable'],
    ['{{admin}} {{ groups[0] }}', 1, 11, 'A list item is written `name.[0]`'],
    ['{{groups.0}}', 1, 1, 'A list item is written `name.[0]`'],
    ['{{#if tls}}\nx', 2, 1, 'A block is opened and not closed'],
    ['a\n{{a b', 2, 1, '`{{` is not closed'],
  ])('%s', (text, line, column, message) => {
    let error: unknown;
    try {
      renderValue(text, scope, helpers);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(TemplateError);
    expect(error).toMatchObject({ message, line, column });
  });
});

test('env gathers what it gave as secrets, and not what stood in for it', () => {
  secrets.clear();
  renderValue('{{env "NAME"}} {{env "NOPE" "else"}} {{env "EMPTY"}}', scope, helpers);
  expect([...secrets]).toEqual(['value']);
});

test('file reads beside the playbook, and leaves the last line end out', async () => {
  const folder = await folderWith({
    'keys/a.pub': 'ssh-ed25519 AAAA\r\n',
    'two.txt': 'a\n\n',
    'home/b': 'home',
    binary: 'a\0b',
  });
  const own = makeHelpersIn({ env: {}, home: `${folder}/home`, secrets })(`${folder}/playbook.yml`);
  expect(renderValue('{{file "keys/a.pub"}}', scope, own)).toBe('ssh-ed25519 AAAA');
  expect(renderValue('{{file "two.txt"}}', scope, own)).toBe('a\n');
  expect(renderValue('{{file "~/b"}}', scope, own)).toBe('home');
  expect(() => renderValue('{{file "binary"}}', scope, own)).toThrow('The local file binary is not text');
  expect(() => renderValue('{{file "keys"}}', scope, own)).toThrow('is a directory');
});

describe('for any text', () => {
  test('without `{{` it is itself', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        fc.pre(!text.includes('{{'));
        expect(renderValue(text, new Map(), {})).toBe(text);
        expect(renderText(text, new Map(), {})).toBe(text);
      }),
    );
  });

  test('a variable that holds it is inserted as it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (value) => {
        const one: Scope = new Map([['x', () => value]]);
        expect(renderValue('{{x}}', one, {})).toBe(value);
        expect(renderValue('<{{x}}>', one, {})).toBe(`<${value}>`);
      }),
    );
  });

  test('it is rendered, or refused with a place inside of it', () => {
    const piece = fc.constantFrom(
      '{{',
      '}}',
      '{',
      '#if ',
      '/if',
      'admin',
      'x',
      ' ',
      '\n',
      '.',
      '"',
      '|',
      '(',
      ')',
      '@',
      '../',
      '\\',
      '~',
      '!',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const text = pieces.join('');
        try {
          renderValue(text, scope, helpers);
        } catch (error) {
          expect(error).toBeInstanceOf(TemplateError);
          const { line, column } = error as TemplateError;
          expect(line).toBeGreaterThan(0);
          expect(line).toBeLessThanOrEqual(text.split('\n').length);
          expect(column).toBeGreaterThan(0);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
