/** Where harden keeps what it must not forget on a host; root only. */
export const STATE_DIRECTORY = '/var/lib/harden';

/** Handlers that were notified and have not run: a directory each. */
export const PENDING = `${STATE_DIRECTORY}/pending`;

/** The journal: a directory for each run. */
export const RUNS = `${STATE_DIRECTORY}/runs`;

/** The lock, and who holds it; gone with a reboot. */
export const RUNTIME_DIRECTORY = '/run/harden';

/** A unit that undoes what a run could not prove before the host went down; there only while a guard is armed. */
export const BOOT_GUARD = '/etc/systemd/system/harden-guard.service';
export const BOOT_GUARD_WANTED = '/etc/systemd/system/multi-user.target.wants/harden-guard.service';
