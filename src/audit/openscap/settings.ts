import { z } from 'zod';
import { scoreSettings } from '../gate-settings.ts';

/** What a playbook may say of this audit. */
export const OpenscapSettings = z.strictObject({
  ...scoreSettings,
  profile: z
    .string()
    .regex(/^[\w.-]+$/, 'a profile is named by its id: standard, anssi_np_nt28_high, cis_level2_server')
    .optional()
    .describe('The profile by its id, or by the end of it; standard where it is not said.'),
  data_stream: z
    .string()
    .startsWith('/')
    .optional()
    .describe("A data stream on the host; that of ssg-debian for the host's release where it is not said."),
});
export type OpenscapSettings = z.infer<typeof OpenscapSettings>;
