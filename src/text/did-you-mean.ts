/** `Did you mean `word`?` for the candidate that a person most likely meant, or undefined when none is near. */
export function didYouMean(word: string, candidates: Iterable<string>): string | undefined {
  const near = nearest(word, candidates);
  return near === undefined ? undefined : `Did you mean \`${near}\`?`;
}

/** The same for a key of the value `of`, named with its whole path: `facts.os.id`. */
export function didYouMeanPart(of: string, word: string, keys: Iterable<string>): string | undefined {
  const near = nearest(word, keys);
  return near === undefined ? undefined : `Did you mean \`${of === 'this' ? near : `${of}.${near}`}\`?`;
}

/** The candidate with the fewest typing slips between it and `word`, at most a third of its letters, else the only one that `word` begins; undefined when none is that near. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const known = [...candidates];
  let best: string | undefined;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const candidate of known) {
    if (candidate === word) continue;
    const distance = slips(plain(word), plain(candidate));
    const allowed = Math.max(1, Math.floor(Math.max(word.length, candidate.length) / 3));
    if (distance <= allowed && distance < Math.max(word.length, candidate.length) && distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best ?? onlyContinuation(word, known);
}

function onlyContinuation(word: string, candidates: readonly string[]): string | undefined {
  const longer = candidates.filter((candidate) => candidate !== word && plain(candidate).startsWith(plain(word)));
  return word.length >= 3 && longer.length === 1 ? longer[0] : undefined;
}

function plain(word: string): string {
  return word.toLowerCase().replaceAll('-', '_');
}

/** Insertions, deletions, substitutions and swaps of neighbours between two words. */
function slips(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      let cost = Math.min(last[column]! + 1, current[column - 1]! + 1, last[column - 1]! + (same ? 0 : 1));
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (swapped) cost = Math.min(cost, beforeLast[column - 2]! + 1);
      current.push(cost);
    }
    beforeLast = last;
    last = current;
  }
  return last[b.length]!;
}
