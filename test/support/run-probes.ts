import { spawnSync } from 'node:child_process';
import { chownSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HOST_FILES } from '../../src/engine/host-files/index.ts';
import type { Script } from '../../src/remote/sh.ts';

const NOBODY = 65_534;

/** Values that do something else than stand for themselves, wherever they are not quoted: each would leave a file behind. */
export const hostileValues: readonly string[] = [
  `'; touch "$PWNED"; '`,
  '$(touch "$PWNED")',
  '`touch "$PWNED"`',
  '"; touch "$PWNED"; "',
  'a\ntouch "$PWNED"\n',
  '-; touch "$PWNED"',
  '--help',
  '*',
  '*; touch "$PWNED"',
  '&& touch "$PWNED" #',
];

/** Runs the scripts here as an engine would run them as probes, in an empty directory and as nobody; what files came of it. */
export function filesAfter(probes: readonly Script[]): readonly string[] {
  const directory = mkdtempSync(join(tmpdir(), 'harden-probes-'));
  try {
    const isRoot = process.getuid?.() === 0;
    if (isRoot) chownSync(directory, NOBODY, NOBODY);
    const script = HOST_FILES + probes.map((probe) => `(\n${probe}\n) </dev/null >/dev/null 2>&1`).join('\n');
    const { error, status } = spawnSync('sh', ['-s'], {
      input: `${script}\nexit 0\n`,
      cwd: directory,
      env: { LC_ALL: 'C', PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: directory, PWNED: join(directory, 'PWNED') },
      timeout: 60_000,
      ...(isRoot ? { uid: NOBODY, gid: NOBODY } : {}),
    });
    if (error) throw error;
    if (status !== 0) throw new Error(`the shell ended with status ${status}`);
    return readdirSync(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}
