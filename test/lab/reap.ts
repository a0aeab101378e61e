import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { endCgroups } from './cgroups.ts';
import { removeDisk } from './disk.ts';
import { type HostRecord, readRecords, removeRecord } from './host-record.ts';
import { CACHE } from './paths.ts';
import { isAlive } from './process-identity.ts';

/** Ends a host, deletes all of it, and frees its name and address; does nothing if that has been done. */
export async function destroyHost(record: HostRecord): Promise<void> {
  await endCgroups(record.name);
  await removeDisk(record.directory);
  await removeRecord(record.name);
}

/** Destroys the hosts whose owner has ended without doing so; MUST be called with the records locked. */
export async function reap(): Promise<void> {
  const records = await readRecords();
  for (const record of records) {
    if (record.owner !== undefined && !isAlive(record.owner)) await destroyHost(record);
  }
  // The records do not survive a boot of this machine, the directories do.
  const known = new Set(records.map(({ directory }) => directory));
  const directories = (await readdir(join(CACHE, 'hosts')).catch(() => [])).map((name) => join(CACHE, 'hosts', name));
  for (const directory of directories) if (!known.has(directory)) await removeDisk(directory);
}
