import { createHash } from 'node:crypto';
import { chmod, copyFile, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { aptSettings } from './apt-settings.ts';
import { ACCOUNTS, BASE_PACKAGES, bootstrap } from './image.ts';
import { ensureClientKey, ensureHostKeys } from './keys.ts';
import type { Suite } from './lab-host.ts';
import { withLock } from './lock.ts';
import { exists } from './packages.ts';
import { CACHE } from './paths.ts';

/** A disk with a Debian that has never booted, and what boots it; MUST NOT be changed: boot an overlay of it. */
export interface VmImage {
  readonly disk: string;
  readonly kernel: string;
  readonly initrd: string;
  /** The machine's public keys as known_hosts has them, without the address. */
  readonly hostKeys: readonly string[];
}

/** What makes a bootable machine of a Debian. */
export const KERNEL = [
  'linux-image-cloud-amd64',
  'initramfs-tools',
  'e2fsprogs',
  'ifupdown',
  'isc-dhcp-client',
  'apparmor',
  'kmod',
];
/** Docker as each Debian brings it. */
export const DOCKER: Readonly<Record<Suite, readonly string[]>> = {
  bookworm: ['docker.io', 'iptables', 'busybox-static'],
  trixie: ['docker.io', 'docker-cli', 'iptables', 'busybox-static'],
};

const MACHINE = `
cat >/etc/network/interfaces <<'END'
auto lo eth0
iface lo inet loopback
iface eth0 inet dhcp
END
echo '/dev/vda / ext4 defaults 0 1' >/etc/fstab
echo lab-vm >/etc/hostname
echo '127.0.1.1 lab-vm' >>/etc/hosts
echo 'nameserver 10.0.2.3' >/etc/resolv.conf
`;

/** The image of a virtual machine, built on first use; `added` runs in it as a script once it is installed. */
export async function ensureVmImage(suite: Suite, docker: boolean, added = ''): Promise<VmImage> {
  const [settings, { publicKey }, keys] = await Promise.all([
    aptSettings(suite),
    ensureClientKey(),
    ensureHostKeys('vm'),
  ]);
  const packages = [...BASE_PACKAGES, ...KERNEL, ...(docker ? DOCKER[suite] : [])];
  const recipe = ACCOUNTS + MACHINE + added;
  const version = createHash('sha256')
    .update(JSON.stringify({ packages, recipe, settings, publicKey }))
    .digest('hex')
    .slice(0, 10);
  const directory = join(CACHE, 'images', `vm-${suite}${docker ? '-docker' : ''}-${version}`);
  const image = {
    disk: join(directory, 'disk.raw'),
    kernel: join(directory, 'vmlinuz'),
    initrd: join(directory, 'initrd.img'),
    hostKeys: keys.lines,
  };
  if (await exists(image.disk)) return image;
  return withLock(`${directory}.lock`, async () => {
    if (await exists(image.disk)) return image;
    process.stderr.write(`lab: building the virtual machine ${directory}, once, in about two minutes\n`);
    const partial = `${directory}.partial`;
    await rm(partial, { recursive: true, force: true });
    await mkdir(partial, { recursive: true });
    const tree = join(partial, 'tree');
    await bootstrap(tree, suite, packages, recipe, settings);
    await letIn(tree, publicKey, keys.directory);
    await execa('mke2fs', ['-q', '-t', 'ext4', '-d', tree, join(partial, 'disk.raw'), '8G']);
    const boot = await readdir(join(tree, 'boot'));
    for (const [prefix, name] of [
      ['vmlinuz-', 'vmlinuz'],
      ['initrd.img-', 'initrd.img'],
    ] as const) {
      const found = boot.find((file) => file.startsWith(prefix));
      if (found === undefined) throw new Error(`The image of the virtual machine has no /boot/${prefix}*.`);
      await copyFile(join(tree, 'boot', found), join(partial, name));
    }
    await rm(tree, { recursive: true, force: true });
    await rename(partial, directory);
    return image;
  });
}

async function letIn(tree: string, publicKey: string, hostKeys: string): Promise<void> {
  for (const [home, owner] of [
    ['root', '0:0'],
    ['home/admin0', '1000:1000'],
    ['home/admin1', '1001:1001'],
  ] as const) {
    await mkdir(join(tree, home, '.ssh'), { recursive: true, mode: 0o700 });
    await writeFile(join(tree, home, '.ssh/authorized_keys'), publicKey, { mode: 0o600 });
    await execa('chown', ['-R', owner, join(tree, home, '.ssh')]);
  }
  for (const name of await readdir(hostKeys)) {
    await copyFile(join(hostKeys, name), join(tree, 'etc/ssh', name));
    await chmod(join(tree, 'etc/ssh', name), name.endsWith('.pub') ? 0o644 : 0o600);
  }
}
