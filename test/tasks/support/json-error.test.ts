import fc from 'fast-check';
import { expect, test } from 'vitest';
import { jsonError } from '../../../src/tasks/support/json-error.ts';

test.each([
  ['{"a": 1,}', '1:9', 'a key in double quotes'],
  ['{\n  "a": 1\n  "b": 2\n}', '3:3', 'a comma or }'],
  ["{'a': 1}", '1:2', 'a key in double quotes'],
  ['{"a" 1}', '1:6', 'a colon'],
  ['{"a": [1, 2}', '1:12', 'a comma or ]'],
  ['{"a": yes}', '1:7', 'a value is expected here'],
  ['{"a": 01}', '1:7', 'a value is expected here'],
  ['{"a": "b\n"}', '1:7', 'this text is not closed'],
  ['{"a": 1', '1:8', 'the text ends too early'],
  ['{} // done', '1:4', 'nothing may follow'],
])('%j fails at %s', (text, at, message) => {
  const error = jsonError(text);
  expect(`${error?.line}:${error?.column}`).toBe(at);
  expect(error?.message).toContain(message);
});

test('agrees with JSON.parse on every text', () => {
  const nearJson = fc
    .tuple(fc.json(), fc.nat(), fc.constantFrom('', ',', '}', '"', 'x', '\n', '0'))
    .map(([text, at, more]) => {
      const place = at % (text.length + 1);
      return text.slice(0, place) + more + text.slice(place);
    });
  fc.assert(
    fc.property(fc.oneof(fc.json(), nearJson, fc.string()), (text) => {
      let valid = true;
      try {
        JSON.parse(text);
      } catch {
        valid = false;
      }
      expect(jsonError(text) === undefined).toBe(valid);
    }),
    { numRuns: 2000 },
  );
});
