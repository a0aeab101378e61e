import { access, constants, readdir } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { execa } from 'execa';
import { withLock } from './lock.ts';
import { STATE } from './paths.ts';

/** A file the lab needs, by name on the PATH or in full, and the Debian package that brings it. */
const NEEDED: Readonly<Record<string, string>> = {
  mmdebstrap: 'mmdebstrap',
  'systemd-nspawn': 'systemd-container',
  ip: 'iproute2',
  iptables: 'iptables',
  'ssh-keygen': 'openssh-client',
  nsenter: 'util-linux',
  setpriv: 'util-linux',
  '/usr/share/keyrings/debian-archive-keyring.gpg': 'debian-archive-keyring',
};

/** What virtual machines need beside it. */
export const NEEDED_FOR_VMS: Readonly<Record<string, string>> = {
  ...NEEDED,
  'qemu-system-x86_64': 'qemu-system-x86',
  'qemu-img': 'qemu-utils',
  mke2fs: 'e2fsprogs',
};

/** The Debian packages that the lab needs and this machine lacks. */
export async function missingPackages(needed = NEEDED): Promise<readonly string[]> {
  const missing = new Set<string>();
  for (const [file, name] of Object.entries(needed)) if (!(await exists(file))) missing.add(name);
  return [...missing];
}

/** True if a program is on the PATH, or a file with a full path is there. */
export async function exists(file: string): Promise<boolean> {
  const candidates = file.startsWith('/') ? [file] : searchPath().map((directory) => join(directory, file));
  const found = await Promise.all(
    candidates.map((path) =>
      access(path, constants.R_OK).then(
        () => true,
        () => false,
      ),
    ),
  );
  return found.includes(true);
}

/** Makes every program of the lab available; one process installs, the others wait for it. */
export async function ensurePackages(needed = NEEDED): Promise<void> {
  if ((await missingPackages(needed)).length === 0) return;
  await withLock(join(STATE, 'packages.lock'), async () => {
    const missing = await missingPackages(needed);
    if (missing.length === 0) return;
    process.stderr.write(`lab: installing ${missing.join(' ')}\n`);
    if (!(await hasPackageLists())) await aptGet('update');
    const install = ['install', '-y', '--no-install-recommends', ...missing];
    // Package lists that are there may still be too old to name a file that the mirror has.
    await aptGet(...install).catch(async () => {
      await aptGet('update');
      await aptGet(...install);
    });
  });
}

async function aptGet(...args: readonly string[]): Promise<void> {
  await execa('apt-get', ['-q', '-o', 'DPkg::Lock::Timeout=600', ...args], {
    env: { DEBIAN_FRONTEND: 'noninteractive' },
    stdin: 'ignore',
    all: true,
  });
}

async function hasPackageLists(): Promise<boolean> {
  const lists = await readdir('/var/lib/apt/lists').catch(() => []);
  return lists.some((name) => name.includes('_Packages'));
}

// A user's PATH often lacks the directories of the administrator's programs, where execa would not find them either.
function searchPath(): readonly string[] {
  const path = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  for (const directory of ['/usr/sbin', '/sbin']) if (!path.includes(directory)) path.push(directory);
  process.env.PATH = path.join(delimiter);
  return path;
}
