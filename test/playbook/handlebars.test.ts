import fc from 'fast-check';
import Handlebars from 'handlebars';
import { describe, expect, test } from 'vitest';
import { makeHelpersIn } from '../../src/playbook/helpers.ts';
import { renderText } from '../../src/playbook/template.ts';
import type { Scope } from '../../src/playbook/template-lookup.ts';

// The evaluator is our own (docs/decisions/0012): here Handlebars itself renders the same templates.
const values = {
  name: 'bob',
  port: 22,
  zero: 0,
  tls: true,
  off: false,
  blank: '',
  braces: `it's "<&>" {{x}}`,
  groups: ['sudo', 'adm'],
  none: [],
  user: { name: 'eve', shell: '/bin/sh', keys: ['a', 'b'] },
  users: [
    { name: 'ann', tags: ['x', 'y'] },
    { name: 'ben', tags: [] },
  ],
  ports: { http: 80, https: 443 },
};
const scope: Scope = new Map(Object.entries(values).map(([key, value]) => [key, () => value]));
const helpers = makeHelpersIn({ env: {}, home: '/nowhere', secrets: new Set() })('playbook.yml');

const reference = Handlebars.create();
for (const name of ['default', 'join', 'json', 'quote', 'eq']) {
  // Handlebars gives a helper its options last.
  reference.registerHelper(name, (...args: unknown[]) => helpers[name]?.call(args.slice(0, -1)));
}

function byHandlebars(template: string): string {
  return reference.compile(template, { noEscape: true, strict: true, preventIndent: true })(structuredClone(values));
}

/** What stands for a value inside the blocks that are open; each path is defined there. */
interface Inside {
  readonly texts: readonly string[];
  readonly lists: readonly string[];
  readonly maps: readonly string[];
  readonly depth: number;
}

const top: Inside = {
  texts: [
    'name',
    'port',
    'tls',
    'off',
    'blank',
    'zero',
    'braces',
    'user.name',
    'user.[shell]',
    'groups.[1]',
    'this.port',
    './name',
  ],
  lists: ['groups', 'none', 'user.keys', 'users', 'ports'],
  maps: ['user', 'ports'],
  depth: 0,
};

const content = fc.constantFrom('', ' ', '\n', 'a', 'a b\n', '  x\n', '\\{{raw}}', '{ ', ' } ', "'", '\t', 'é\u2028');
const tilde = fc.constantFrom('', '', '', '~');

function body(inside: Inside): fc.Arbitrary<string> {
  const parts =
    inside.depth >= 3 ? [content, expression(inside)] : [content, expression(inside), block(inside), comment];
  return fc.array(fc.oneof(...parts), { maxLength: 4 }).map((pieces) => pieces.join(''));
}

const comment = fc.constantFrom('{{! a note }}', '{{!-- with }} braces --}}', '{{~! trimmed ~}}');

function expression({ texts, lists }: Inside): fc.Arbitrary<string> {
  const value = fc.constantFrom(...texts);
  const call = fc.oneof(
    value,
    fc.tuple(value, fc.constantFrom('"bob"', '22', 'true', "'it'")).map(([left, right]) => `eq ${left} ${right}`),
    value.map((path) => `default ${path} "none"`),
    value.map((path) => `quote ${path}`),
    fc
      .constantFrom(...lists.filter((path) => /groups$|keys$|tags$|none$/.test(path)), 'groups')
      .map((path) => `join ${path === 'groups' ? '@root.groups' : path} "+"`),
    value.map((path) => `json ${path}`),
    value.map((path) => `quote (quote ${path})`),
    fc.constantFrom('@root.name', '@root.user.shell'),
  );
  return fc.tuple(tilde, call, tilde, fc.boolean()).map(([left, text, right, triple]) =>
    // Handlebars adds numbers that stand side by side; see below.
    triple && left === '' && right === '' ? `;{{{${text}}}}` : `;{{${left}${text}${right}}}`,
  );
}

function block(inside: Inside): fc.Arbitrary<string> {
  const deeper = { ...inside, depth: inside.depth + 1 };
  const truth = fc.tuple(
    fc.constantFrom('if', 'unless'),
    fc.constantFrom(...inside.texts, ...inside.lists, ...inside.maps),
  );
  const conditional = fc
    .tuple(truth, body(deeper), fc.option(body(deeper)), tilde)
    .map(
      ([[word, path], yes, no, trim]) =>
        `{{#${word} ${path}}}${yes}${no === null ? '' : `{{${trim}else${trim}}}${no}`}{{/${word}}}`,
    );
  const chained = fc
    .tuple(fc.constantFrom(...inside.texts), fc.constantFrom(...inside.texts), body(deeper), body(deeper), body(deeper))
    .map(([first, second, a, b, c]) => `{{#if ${first}}}${a}{{else if ${second}}}${b}{{else}}${c}{{/if}}`);
  const inverted = fc
    .tuple(fc.constantFrom(...inside.lists), body(deeper))
    .map(([path, text]) => `{{#each ${path}}}{{else}}${text}{{/each}}`);
  const each = fc
    .constantFrom(...inside.lists)
    .chain((path) =>
      fc
        .tuple(body(itemsOf(path, deeper)), fc.boolean(), tilde)
        .map(([text, named, trim]) =>
          named
            ? `{{#each ${path} as |one place|}}${text};{{place}}{{/each}}`
            : `{{#each ${path}${trim}}}${text};{{@index}};{{@key}}{{#if @first}}f{{/if}}{{#unless @last}},{{/unless}}{{/each}}`,
        ),
    );
  const within = fc
    .constantFrom(...inside.maps, 'none')
    .chain((path) =>
      path === 'none'
        ? fc.constant('{{#with @root.none}}never{{else}}empty{{/with}}')
        : body(membersOf(path, deeper)).map((text) => `{{#with ${path}}}${text}{{/with}}`),
    );
  return fc.oneof(conditional, chained, inverted, each, within);
}

function itemsOf(path: string, { depth }: Inside): Inside {
  const around = ['@root.name', ...(depth === 1 ? ['../name', '../user.name'] : [])];
  if (path === 'users')
    return { texts: ['name', 'this.name', ...around], lists: ['tags', 'this.tags'], maps: ['this'], depth };
  return { texts: ['this', '@key', ...around], lists: ['@root.groups'], maps: ['@root.user'], depth };
}

function membersOf(path: string, { depth }: Inside): Inside {
  if (path.endsWith('user')) return { texts: ['name', 'shell', '@root.port'], lists: ['keys'], maps: ['this'], depth };
  if (path === 'this') return { texts: ['name'], lists: ['@root.groups'], maps: ['@root.user'], depth };
  return { texts: ['http', 'this.https'], lists: ['@root.groups'], maps: ['@root.user'], depth };
}

describe('templates render as Handlebars renders them', () => {
  test('for every template of the language that we keep', () => {
    fc.assert(
      fc.property(body(top), (template) => {
        expect(renderText(template, scope, helpers)).toBe(byHandlebars(template));
      }),
      { numRuns: 3000 },
    );
  });
});

describe('what is not as in Handlebars, on purpose', () => {
  test.each([
    ['{{#if no}}yes{{else}}no{{/if}}', { no: 'no' }, 'no', 'yes', 'the words that are false in YAML are false'],
    ['{{#if no}}yes{{else}}no{{/if}}', { no: 'false' }, 'no', 'yes', 'the words that are false in YAML are false'],
    ['{{groups}}', { groups: ['a', 'b'] }, undefined, 'a,b', 'a list inside text must say how it is joined'],
    ['{{user}}', { user: { a: 1 } }, undefined, '[object Object]', 'a map inside text must name its key'],
    ['{{nothing}}', { nothing: null }, undefined, '', 'what has no value must be given one'],
    ['{{#if missing}}a{{/if}}', {}, undefined, '', 'a name that is not defined is an error in blocks too'],
    ['{{#each missing}}a{{/each}}', {}, undefined, '', 'a name that is not defined is an error in blocks too'],
    ['{{#each name}}a{{else}}b{{/each}}', { name: 'x' }, undefined, 'b', 'each goes through lists and maps alone'],
    ['{{lookup groups 1}}', { groups: ['a', 'b'] }, undefined, 'b', 'lookup is left out: write groups.[1]'],
    ['{{#name}}a{{/name}}', { name: 'x' }, undefined, 'a', 'a block has a word: if, unless, each, with'],
    ['{{log name}}', { name: 'x' }, undefined, '', 'log is left out'],
    [
      '{{#each l as |v key|}}{{#each @root.l}}{{@key}}{{/each}}{{/each}}',
      { l: ['a', 'b'] },
      '0101',
      '0011',
      '@key is that of its own block, whatever a block around calls its own',
    ],
    ['{{a}}{{b}}', { a: 1, b: 2 }, '12', '3', 'numbers side by side are text, not a sum'],
  ])('%s of %j', (template, given, ours, theirs, _why) => {
    const own: Scope = new Map(Object.entries(given).map(([key, value]) => [key, () => value]));
    const render = () => renderText(template, own, helpers);
    if (ours === undefined) expect(render).toThrow();
    else expect(render()).toBe(ours);
    expect(Handlebars.compile(template, { noEscape: true })(given)).toBe(theirs);
  });

  test.each(['{{> part}}', '{{#> layout}}{{/layout}}', '{{* decorate}}', '{{#*inline "x"}}{{/inline}}'])(
    'partials and decorators are left out: %s',
    (template) => {
      expect(() => renderText(template, scope, helpers)).toThrow();
    },
  );
});
