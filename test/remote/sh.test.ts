import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { quote, raw, sh } from '../../src/remote/sh.ts';

const text = fc
  .string({
    unit: fc.oneof(
      fc.constantFrom(...`'"\\$\`*?[]{}()<>|&;#~!=- \t\n\r%`),
      fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
    ),
  })
  .filter((value) => !value.includes('\0'));

/** What a real sh takes the words for, each ended by NUL. */
function words(script: string): string[] {
  const { status, stdout, stderr } = spawnSync('sh', ['-s'], { input: `printf '%s\\0' ${script}\n`, cwd: '/' });
  expect({ status, stderr: stderr.toString() }).toEqual({ status: 0, stderr: '' });
  return stdout.toString('utf8').split('\0').slice(0, -1);
}

describe('sh', () => {
  test('quotes so that a real sh gives each value back', () => {
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 20 }), (values) => {
        expect(words(sh`${values}`)).toEqual(values);
      }),
      { numRuns: 200 },
    );
  });

  test('leaves a value one word wherever it stands', () => {
    fc.assert(
      fc.property(text, (value) => {
        expect(words(sh`a${value}b "x"${value}`)).toEqual([`a${value}b`, `x${value}`]);
      }),
      { numRuns: 100 },
    );
  });

  test.each([
    { name: 'nothing', value: '' },
    { name: 'a line break at the end', value: 'a\n' },
    { name: 'only a quote', value: "'" },
    { name: 'a tilde', value: '~root' },
    { name: 'an assignment', value: 'A=1' },
    { name: 'an option', value: '-n' },
    { name: 'a pattern', value: '/*' },
    { name: 'a long text', value: 'x y\n'.repeat(20_000) },
  ])('keeps $name', ({ value }) => expect(words(sh`${value}`)).toEqual([value]));

  test('makes words of numbers, booleans and lists', () => {
    expect(sh`test ${1} ${true} ${['a', 'b c', 2]} ${[]}x`).toBe("test 1 true a 'b c' 2 x");
  });

  test('puts raw text in as it is', () => {
    expect(sh`if ${raw('a && b')}; then echo ${'$x'}; fi`).toBe("if a && b; then echo '$x'; fi");
  });

  test('leaves plain words readable', () => {
    expect(quote('/etc/ssh/sshd_config.d/00-harden.conf')).toBe('/etc/ssh/sshd_config.d/00-harden.conf');
  });

  test('refuses what no shell word can hold', () => {
    expect(() => quote('a\0b')).toThrow('NUL');
  });
});
