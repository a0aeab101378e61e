import { z } from 'zod';
import { defineAudit } from '../audit.ts';
import { gateSettings } from '../gate-settings.ts';

/** What dockerd and the kernel do, where docker-bench-security reads what daemon.json says. */
export const effective = defineAudit({
  of: 'host',
  name: 'effective',
  tool: 'effective',
  summary:
    'Whether what docker-bench-security reads in files holds in effect; runs with docker_bench unless this is false',
  settings: z.strictObject(gateSettings),
  byDefault: true,
  beside: 'docker_bench',
  ids: async () => (await import('./judge.ts')).effectiveIds,
  load: async () => (await import('./run.ts')).effectiveWork,
});
