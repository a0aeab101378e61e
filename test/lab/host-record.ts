import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Suite } from './lab-host.ts';
import { STATE } from './paths.ts';
import type { ProcessIdentity } from './process-identity.ts';

/** What other processes of this machine must know of a host: that its name and address are taken, and until when. */
export interface HostRecord {
  readonly name: string;
  readonly address: string;
  readonly suite: Suite;
  readonly docker: boolean;
  /** Everything of the host is in here. */
  readonly directory: string;
  /** The process that the host dies with; a host without one stays until it is taken down. */
  readonly owner?: ProcessIdentity;
  /** The process that keeps the container running. */
  readonly keeper?: ProcessIdentity;
}

/** MUST be held while a record is added. */
export const RECORDS_LOCK = join(STATE, 'hosts.lock');

const RECORDS = join(STATE, 'hosts');

/** All hosts that this machine has, whoever booted them. */
export async function readRecords(): Promise<readonly HostRecord[]> {
  const names = (await readdir(RECORDS).catch(() => [])).filter((name) => name.endsWith('.json'));
  const texts = await Promise.all(names.map((name) => readFile(join(RECORDS, name), 'utf8').catch(() => undefined)));
  return texts.filter((text) => text !== undefined).map((text) => JSON.parse(text));
}

/** Adds or replaces the record of a host. */
export async function writeRecord(record: HostRecord): Promise<void> {
  await mkdir(RECORDS, { recursive: true });
  const file = join(RECORDS, `${record.name}.json`);
  await writeFile(`${file}.new`, JSON.stringify(record));
  await rename(`${file}.new`, file);
}

/** Gives the host's name and address back. */
export async function removeRecord(name: string): Promise<void> {
  await rm(join(RECORDS, `${name}.json`), { force: true });
}
