import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadVarsFile, parseExtraVar } from '../../src/playbook/vars.ts';
import { folderWith, paragraphs } from './support.ts';

describe('-e name=value', () => {
  test.each([
    ['a=b', ['a', 'b']],
    ['a=', ['a', '']],
    ['port=22', ['port', '22']],
    ['a=b=c d ', ['a', 'b=c d ']],
    ['a_1={{b}}', ['a_1', '{{b}}']],
  ])('%s', (text, expected) => {
    expect(parseExtraVar(text)).toEqual(expected);
  });

  test.each([
    ['a', '-e takes name=value, and `a` is not. Write -e name=value, or -e @file.yml.'],
    ['=hunter2', '-e takes name=value, and `=…` is not. Write -e name=value, or -e @file.yml.'],
    [
      'a-b=hunter2',
      '`a-b` cannot be the name of a variable. The name of a variable has letters, digits and underscores, and starts with no digit.',
    ],
    [
      'facts=x',
      '`facts` cannot be the name of a variable. `facts` has a meaning of its own in expressions; choose another name.',
    ],
  ])('%s is refused', async (text, expected) => {
    expect(await paragraphs(async () => parseExtraVar(text))).toEqual([expected]);
  });
});

describe('a variables file', () => {
  const load = async (text: string) => loadVarsFile(join(await folderWith({ 'vars.yml': text }), 'vars.yml'));

  test.each<[string, object]>([
    ['a: 1\nb: [x, { c: no }]\nd:\n', { a: 1, b: ['x', { c: 'no' }], d: null }],
    ['{"a": "b"}', { a: 'b' }],
    ['', {}],
    ['# nothing\n', {}],
  ])('%j', async (text, expected) => {
    const vars = await load(text);
    expect(JSON.parse(JSON.stringify(vars))).toEqual(expected);
    expect(Object.keys(vars)).toEqual(Object.keys(expected));
  });

  test.each([
    ['- a\n', 'vars.yml:1:1: A variables file must be a map, and this is a list. Write name: value, one a line.'],
    ['a: {{ b }}\n', 'vars.yml:1:4: `{{` without quotes is a YAML map. Put the whole value in quotes: "{{name}}".'],
    [
      'env: a\n',
      'vars.yml:1:1: `env` cannot be the name of a variable. `env` has a meaning of its own in expressions; choose another name.',
    ],
    [
      'a: "b\n',
      'vars.yml:2:1: A quote is opened here, or before, and not closed. Close it, or double it where the text itself has one.',
    ],
  ])('%j is refused', async (text, expected) => {
    expect(await paragraphs(() => load(text))).toEqual([expected]);
  });
});
