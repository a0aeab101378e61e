import { z } from 'zod';
import { gateSettings } from '../gate-settings.ts';

/** What a playbook may say of this audit. */
export const ContainersSettings = z.strictObject({
  ...gateSettings,
  all: z.boolean().optional().describe('Also containers that do not run.'),
  allowed_registries: z
    .array(z.string().min(1))
    .optional()
    .describe('Images come from these alone: docker.io/library, registry.example.com.'),
  require_digest: z.boolean().optional().describe('An image without a digest is a finding, not a remark.'),
  max_age_days: z.int().min(1).optional().describe('Older images are a finding; 180 where it is not said.'),
});
export type ContainersSettings = z.infer<typeof ContainersSettings>;
