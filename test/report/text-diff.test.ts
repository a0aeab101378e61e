import { expect, test } from 'vitest';
import { paintWith } from '../../src/report/paint.ts';
import { changeLines, unified } from '../../src/report/text-diff.ts';

test.each([
  { name: 'a new file', before: '', after: 'a\n', header: '@@ -0,0 +1,1 @@' },
  { name: 'a file that is emptied', before: 'a\n', after: '', header: '@@ -1,1 +0,0 @@' },
  { name: 'a changed line', before: 'a\nb\n', after: 'a\nc\n', header: '@@ -1,2 +1,2 @@' },
])('$name has the header that diff -u writes', ({ before, after, header }) => {
  expect(unified(before, after, paintWith(false))[0]).toBe(header);
});

test('what a list holds is a line each', () => {
  const change = { key: 'failed', before: ['cd /\n  test -e /x\n'], after: [] };
  expect(changeLines(change, paintWith(false), false)).toEqual(['failed:', '  -cd / test -e /x']);
});
