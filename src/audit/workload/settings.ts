import type { WorkloadSettings } from '../../engine/resolved-task.ts';
import type { RuleSettings } from './rule.ts';

/** After this many days, an image lacks half a year of security updates. */
const MAX_AGE_DAYS = 180;

/** The settings of a playbook or of the command line as the rules take them. */
export function ruleSettings(
  settings: WorkloadSettings,
  now: Date,
  environment?: RuleSettings['environment'],
): RuleSettings {
  return {
    environment,
    allowedRegistries: settings.allowed_registries,
    requireDigest: settings.require_digest,
    maxAgeDays: settings.max_age_days ?? MAX_AGE_DAYS,
    now,
  };
}
