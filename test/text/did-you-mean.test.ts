import { expect, test } from 'vitest';
import { didYouMean, nearest } from '../../src/text/did-you-mean.ts';

const words = ['present', 'absent', 'name', 'user', 'create_home', 'os', 'PermitRootLogin'];

test.each([
  ['presnt', 'present'],
  ['presetn', 'present'],
  ['absnt', 'absent'],
  ['nmae', 'name'],
  ['createhome', 'create_home'],
  ['create-home', 'create_home'],
  ['Name', 'name'],
  ['permitrootlogin', 'PermitRootLogin'],
  ['usr', 'user'],
  ['create', 'create_home'],
  ['pre', 'present'],
  ['kubernetes', undefined],
  ['c', undefined],
  ['x', undefined],
  ['so', 'os'],
  ['', undefined],
])('%s', (word, expected) => {
  expect(nearest(word, words)).toBe(expected);
});

test('a sentence, or nothing', () => {
  expect(didYouMean('nam', words)).toBe('Did you mean `name`?');
  expect(didYouMean('zzzzzz', words)).toBeUndefined();
});
