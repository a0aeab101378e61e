import { mkdir, open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { HostError } from '../../errors.ts';
import { type KnownHost, parseKnownHosts, typeInside } from '../known-hosts.ts';
import { queue } from '../prompt.ts';

/** The entries of several known_hosts files, in order; a file that does not exist has none. Rejects with a HostError where one cannot be read. */
export async function readKnownHosts(files: readonly string[]): Promise<readonly KnownHost[]> {
  const entries: KnownHost[] = [];
  for (const file of files) {
    const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return '';
      throw new HostError(`${file}, which holds the known host keys, cannot be read: ${error.message}`, {
        cause: error,
      });
    });
    entries.push(...parseKnownHosts(text, file));
  }
  return entries;
}

const inOrder = queue();

/** Appends a host's key unless `isKnown` says otherwise, with one write so that another process's line is never torn; a new file is 0600, its new directory 0700. Rejects with a HostError. */
export function recordHostKey(file: string, name: string, key: Buffer, isKnown: () => Promise<boolean>): Promise<void> {
  return inOrder(async () => {
    if (!(await isKnown())) await append(file, `${name} ${typeInside(key)} ${key.toString('base64')}\n`);
  });
}

async function append(file: string, line: string): Promise<void> {
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    const handle = await open(file, 'a+', 0o600);
    try {
      const { size } = await handle.stat();
      const last = Buffer.alloc(1);
      if (size > 0) await handle.read(last, 0, 1, size - 1);
      await handle.write(size > 0 && last[0] !== 0x0a ? `\n${line}` : line);
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw new HostError(`the host key could not be recorded in ${file}: ${(error as Error).message}`, {
      hint: 'Make the file writable, or add the key to it by hand',
      cause: error,
    });
  }
}
