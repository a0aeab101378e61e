import { z } from 'zod';
import { defineAudit } from '../audit.ts';
import { scoreSettings } from '../gate-settings.ts';

/** Lynis on the host; the score is its hardening index. */
export const lynis = defineAudit({
  of: 'host',
  name: 'lynis',
  tool: 'lynis',
  summary: "Lynis on the host, from the distribution's package",
  settings: z.strictObject(scoreSettings),
  load: async () => (await import('./run.ts')).lynisWork,
});
