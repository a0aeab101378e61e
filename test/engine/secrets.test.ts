import fc from 'fast-check';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { quote } from '../../src/remote/sh.ts';
import { Masker } from '../../src/text/masker.ts';

/** What harden, its helpers, and the programs that it talks to make of a text. */
const ENCODINGS: Readonly<Record<string, (text: string) => string>> = {
  'as it is': (text) => text,
  'as a shell word': (text) => `printf %s ${quote(text)}`,
  'as a word in double quotes': (text) => `"${text.replaceAll(/[\\"$`]/g, '\\$&')}"`,
  'inside JSON': (text) => JSON.stringify({ value: text }),
  'inside YAML': (text) => stringify({ a: { b: text } }),
  'inside YAML, in a block': (text) => stringify({ a: { b: `x\n${text}\n` } }),
  'in a URL': (text) => `https://x/?token=${encodeURIComponent(text)}`,
  'in XML': (text) =>
    `<a b="${text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;').replaceAll("'", '&#39;')}"/>`,
  'in a systemd unit': (text) =>
    `Environment="A=${text.replaceAll('%', '%%').replaceAll(/[\\"]/g, '\\$&').replaceAll('\n', '\\n')}"`,
  'in a compose file': (text) => `A: ${JSON.stringify(text.replaceAll('$', '$$$$'))}`,
  'in octal escapes': (text) => [...Buffer.from(text)].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join(''),
  'in base64': (text) => Buffer.from(text).toString('base64'),
  'in base64 behind one byte': (text) => `user:${Buffer.from(`x${text}y`).toString('base64')}`,
  'in base64 behind two bytes': (text) => `key="${Buffer.from(`xy${text}zzz`).toString('base64')}"`,
  'in base64 for URLs': (text) => Buffer.from(`u:${text}`).toString('base64url'),
  'in base64 of several lines': (text) =>
    (
      Buffer.from(`${'p'.repeat(50)}${text}${'q'.repeat(70)}`)
        .toString('base64')
        .match(/.{1,76}/g) ?? []
    ).join('\n'),
  'in hex': (text) => Buffer.from(`a${text}`).toString('hex'),
  'in hex with colons': (text) => (Buffer.from(text).toString('hex').toUpperCase().match(/../g) ?? []).join(':'),
  'in hex escapes': (text) =>
    (Buffer.from(text).toString('hex').match(/../g) ?? []).map((byte) => `\\x${byte}`).join(''),
};
const names = Object.keys(ENCODINGS);

const secret = fc
  .string({ minLength: 10, maxLength: 40, unit: 'grapheme' })
  .map((text) => text.replaceAll(/[\0\ufffd\ud800-\udfff]/g, 'x').trim())
  .filter((text) => text.replaceAll(/[\s'"`\\$%+]/g, '').length >= 8);

test.each(names)('a secret %s does not get out', (name) => {
  fc.assert(
    fc.property(secret, (text) => {
      const shown = ENCODINGS[name]!(text);
      const masked = new Masker([text]).text(`before ${shown} after`);
      expect(masked).toContain('********');
      expect(pieces(shown).filter((piece) => masked.includes(piece))).toEqual([]);
    }),
  );
});

test('nor does one in any two encodings, one in the other', () => {
  fc.assert(
    fc.property(secret, fc.constantFrom(...names), fc.constantFrom(...names), (text, inner, outer) => {
      const masked = new Masker([text]).text(ENCODINGS[outer]!(ENCODINGS[inner]!(text)));
      expect(masked, `${inner} ${outer}`).toContain('********');
    }),
    { numRuns: 2000 },
  );
});

/** The letters of a shown secret that must not be left, in pieces of twelve. */
function pieces(shown: string): string[] {
  const word = shown.match(/[A-Za-z0-9+/=]{24,}/g) ?? [];
  return word.flatMap((each) => each.slice(8, -8).match(/.{12}/g) ?? []);
}

test('a secret inside another one leaves nothing of the longer one behind', () => {
  expect(new Masker(['pass', 'password']).text('the password')).toBe('the ********');
});

test('a secret that was cut off is hidden as far as it goes', () => {
  expect(new Masker(['correct-horse-battery']).text('PW=correct-horse-b…')).toBe('PW=********…');
  expect(new Masker(['correct-horse-battery']).text('horse-battery rest')).toBe('******** rest');
});

test('each line of a key is hidden alone, and its base64 too', () => {
  const key = `-----BEGIN KEY-----\n${'QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVowMTIzNDU2Nzg5YWJjZGVmZ2hpamts\n'.repeat(3)}-----END KEY-----\n`;
  const masker = new Masker([key]);
  for (const line of key.trim().split('\n')) expect(masker.text(`+ ${line}`)).toBe('+ ********');
  for (const line of Buffer.from(key).toString('base64').match(/.{76}/g) ?? [])
    expect(masker.text(line)).toBe('********');
});

test('what is no secret stays', () => {
  const masker = new Masker(['hunter2-hunter2', "it's", 'QUJDREVGR0hJ']);
  for (const text of [
    '/etc/docker/daemon.json',
    'a plan of 12 tasks: it is fine',
    'c2hhMjU2Om5vdCBhIHNlY3JldCBhdCBhbGw=',
    '%27%41',
  ])
    expect(masker.text(text)).toBe(text);
});

test('every string of a document is masked, keys too', () => {
  expect(new Masker(['s3cret']).deep({ 's3cret key': ['a s3cret', { b: 's3cret' }], n: 1, none: null })).toEqual({
    '******** key': ['a ********', { b: '********' }],
    n: 1,
    none: null,
  });
});

test('a megabyte is searched for fifty secrets in bounded time', () => {
  const masker = new Masker(Array.from({ length: 50 }, (_, at) => `secret-number-${at}-x`));
  const text = 'a line of /etc/some/configuration/file = "value" # c2hhMjU2Om5vdCBhIHNl\n'.repeat(3_000);
  const start = performance.now();
  expect(masker.text(text)).toBe(text);
  expect(performance.now() - start).toBeLessThan(15_000);
});
