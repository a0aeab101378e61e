import { makeBox } from '../test/vagrant/make-box.ts';

const { file, image } = await makeBox();
process.stdout.write(
  `vagrant box add --name harden/bookworm ${file}\nHARDEN_LIBVIRT_KERNEL=${image.kernel} HARDEN_LIBVIRT_INITRD=${image.initrd}\n`,
);
