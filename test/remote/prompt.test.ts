import { describe, expect, it } from 'vitest';
import { queue } from '../../src/remote/prompt.ts';

describe('queue', () => {
  it('runs one task after the other, in the order of the calls, failures included', async () => {
    const inOrder = queue();
    const events: string[] = [];
    const task = (name: string, delayMs: number, fails = false) =>
      inOrder(async () => {
        events.push(`${name} begins`);
        await new Promise((resolve) => setTimeout(resolve, delayMs));
        events.push(`${name} ends`);
        if (fails) throw new Error(name);
        return name;
      });
    const results = await Promise.allSettled([task('a', 30), task('b', 10, true), task('c', 1)]);
    expect(events).toEqual(['a', 'b', 'c'].flatMap((name) => [`${name} begins`, `${name} ends`]));
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });
});
