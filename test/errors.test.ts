import { expect, test } from 'vitest';
import { UserError } from '../src/errors.ts';

test.each([
  { message: 'it is not there', hint: undefined, says: 'it is not there.' },
  { message: 'it is not there', hint: 'Name another', says: 'it is not there. Name another.' },
  {
    message: 'it is refused (and 2 more)',
    hint: 'Name another (-F)',
    says: 'it is refused (and 2 more). Name another (-F)',
  },
])('$says', ({ message, hint, says }) => {
  expect(new UserError(message, { hint }).paragraph).toBe(says);
});
