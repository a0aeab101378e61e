import { fileAudits, hostAudits } from './index.ts';

const AUDITS = [...hostAudits, ...fileAudits];

/** The audits by the names that their results have. */
export const toolNames: readonly string[] = AUDITS.map(({ tool }) => tool);

/** Tools whose checks harden does not know beforehand. */
export const openTools: readonly string[] = AUDITS.filter(({ ids }) => ids === undefined).map(({ tool }) => tool);

/** Every id that harden's own audits can give. */
export async function knownIds(): Promise<readonly string[]> {
  const ids = await Promise.all(AUDITS.map((audit) => audit.ids?.() ?? []));
  return [...new Set(ids.flat())];
}
