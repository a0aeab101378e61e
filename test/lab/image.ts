import { createHash } from 'node:crypto';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { type AptSettings, aptSettings } from './apt-settings.ts';
import type { Suite } from './lab-host.ts';
import { withLock } from './lock.ts';
import { CACHE } from './paths.ts';

/** The password of admin1 in every image. */
export const SUDO_PASSWORD = 'lab-secret';

// No python3: a host that gets by without it proves that the tool needs none.
export const BASE_PACKAGES = [
  'systemd-sysv',
  'dbus',
  'openssh-server',
  'sudo',
  'iproute2',
  'ca-certificates',
  'udev',
  'procps',
  'iputils-ping',
];
const DOCKER = ['docker.io', 'iptables', 'busybox-static'];
const DOCKER_ADDED: Readonly<Record<Suite, readonly string[]>> = { bookworm: [], trixie: ['docker-cli'] };

/** Makes admin0 and admin1, and keeps apt's own timers away. */
export const ACCOUNTS = `
useradd --create-home --shell /bin/bash admin0
useradd --create-home --shell /bin/bash --groups sudo admin1
echo 'admin1:${SUDO_PASSWORD}' | chpasswd
echo 'admin0 ALL=(ALL:ALL) NOPASSWD: ALL' >/etc/sudoers.d/admin0
chmod 0440 /etc/sudoers.d/admin0
# They take dpkg's lock at a moment of their own, and the test that wants it waits.
systemctl mask apt-daily.timer apt-daily-upgrade.timer
`;

// nspawn mounts the controllers of cgroup v1 read-only, and dockerd makes a cgroup for each container.
const WRITABLE_CGROUPS = `
cat >/etc/systemd/system/lab-cgroups.service <<'END'
[Unit]
Description=Make the cgroup controllers writable for Docker
Before=docker.service containerd.service

[Service]
Type=oneshot
ExecStart=/bin/sh -c 'for d in /sys/fs/cgroup/*/; do mount -o remount,rw,bind "$d" 2>/dev/null || true; done'

[Install]
WantedBy=multi-user.target
END
systemctl enable lab-cgroups.service
`;

/** The directory of a Debian that has never booted, built on first use; MUST NOT be changed. */
export async function ensureImage(suite: Suite, docker: boolean): Promise<string> {
  const settings = await aptSettings(suite);
  const packages = [...BASE_PACKAGES, ...(docker ? [...DOCKER, ...DOCKER_ADDED[suite]] : [])];
  const recipe = ACCOUNTS + (docker ? WRITABLE_CGROUPS : '');
  // The recipe is its own version: change it, and the next run builds anew.
  const version = createHash('sha256')
    .update(JSON.stringify({ packages, recipe, settings }))
    .digest('hex')
    .slice(0, 10);
  const image = join(CACHE, 'images', `${suite}${docker ? '-docker' : ''}-${version}`);
  if (await isDirectory(image)) return image;
  return withLock(`${image}.lock`, async () => {
    if (!(await isDirectory(image))) await build(image, suite, packages, recipe, settings);
    return image;
  });
}

async function build(
  image: string,
  suite: Suite,
  packages: readonly string[],
  recipe: string,
  settings: AptSettings,
): Promise<void> {
  const partial = `${image}.partial`;
  process.stderr.write(`lab: building the image ${image}, once, in about a minute\n`);
  await rm(partial, { recursive: true, force: true });
  await mkdir(join(CACHE, 'images'), { recursive: true });
  await bootstrap(partial, suite, packages, recipe, settings);
  await rename(partial, image);
}

/** Installs a Debian into a directory that is not there yet, and runs the recipe in it. */
export async function bootstrap(
  directory: string,
  suite: Suite,
  packages: readonly string[],
  recipe: string,
  settings: AptSettings,
): Promise<void> {
  await execa('mmdebstrap', [
    '--mode=root',
    '--variant=important',
    `--include=${packages.join(',')}`,
    ...settings.options.map((option) => `--aptopt=${option}`),
    suite,
    directory,
    ...settings.sources,
  ]);
  await execa('chroot', [directory, '/bin/sh', '-eu'], { input: recipe, extendEnv: false, env: CHROOT_ENVIRONMENT });
}

const CHROOT_ENVIRONMENT = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' };

async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
