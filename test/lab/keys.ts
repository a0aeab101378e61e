import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { withLock } from './lock.ts';
import { exists } from './packages.ts';
import { CACHE } from './paths.ts';

/** The key that opens every host of this cache. */
export async function ensureClientKey(): Promise<{ readonly keyFile: string; readonly publicKey: string }> {
  const keyFile = join(CACHE, 'key');
  await mkdir(CACHE, { recursive: true });
  if (!(await exists(`${keyFile}.pub`))) {
    await withLock(`${keyFile}.lock`, async () => {
      if (await exists(`${keyFile}.pub`)) return;
      await rm(keyFile, { force: true });
      await execa('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'harden-lab', '-f', keyFile]);
    });
  }
  return { keyFile, publicKey: await readFile(`${keyFile}.pub`, 'utf8') };
}

/** The key pairs of a host, as files in a directory, and the public ones as known_hosts has them, without the address. */
export interface HostKeys {
  readonly directory: string;
  readonly lines: readonly string[];
}

/**
 * Host keys of all usual types for the host that has this address now. The next to have it gets the same ones, as an RSA
 * key takes longer to make than a host to boot.
 */
export async function ensureHostKeys(address: string): Promise<HostKeys> {
  const directory = join(CACHE, 'host-keys', address);
  if (!(await exists(directory))) {
    const partial = `${directory}.partial`;
    await rm(partial, { recursive: true, force: true });
    await mkdir(join(partial, 'etc/ssh'), { recursive: true });
    await execa('ssh-keygen', ['-A', '-f', partial]);
    await rename(join(partial, 'etc/ssh'), directory);
    await rm(partial, { recursive: true });
  }
  const names = (await readdir(directory)).filter((name) => name.endsWith('.pub'));
  const texts = await Promise.all(names.map((name) => readFile(join(directory, name), 'utf8')));
  return { directory, lines: texts.map((text) => text.split(' ').slice(0, 2).join(' ').trim()) };
}
