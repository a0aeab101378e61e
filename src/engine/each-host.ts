/** Runs `work` for every item, at most `forks` at once; results in the order of the items. `work` MUST not reject. */
export async function eachHost<T, R>(items: readonly T[], forks: number, work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  async function worker(): Promise<void> {
    while (next < items.length) {
      const at = next++;
      results[at] = await work(items[at]!);
    }
  }
  await Promise.all(Array.from({ length: Math.min(forks, items.length) }, worker));
  return results;
}
