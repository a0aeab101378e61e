import type { Accepting } from '../audit/accept.ts';
import { knownIds, openTools, toolNames } from '../audit/known-ids.ts';
import type { AuditGate, AuditSettings } from '../engine/resolved-task.ts';
import { formatPosition, UserError } from '../errors.ts';
import { loadBaseline } from '../playbook/baseline.ts';
import { didYouMean } from '../text/did-you-mean.ts';

/** The accepted findings of one file. Throws a UserError for each mistake in it. */
async function readBaseline(file: string): Promise<readonly Accepting[]> {
  const entries = await loadBaseline(file, { ids: await knownIds(), tools: toolNames, open: openTools });
  return entries.map(({ at, ...entry }) => ({ ...entry, at: formatPosition(at) }));
}

/** All baselines that the settings name, each read once, by their files. Throws a UserError for a `fail_on` that nothing could ever meet, too. */
export async function readGates(
  settings: AuditSettings | { readonly files: AuditGate } | undefined,
): Promise<ReadonlyMap<string, readonly Accepting[]>> {
  await checkFailOn(settings ?? {});
  const files = Object.values(settings ?? {}).flatMap(({ baseline }: AuditGate) => baseline ?? []);
  const read = [...new Set(files)].map(async (file) => [file, await readBaseline(file)] as const);
  return new Map(await Promise.all(read));
}

/** A word of `fail_on` that no check can meet would let everything pass. */
async function checkFailOn(settings: AuditSettings | { readonly files: AuditGate }): Promise<void> {
  const ids = await knownIds();
  const words = [...ids, 'high', 'medium', 'low', 'WARN', 'INFO', 'NOTE', 'SKIP'];
  for (const [name, { fail_on = [] }] of Object.entries(settings) as [string, AuditGate][]) {
    if (openTools.includes(name)) continue;
    for (const word of fail_on) {
      const met = words.some((each) => each.toLowerCase() === word.toLowerCase() || each.startsWith(`${word}.`));
      // The command line's words hold for all audits: one with ids of its own may know them.
      if (met || openTools.some((tool) => tool in settings)) continue;
      throw new UserError(`fail_on: there is no check, section, severity or result \`${word}\``, {
        hint: didYouMean(word, words),
      });
    }
  }
}
