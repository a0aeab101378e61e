import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { execa } from 'execa';
import { ensurePackages, NEEDED_FOR_VMS } from '../lab/packages.ts';
import { CACHE } from '../lab/paths.ts';
import { ensureVmImage, type VmImage } from '../lab/vm-image.ts';

/** A Vagrant box for libvirt made on this machine, and the kernel that boots it. */
export interface LocalBox {
  /** A `.box` file for `vagrant box add`. */
  readonly file: string;
  readonly image: VmImage;
}

/** Builds a Debian 12 box with Docker, a `vagrant` user and Vagrant's public key, on first use; for people without access to public boxes. */
export async function makeBox(): Promise<LocalBox> {
  await ensurePackages(NEEDED_FOR_VMS);
  const key = (await readFile(await vagrantPublicKey(), 'utf8')).trim();
  const image = await ensureVmImage('bookworm', true, vagrantUser(key));
  const directory = join(CACHE, 'boxes');
  const file = join(directory, `${basename(join(image.disk, '..'))}.box`);
  const there = await readFile(`${file}.made`, 'utf8').catch(() => undefined);
  if (there !== undefined) return { file, image };
  await mkdir(directory, { recursive: true });
  const work = await mkdtemp(join(tmpdir(), 'harden-box-'));
  try {
    await execa('qemu-img', ['convert', '-f', 'raw', '-O', 'qcow2', image.disk, join(work, 'box.img')]);
    await writeFile(
      join(work, 'metadata.json'),
      JSON.stringify({ provider: 'libvirt', format: 'qcow2', virtual_size: 8 }),
    );
    await writeFile(join(work, 'Vagrantfile'), 'Vagrant.configure("2") { |config| }\n');
    await execa('tar', ['-C', work, '-czf', file, 'box.img', 'metadata.json', 'Vagrantfile'], { env: { GZIP: '-1' } });
    await writeFile(`${file}.made`, '');
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return { file, image };
}

async function vagrantPublicKey(): Promise<string> {
  const { stdout } = await execa('dpkg', ['-L', 'vagrant']);
  const found = stdout.split('\n').find((path) => path.endsWith('/keys/vagrant.pub'));
  if (found === undefined) throw new Error("Debian's package vagrant has no keys/vagrant.pub.");
  return found;
}

function vagrantUser(key: string): string {
  return `
useradd --create-home --shell /bin/bash vagrant
echo 'vagrant ALL=(ALL:ALL) NOPASSWD: ALL' >/etc/sudoers.d/vagrant
chmod 0440 /etc/sudoers.d/vagrant
install -d -m 0700 -o vagrant -g vagrant /home/vagrant/.ssh
echo '${key}' >/home/vagrant/.ssh/authorized_keys
chown vagrant:vagrant /home/vagrant/.ssh/authorized_keys
chmod 0600 /home/vagrant/.ssh/authorized_keys
`;
}
