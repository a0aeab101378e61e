import { randomBytes } from 'node:crypto';
import { access, chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import type { HostRecord } from './host-record.ts';
import type { HostKeys } from './keys.ts';
import { GATEWAY, PREFIX_LENGTH } from './network.ts';

/** Where the root directory of a host is. */
export function rootOf(record: HostRecord): string {
  return join(record.directory, 'root');
}

/** Gives a host a disk of its own, with the image's content. */
export async function createDisk(record: HostRecord, image: string): Promise<void> {
  const root = rootOf(record);
  await mkdir(root, { recursive: true });
  if (await mountOverlay(record.directory, root, image)) {
    if (record.docker) await plainVarLib(record.directory, root, image);
  } else {
    await copy(image, root);
  }
}

async function mountOverlay(directory: string, root: string, image: string): Promise<boolean> {
  const upper = join(directory, 'upper');
  const work = join(directory, 'work');
  await Promise.all([mkdir(upper), mkdir(work)]);
  const options = `lowerdir=${image},upperdir=${upper},workdir=${work}`;
  // The disk is thrown away in any case: without the waiting for it, dpkg is several times faster.
  for (const mode of [`${options},volatile`, options]) {
    const mounted = await execa('mount', ['-t', 'overlay', 'harden-lab', '-o', mode, root], { reject: false });
    if (mounted.exitCode === 0) return true;
  }
  return false;
}

// Docker's storage cannot lie on an overlay. A mount of its own for /var/lib/docker would please audits that look for
// one and that a real host fails, so the mount is one level above.
async function plainVarLib(directory: string, root: string, image: string): Promise<void> {
  const copied = join(directory, 'var-lib');
  await copy(join(image, 'var/lib'), copied);
  await execa('mount', ['--bind', copied, join(root, 'var/lib')]);
}

async function copy(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  await execa('cp', ['-a', '--reflink=auto', `${from}/.`, to]);
}

/** Deletes all of a host's files. */
export async function removeDisk(directory: string): Promise<void> {
  // Lazily: a process that has just been killed may still hold a file there.
  for (const mounted of ['root/var/lib', 'root']) {
    await execa('umount', ['--lazy', join(directory, mounted)], { reject: false });
  }
  await rm(directory, { recursive: true, force: true, maxRetries: 3 });
}

/** Makes the copy of an image into this one host: its name, its network, its identity, who may log in. */
export async function personalise(record: HostRecord, publicKey: string, hostKeys: HostKeys): Promise<void> {
  const root = rootOf(record);
  await Promise.all([
    writeFile(join(root, 'etc/hostname'), `${record.name}\n`),
    writeFile(join(root, 'etc/hosts'), `127.0.0.1\tlocalhost\n127.0.1.1\t${record.name}\n`),
    // Without one, systemd takes this for the first boot of all and resets which services are enabled.
    replaceFile(join(root, 'etc/machine-id'), `${randomBytes(16).toString('hex')}\n`, 0o444),
    writeFile(join(root, 'etc/network/interfaces'), interfaces(record.address)),
    replaceResolver(join(root, 'etc/resolv.conf')),
    execa('cp', ['-a', `${hostKeys.directory}/.`, join(root, 'etc/ssh')]),
    ...['root', 'home/admin0', 'home/admin1'].map((home) => letIn(join(root, home), publicKey)),
  ]);
}

function interfaces(address: string): string {
  return `source /etc/network/interfaces.d/*

auto lo
iface lo inet loopback

auto host0
iface host0 inet static
    address ${address}/${PREFIX_LENGTH}
    gateway ${GATEWAY}
`;
}

async function replaceResolver(file: string): Promise<void> {
  // systemd-resolved's own address is this machine's loopback, out of a host's reach; here it says what it asks itself.
  const behindResolved = '/run/systemd/resolve/resolv.conf';
  const source = await access(behindResolved).then(
    () => behindResolved,
    () => '/etc/resolv.conf',
  );
  await replaceFile(file, await readFile(source), 0o644);
}

async function replaceFile(file: string, content: string | Uint8Array, mode: number): Promise<void> {
  await rm(file, { force: true });
  await writeFile(file, content, { mode });
}

async function letIn(home: string, publicKey: string): Promise<void> {
  const directory = join(home, '.ssh');
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const file = join(directory, 'authorized_keys');
  await writeFile(file, publicKey, { mode: 0o600 });
  await chmod(directory, 0o700);
  await execa('chown', ['-R', `--reference=${home}`, directory]);
}
