import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startContainer, waitForBoot, waitForInit } from './container.ts';
import { createDisk, personalise } from './disk.ts';
import { type HostRecord, RECORDS_LOCK, readRecords, writeRecord } from './host-record.ts';
import { ensureImage } from './image.ts';
import { ensureClientKey, ensureHostKeys, type HostKeys } from './keys.ts';
import type { LabOptions } from './lab-host.ts';
import { withLock } from './lock.ts';
import { addresses, ensureNetwork, freeNetwork } from './network.ts';
import { ensurePackages } from './packages.ts';
import { CACHE } from './paths.ts';
import { identify } from './process-identity.ts';
import { destroyHost, reap } from './reap.ts';

/** A host that has booted, and what is needed to log in. */
export interface CreatedHost {
  readonly record: HostRecord;
  readonly keyFile: string;
  readonly knownHostsFile: string;
  readonly hostKeys: HostKeys;
}

/** Boots a host from an image; it ends with this process, unless it is to stay. */
export async function createHost(
  options: Pick<LabOptions, 'suite' | 'docker'>,
  { name, stays = false }: { readonly name?: string | undefined; readonly stays?: boolean } = {},
): Promise<CreatedHost> {
  const { suite = 'bookworm', docker = false } = options;
  await ensurePackages();
  const [image, { keyFile, publicKey }] = await Promise.all([ensureImage(suite, docker), ensureClientKey()]);
  let record = await claim({ suite, docker, stays, name });
  try {
    const [hostKeys] = await Promise.all([ensureHostKeys(record.address), createDisk(record, image)]);
    await Promise.all([personalise(record, publicKey, hostKeys), freeNetwork(record.name, record.address)]);
    const knownHostsFile = join(record.directory, 'known_hosts');
    await writeFile(knownHostsFile, hostKeys.lines.map((key) => `${record.address} ${key}\n`).join(''));
    record = await start(record);
    return { record, keyFile, knownHostsFile, hostKeys };
  } catch (error) {
    await destroyHost(record).catch(() => {});
    throw error;
  }
}

/** Boots the container of a host that does not run, and gives the record of it running. */
export async function start(record: HostRecord): Promise<HostRecord> {
  const running = { ...record, keeper: await startContainer(record) };
  await writeRecord(running);
  await waitForBoot(running);
  return running;
}

/** Boots as `start` does, and does not ask whether anything but its process 1 came up. */
export async function powerOn(record: HostRecord): Promise<HostRecord> {
  const running = { ...record, keeper: await startContainer(record) };
  await writeRecord(running);
  await waitForInit(running);
  return running;
}

async function claim(wish: {
  readonly suite: HostRecord['suite'];
  readonly docker: boolean;
  readonly stays: boolean;
  readonly name: string | undefined;
}): Promise<HostRecord> {
  return withLock(RECORDS_LOCK, async () => {
    await reap();
    await ensureNetwork();
    const records = await readRecords();
    if (records.some(({ name }) => name === wish.name)) throw new Error(`There is a lab host ${wish.name} already.`);
    for (const free of addresses()) {
      const name = wish.name ?? free.name;
      if (records.some((record) => record.address === free.address || record.name === name)) continue;
      const owner = wish.stays ? undefined : identify(process.pid);
      const record: HostRecord = {
        name,
        address: free.address,
        suite: wish.suite,
        docker: wish.docker,
        directory: join(CACHE, 'hosts', name),
        ...(owner === undefined ? {} : { owner }),
      };
      await mkdir(record.directory, { recursive: true });
      await writeRecord(record);
      return record;
    }
    throw new Error('All addresses of the lab are taken; see `npm run lab -- list`.');
  });
}
