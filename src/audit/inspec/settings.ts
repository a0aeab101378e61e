import { z } from 'zod';
import { gateSettings } from '../gate-settings.ts';

/** What a playbook may say of this audit. */
export const InspecSettings = z.strictObject({
  profile: z
    .string()
    .min(1)
    .describe('The profile: a directory or an archive (./NAME: as seen from this playbook), or a URL.'),
  ...gateSettings,
});
export type InspecSettings = z.infer<typeof InspecSettings>;
