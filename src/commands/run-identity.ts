import { randomBytes } from 'node:crypto';
import { hostname, userInfo } from 'node:os';
import type { RunIdentity } from '../engine/journal/journal-script.ts';
import type { Io } from '../report/io.ts';
import { version } from '../version.ts';

/** Who applies what, now, from here. */
export function newRunIdentity(playbook: string, io: Io): RunIdentity {
  const at = new Date().toISOString().replace(/\.\d+Z$/, 'Z');
  const user = io.env.SUDO_USER ?? userInfo().username;
  return {
    id: `${at.replaceAll(/[-:]/g, '')}-${randomBytes(2).toString('hex')}`,
    by: `${user}@${hostname()}`,
    at,
    playbook,
    tool: version,
  };
}
