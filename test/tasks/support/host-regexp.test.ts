import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { lineRegexp, toHostRegexp } from '../../../src/tasks/support/host-regexp.ts';

/** The lines in which the host's grep finds the expression. */
function grep(regexp: string, lines: readonly string[]): readonly string[] {
  const { pattern, ignoreCase } = toHostRegexp(regexp);
  const { status, stdout, stderr } = spawnSync('grep', [ignoreCase ? '-aEi' : '-aE', '-e', pattern], {
    input: lines.map((line) => `${line}\n`).join(''),
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
  });
  expect({ pattern, stderr, trouble: status === 2 }).toEqual({ pattern, stderr: '', trouble: false });
  return stdout.split('\n').slice(0, -1);
}

describe('a regular expression finds on the host', () => {
  test.each([
    ['^#?\\s*Port\\s+\\d+$', ['Port 22', '#Port 22', '# \tPort 2222', 'Port x', 'GatewayPort 1']],
    ['[\\s#]*x\\b', ['x', '# x', 'xy', 'y x z']],
    ['^[^#\\d\\]-]', ['a', '#a', '1a', ']a', '-a', '']],
    ['[]a]', [']', 'a', 'b']],
    ['[\\^x]', ['^', 'x', 'y']],
    ['[\\^]', ['^', 'x', '\\']],
    ['[\\^-]', ['^', '-', 'x', '\\']],
    ['a{2}', ['a', 'aa', 'a{2}']],
    ['a{x}', ['a', 'a{x}']],
    ['\\{\\}', ['{}', 'x']],
    ['(?:ab)+?$', ['ab', 'abab', 'abc']],
    ['^(?P<key>\\w+) = \\1$', ['a = a', 'a = b']],
    ['\\<a\\>', ['<a>', 'a']],
    ["\\'\\/\\-\\#", ["'/-#", 'x']],
    ['\\.', ['.', 'x']],
    ['[.]', ['.', 'x']],
    ['\\Aab\\Z', ['ab', 'abc', 'xab']],
    ['a\\tb', ['a\tb', 'atb', 'a b']],
    ['\\S\\W\\D', ['a b', 'a-1', '  x']],
  ])('%s what it finds elsewhere', (regexp, lines) => {
    const here = new RegExp(regexp.replace('\\A', '^').replace('\\Z', '$').replace('?P<', '?<').replace('[]', '[\\]'));
    expect(grep(regexp, lines)).toEqual(lines.filter((line) => here.test(line)));
  });

  test('with the case that (?i) leaves open', () => {
    expect(grep('(?i)^port', ['Port 22', 'PORT 22', 'xport'])).toEqual(['Port 22', 'PORT 22']);
  });

  test('POSIX classes as well', () => {
    expect(grep('^[[:space:]_]+x', [' x', '_x', 'x'])).toEqual([' x', '_x']);
  });

  test('whatever it is made of', () => {
    const atom = fc.oneof(
      fc.constantFrom(
        'a',
        'b',
        '1',
        ' ',
        '\\d',
        '\\s',
        '\\w',
        '\\S',
        '.',
        '\\.',
        '\\[',
        '\\]',
        '\\\\',
        '-',
        '#',
        '=',
        ']',
        '/',
      ),
      fc
        .tuple(
          fc.boolean(),
          fc.array(fc.constantFrom('a', 'b', 'a-c', '\\d', '\\s', '\\w', '\\]', '\\^', '\\-', '\\\\', '[', '.', '#'), {
            minLength: 1,
            maxLength: 4,
          }),
        )
        .map(([negated, items]) => `[${negated ? '^' : ''}${items.join('')}]`),
    );
    const piece = fc
      .tuple(atom, fc.constantFrom('', '', '', '*', '+', '?', '{2}', '{1,2}', '*?'))
      .map((parts) => parts.join(''));
    const branch = fc.array(piece, { minLength: 1, maxLength: 4 }).map((parts) => parts.join(''));
    const regexp = fc
      .tuple(fc.constantFrom('', '^'), fc.array(branch, { minLength: 1, maxLength: 2 }), fc.constantFrom('', '$'))
      .map(([start, branches, end]) => `${start}(${branches.join('|')})${end}`);
    const line = fc
      .array(fc.constantFrom('a', 'b', 'c', '1', ' ', '.', '-', '#', '=', '[', ']', '\\', '^', '_', '/'), {
        maxLength: 6,
      })
      .map((chars) => chars.join(''));
    fc.assert(
      fc.property(regexp, fc.array(line, { minLength: 5, maxLength: 5 }), (text, lines) => {
        const here = new RegExp(text);
        expect(grep(text, lines)).toEqual(lines.filter((each) => here.test(each)));
      }),
      { numRuns: 150 },
    );
  });
});

describe('a regular expression is refused', () => {
  test.each([
    ['a(?=b)', 'no lookahead'],
    ['(?<!a)b', 'no lookahead'],
    ['a(?i)b', 'only (?i), at the start'],
    ['a\\', 'ends in a backslash'],
    ['[a', 'a [ is not closed'],
    ['(a', 'not a regular expression'],
    ['*a', 'not a regular expression'],
    ['\\p{L}', '\\p is not understood'],
    ['[\\D]', 'within [ ]'],
    ['a\nb', 'one line is searched at a time'],
    ['a\\nb', 'one line is searched at a time'],
    ['[!-\\]]', 'a range from !'],
  ])('%j', (regexp, message) => {
    const parsed = lineRegexp.safeParse(regexp);
    expect(parsed.error?.issues[0]?.message ?? 'accepted').toContain(message);
  });
});
