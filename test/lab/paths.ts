import { homedir } from 'node:os';
import { join } from 'node:path';

/** What may be kept between runs and deleted at any time when no lab host runs. */
export const CACHE = process.env.HARDEN_LAB_CACHE || join(homedir(), '.cache', 'harden', 'lab');

/** What is true of this machine until it boots again, whatever the cache: who has which address. */
export const STATE = '/run/harden-lab';
