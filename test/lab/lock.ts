import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';

const PATIENCE_S = 900;

/** Runs `work` while no other process on this machine runs its own under the same lock file. */
export async function withLock<T>(file: string, work: () => Promise<T>): Promise<T> {
  await mkdir(dirname(file), { recursive: true });
  // The kernel drops the lock when the holder ends, and the holder ends when our end of its stdin closes, however we
  // die. It leads its own process group because a Ctrl-C is for us, not for it.
  const holder = spawn('flock', ['-w', String(PATIENCE_S), file, 'sh', '-c', 'echo held; exec cat'], {
    stdio: ['pipe', 'pipe', 'ignore'],
    detached: true,
  });
  const ended = once(holder, 'close');
  const held = await Promise.race([once(holder.stdout, 'data').then(() => true), ended.then(() => false)]);
  if (!held) throw new Error(`Another process has held ${file} for ${PATIENCE_S} s.`);
  try {
    return await work();
  } finally {
    holder.stdin.end();
    await ended;
  }
}
