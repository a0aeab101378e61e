import { setTimeout as sleep } from 'node:timers/promises';

/** The first value that `probe` gives that is not undefined; MUST come within `timeoutMs`, else `complaint` is thrown. */
export async function waitFor<T>(
  probe: () => Promise<T | undefined> | T | undefined,
  timeoutMs: number,
  complaint: () => string,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const value = await probe();
    if (value !== undefined) return value;
    if (Date.now() > deadline) throw new Error(complaint());
    await sleep(30);
  }
}
