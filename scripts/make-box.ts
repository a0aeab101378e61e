import { makeBox } from '../test/vagrant/make-box.ts';

const [suite = 'bookworm'] = process.argv.slice(2);
if (suite !== 'bookworm' && suite !== 'trixie') {
  process.stderr.write('npm run make-box -- bookworm|trixie\n');
  process.exit(64);
}
if (process.platform !== 'linux' || process.getuid?.() !== 0) {
  process.stderr.write('A box is made on Debian, by root, who can unpack a whole system.\n');
  process.exit(1);
}
const file = await makeBox(suite);
process.stdout.write(`vagrant box add --name harden/${suite} ${file}\nHARDEN_BOX=harden/${suite} vagrant up\n`);
