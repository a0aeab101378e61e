import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Masker } from '../../src/engine/secrets.ts';
import { quote } from '../../src/remote/sh.ts';

test.each([
  ['as it is', (secret: string) => `x${secret}y`],
  ['as a shell word', (secret: string) => `printf %s ${quote(secret)}`],
  ['inside JSON', (secret: string) => JSON.stringify({ value: secret })],
  ['in base64', (secret: string) => Buffer.from(secret).toString('base64')],
])('a secret %s does not get out', (_, form) => {
  const secret = fc
    .string({ minLength: 8, maxLength: 40 })
    .filter((text) => text.trim().length >= 8 && !text.includes('\0'));
  fc.assert(
    fc.property(secret, (text) => {
      const masked = new Masker([text]).text(form(text));
      expect(masked).not.toContain(text.trim());
      expect(masked).toContain('********');
    }),
  );
});

test('a secret inside another one leaves nothing of the longer one behind', () => {
  expect(new Masker(['pass', 'password']).text('the password')).toBe('the ********');
});

test('every string of a document is masked, keys too', () => {
  expect(new Masker(['s3cret']).deep({ 's3cret key': ['a s3cret', { b: 's3cret' }], n: 1, none: null })).toEqual({
    '******** key': ['a ********', { b: '********' }],
    n: 1,
    none: null,
  });
});
