import { z } from 'zod';

// what apt keeps as it is between quotes
const QUOTABLE = /^[^"%\x00-\x1f\x7f]+$/;
const pattern = z.string().refine((value) => QUOTABLE.test(value) && /[=:]/.test(value) && !value.startsWith('#'), {
  error:
    'write a pattern such as origin=Docker,archive=${distro_codename}, or ORIGIN:ARCHIVE, without quotes or percent signs',
});
const days = z
  .union([z.boolean(), z.number().int().min(0).max(365)], { error: 'write a number of days, or true or false' })
  .transform((value) => Number(value));
const text = (allowed: RegExp, message: string) => z.string().regex(allowed, message);

/** What a playbook says of unattended-upgrades. */
export const UnattendedUpgrades = z.strictObject({
  security_only: z
    .boolean()
    .default(true)
    .describe('Security updates alone (Debian by itself also takes the updates of a point release).'),
  origins: z
    .array(pattern)
    .min(1)
    .optional()
    .describe(
      'Where upgrades may come from, in place of what `security_only` says: `origin=Debian,label=Debian-Security`, or `ORIGIN:ARCHIVE`.',
    ),
  extra_origins: z
    .array(pattern)
    .default([])
    .describe(
      "Further origins, such as Docker's own: `origin=Docker,archive=${distro_codename}`. Its upgrades restart containers unless live-restore is on.",
    ),
  update_package_lists: days.default(1).describe('Refresh the package lists every so many days; 0 or false: never.'),
  unattended_upgrade: days.default(1).describe('Upgrade every so many days; 0 or false: never.'),
  automatic_reboot: z.boolean().optional().describe('Reboot by itself when an upgrade asks for it.'),
  automatic_reboot_time: text(/^(now|([01]\d|2[0-3]):[0-5]\d)$/, 'write a time such as "02:00", or now')
    .optional()
    .describe('When to reboot: `"02:00"`, or `now`.'),
  automatic_reboot_with_users: z.boolean().optional().describe('Reboot even while somebody is logged in.'),
  mail: text(/^[^\s"\\;]*$/, 'write an address')
    .optional()
    .describe('Who gets the report. Needs a mailer on the host.'),
  mail_report: z.enum(['always', 'only-on-error', 'on-change']).optional().describe('When a report is sent.'),
  remove_unused_dependencies: z
    .boolean()
    .optional()
    .describe('Remove packages that nothing needs any more, also those that were there before.'),
  package_blacklist: z
    .array(text(QUOTABLE, 'write a regular expression without quotes or percent signs'))
    .optional()
    .describe('Packages that are never upgraded by themselves: regular expressions that match the start of the name.'),
  verify: z
    .boolean()
    .default(true)
    .describe(
      'After a change, have `unattended-upgrade --dry-run --debug` show that it works, and takes these origins alone. It needs the network, and fetches what it would install.',
    ),
  minimal_steps: z.boolean().optional().describe('Upgrade in small steps, so that a shutdown does not wait long.'),
});
export type UnattendedUpgrades = z.infer<typeof UnattendedUpgrades>;
