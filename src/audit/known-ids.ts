import { catalogue } from './docker-bench/catalogue/catalogue.ts';
import { DOCKERFILE_RULES } from './dockerfile/rules.ts';
import { effectiveIds } from './effective/judge.ts';
import { RULES } from './workload/rules.ts';

/** Every id that harden's audits can give; those of inspec and lynis are theirs, and not known beforehand. */
export function knownIds(): readonly string[] {
  return [
    ...new Set([
      ...catalogue.keys(),
      ...effectiveIds,
      ...[...RULES, ...DOCKERFILE_RULES].map(({ id }) => id),
      // What is said of a host, a container or a service as a whole.
      'swarm',
      'container',
      'extends',
    ]),
  ];
}

/** The audits by the names that their results have. */
export const toolNames = [
  'docker-bench-security',
  'effective',
  'containers',
  'compose',
  'dockerfile',
  'inspec',
  'lynis',
] as const;

/** Tools whose checks harden does not know beforehand. */
export const openTools: readonly string[] = ['inspec', 'lynis'];
