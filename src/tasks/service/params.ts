import { z } from 'zod';
import { unitName } from './unit.ts';

const NOT_A_STATE =
  'a state is started or stopped; nothing could tell afterwards that a restart or a reload holds: write a handler (handlers: { restart it: { run: systemctl restart UNIT } }) and notify it from the task that changes the files';

/** What a playbook says of a unit. */
export const Service = z
  .strictObject({
    name: unitName.describe('The unit: `docker`, `docker.socket`, `getty@tty1`. Without a suffix it is a service.'),
    state: z
      .enum(['started', 'stopped'], { error: NOT_A_STATE })
      .optional()
      .describe('Whether it runs now. A failed unit is stopped.'),
    enabled: z.boolean().optional().describe('Whether it starts at boot.'),
    masked: z.boolean().optional().describe('Whether nothing at all can start it.'),
    daemon_reload: z
      .boolean()
      .optional()
      .describe('Make systemd read the unit files again where they changed after it had read them.'),
  })
  .refine((p) => p.state !== undefined || p.enabled !== undefined || p.masked !== undefined || p.daemon_reload, {
    error: 'say what must hold: state, enabled, masked or daemon_reload: true',
  })
  .refine((p) => !(p.masked && (p.state === 'started' || p.enabled)), {
    error: 'a masked unit can neither run nor start at boot: drop masked, or state: started and enabled: true',
  });
export type Service = z.infer<typeof Service>;

/** What holds of a unit; null: there is none, and nothing runs under its name. */
export type ServiceState = {
  readonly state?: 'started' | 'stopped' | 'failed';
  readonly enabled?: boolean;
  readonly masked?: boolean;
  /** What systemd has of the unit's files. */
  readonly loaded?: 'current' | 'stale';
  /** The unit behind an alias: `ssh.service` for sshd. */
  readonly unit?: string;
  /** systemd's LoadState. */
  readonly load?: string;
  /** systemd's UnitFileState. */
  readonly file?: string;
  /** Where the unit file stands. */
  readonly path?: string;
  /** Where the name is a link in /etc to the file of another unit. */
  readonly alias_file?: string;
  /** True for a oneshot that is inactive again as soon as it has done its work. */
  readonly passes?: boolean;
  /** Active units that start this one when it is stopped. */
  readonly triggers?: readonly string[];
} | null;
