import { createHash } from 'node:crypto';
import { mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { aptSettings } from '../lab/apt-settings.ts';
import { BASE_PACKAGES, bootstrap } from '../lab/image.ts';
import type { Suite } from '../lab/lab-host.ts';
import { withLock } from '../lab/lock.ts';
import { ensurePackages, exists, NEEDED_FOR_VMS } from '../lab/packages.ts';
import { CACHE } from '../lab/paths.ts';
import { DOCKER, KERNEL } from '../lab/vm-image.ts';
import { boxRecipe, GRUB_CONFIG, LABEL } from './box-recipe.ts';

const NEEDED = {
  ...NEEDED_FOR_VMS,
  vagrant: 'vagrant',
  sfdisk: 'fdisk',
  'grub-mkimage': 'grub-common',
  '/usr/lib/grub/i386-pc/boot.img': 'grub-pc-bin',
};
const GRUB = '/usr/lib/grub/i386-pc';
const GRUB_MODULES = ['biosdisk', 'part_msdos', 'ext2', 'normal', 'linux', 'search', 'search_label'];
const DISK_GIB = 8;
const FIRST_PARTITION = 2 ** 20;
const SECTOR = 512;

/** A `.box` file for `vagrant box add`, for libvirt and QEMU: a Debian with Docker that boots by itself; built on first use, for people without access to public boxes. */
export async function makeBox(suite: Suite = 'bookworm'): Promise<string> {
  await ensurePackages(NEEDED);
  const settings = await aptSettings(suite);
  const packages = [...BASE_PACKAGES, ...KERNEL, ...DOCKER[suite]];
  const recipe = boxRecipe(await vagrantPublicKey());
  const version = createHash('sha256')
    .update(JSON.stringify({ packages, recipe, settings, GRUB_CONFIG, GRUB_MODULES }))
    .digest('hex')
    .slice(0, 10);
  const file = join(CACHE, 'boxes', `harden-${suite}-${version}.box`);
  if (await exists(file)) return file;
  return withLock(`${file}.lock`, async () => {
    if (await exists(file)) return file;
    process.stderr.write(`Building the Vagrant box ${file}, once, in about two minutes\n`);
    const work = `${file}.partial`;
    await rm(work, { recursive: true, force: true });
    await mkdir(work, { recursive: true });
    try {
      const tree = join(work, 'tree');
      await bootstrap(tree, suite, packages, recipe, settings);
      await writeDisk(tree, work);
      await pack(work);
      await rename(join(work, 'done.box'), file);
    } finally {
      await rm(work, { recursive: true, force: true });
    }
    return file;
  });
}

/** Makes `disk.raw`: a partition with the tree, and GRUB before it, without a loop device or a mount. */
async function writeDisk(tree: string, work: string): Promise<void> {
  const disk = join(work, 'disk.raw');
  const core = join(work, 'core.img');
  await mkdir(join(tree, 'boot/grub'), { recursive: true });
  await writeFile(join(tree, 'boot/grub/grub.cfg'), GRUB_CONFIG);
  await execa('truncate', ['-s', `${DISK_GIB}G`, disk]);
  await execa('sfdisk', ['-q', disk], { input: `label: dos\nstart=${FIRST_PARTITION / SECTOR}, type=83, bootable\n` });
  const kibibytes = (DISK_GIB * 2 ** 30 - FIRST_PARTITION) / 1024;
  const filesystem = ['-t', 'ext4', '-L', LABEL, '-E', `offset=${FIRST_PARTITION}`, '-d', tree];
  await execa('mke2fs', ['-q', '-F', ...filesystem, disk, `${kibibytes}k`]);
  await execa('grub-mkimage', ['-O', 'i386-pc', '-o', core, '-p', '(hd0,msdos1)/boot/grub', ...GRUB_MODULES]);
  // The first sector keeps its partition table behind GRUB's code, which reads on from the sector that follows.
  const handle = await open(disk, 'r+');
  try {
    await handle.write(await readFile(join(GRUB, 'boot.img')), 0, 440, 0);
    const image = await readFile(core);
    if (image.length > FIRST_PARTITION - SECTOR) throw new Error('GRUB does not fit before the first partition.');
    await handle.write(image, 0, image.length, SECTOR);
  } finally {
    await handle.close();
  }
  await rm(tree, { recursive: true, force: true });
}

async function pack(work: string): Promise<void> {
  await execa('qemu-img', ['convert', '-f', 'raw', '-O', 'qcow2', join(work, 'disk.raw'), join(work, 'box.img')]);
  await writeFile(
    join(work, 'metadata.json'),
    JSON.stringify({ provider: 'libvirt', format: 'qcow2', virtual_size: DISK_GIB }),
  );
  await writeFile(join(work, 'Vagrantfile'), 'Vagrant.configure("2") { |config| }\n');
  await execa('tar', [
    '-C',
    work,
    '-I',
    'gzip -1',
    '-cf',
    join(work, 'done.box'),
    'box.img',
    'metadata.json',
    'Vagrantfile',
  ]);
}

/** The key that every box knows before its first boot; Vagrant replaces it then. */
async function vagrantPublicKey(): Promise<string> {
  const { stdout } = await execa('dpkg', ['-L', 'vagrant']);
  const found = stdout.split('\n').find((path) => path.endsWith('/keys/vagrant.pub'));
  if (found === undefined) throw new Error("Debian's package vagrant has no keys/vagrant.pub.");
  return (await readFile(found, 'utf8')).trim();
}
