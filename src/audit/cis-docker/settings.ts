import { z } from 'zod';
import { scoreSettings } from '../gate-settings.ts';

/** What a playbook may say of this audit. */
export const CisDockerSettings = z.strictObject({
  ...scoreSettings,
  trusted_users: z.array(z.string().min(1)).optional().describe('Users who may be in the docker group (check 1.1.2).'),
});
export type CisDockerSettings = z.infer<typeof CisDockerSettings>;
