import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { diff } from '../../src/engine/diff.ts';
import type { State } from '../../src/engine/state.ts';

const value = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.array(fc.string(), { maxLength: 4 }));
const present = fc.dictionary(fc.string(), value, { maxKeys: 6 });
const state: fc.Arbitrary<State> = fc.option(present, { nil: null });

describe('diff', () => {
  test.each<{ name: string; before: State; want: State; action: string | undefined; keys: readonly string[] }>([
    { name: 'nothing there and nothing wanted', before: null, want: null, action: undefined, keys: [] },
    { name: 'something new', before: null, want: { a: 1, b: 'x' }, action: 'create', keys: ['a', 'b'] },
    { name: 'something to go', before: { a: 1, b: 'x' }, want: null, action: 'delete', keys: ['a', 'b'] },
    { name: 'one value', before: { a: 1, b: 'x' }, want: { a: 2, b: 'x' }, action: 'update', keys: ['a'] },
    { name: 'a key that was not there', before: { a: 1 }, want: { a: 1, b: false }, action: 'update', keys: ['b'] },
    { name: 'keys that nobody asked for', before: { a: 1, b: 'x' }, want: { a: 1 }, action: undefined, keys: [] },
    { name: 'a number for its text', before: { a: 1 }, want: { a: '1' }, action: 'update', keys: ['a'] },
    { name: 'the order of a list', before: { a: ['x', 'y'] }, want: { a: ['y', 'x'] }, action: 'update', keys: ['a'] },
    { name: 'a longer list', before: { a: ['x'] }, want: { a: ['x', 'y'] }, action: 'update', keys: ['a'] },
    { name: 'a text for a list of it', before: { a: 'x' }, want: { a: ['x'] }, action: 'update', keys: ['a'] },
  ])('sees $name', ({ before, want, action, keys }) => {
    const change = diff(before, want);
    expect(change?.action).toBe(action);
    expect(change?.keys ?? []).toEqual(keys);
  });

  test('of equal states is empty', () => {
    fc.assert(
      fc.property(state, (one) => {
        expect(diff(one, structuredClone(one))).toBeUndefined();
      }),
    );
  });

  test('is empty once what was wanted has come to hold', () => {
    fc.assert(
      fc.property(state, state, (before, want) => {
        const after = want === null ? null : { ...before, ...want };
        expect(diff(after, want)).toBeUndefined();
      }),
    );
  });

  test('names those keys whose values differ, and no others', () => {
    fc.assert(
      fc.property(present, present, (before, want) => {
        const expected = Object.keys(want).filter(
          (key) => JSON.stringify(Object.hasOwn(before, key) ? before[key] : undefined) !== JSON.stringify(want[key]),
        );
        expect(diff(before, want)?.keys ?? []).toEqual(expected);
      }),
    );
  });
});
