import { copyFile } from 'node:fs/promises';
import { makeBox } from '../test/vagrant/make-box.ts';

const USAGE = `usage: npm run make-box -- [bookworm|trixie] [FILE.box]
  bookworm|trixie  Debian 12 (default) or 13
  FILE.box         where to copy the box; else it stays in the cache of the tests
`;

const [suite = 'bookworm', copy, ...rest] = process.argv.slice(2);
if ((suite !== 'bookworm' && suite !== 'trixie') || rest.length > 0) {
  process.stderr.write(USAGE);
  process.exit(64);
}
if (process.platform !== 'linux' || process.getuid?.() !== 0) {
  process.stderr.write('A box is made on Debian, by root, who can unpack a whole system.\n');
  process.exit(1);
}
if (process.arch !== 'x64') {
  process.stderr.write(`The box is one for amd64, and this machine is ${process.arch}.\n`);
  process.exit(1);
}
const made = await makeBox(suite);
if (copy !== undefined) await copyFile(made, copy);
process.stdout.write(
  `vagrant box add --name harden/${suite} ${copy ?? made}\nHARDEN_BOX=harden/${suite} vagrant up --provider=libvirt\n`,
);
