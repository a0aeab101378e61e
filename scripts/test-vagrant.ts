import { execFileSync, spawnSync } from 'node:child_process';
import { labUnavailable } from '../test/lab/lab.ts';
import { exists } from '../test/lab/packages.ts';
import { ensureLibvirt } from '../test/vagrant/libvirt.ts';
import { makeBox } from '../test/vagrant/make-box.ts';

const USAGE = `usage: npm run test:vagrant -- [--record|trixie]
  --record  writes what the run printed, and how long it took, into docs/vagrant.md where all of it passed
  trixie    tries Debian 13 instead of 12
`;

// Takes the Vagrantfile from a box that is made here to an audited machine, and on to its end.
const [option, ...rest] = process.argv.slice(2);
if (rest.length > 0 || (option !== undefined && option !== '--record' && option !== 'trixie')) {
  process.stderr.write(USAGE);
  process.exit(64);
}
const unavailable = await whyNot();
if (unavailable !== undefined) giveUp(unavailable);
const suite = option === 'trixie' ? 'trixie' : 'bookworm';
const endLibvirt = await prepare().catch((error: Error) => giveUp(error.message));
execFileSync('rolldown', ['-c', 'rolldown.config.ts'], { stdio: ['ignore', 'ignore', 'inherit'] });
const { status } = spawnSync('vitest', ['run', '--config', 'vitest.vagrant.config.ts'], {
  stdio: ['ignore', 'inherit', 'inherit'],
  env: {
    ...process.env,
    ...(option === '--record' ? { HARDEN_RECORD: '1' } : {}),
    HARDEN_SUITE: suite,
  },
});
await endLibvirt();
process.exitCode = status ?? 1;

/** Has all there that comes from elsewhere, so that what is missing is not taken for a fault of the machine. */
async function prepare(): Promise<() => Promise<void>> {
  await makeBox(suite);
  return ensureLibvirt();
}

async function whyNot(): Promise<string | undefined> {
  if (process.arch !== 'x64') return `The box that is made here is one for amd64, and this machine is ${process.arch}.`;
  if (!(await exists('apt-get'))) return 'Vagrant, libvirt and QEMU are installed with apt-get, which is not here.';
  return labUnavailable();
}

function giveUp(why: string): never {
  process.stderr.write(`Vagrant's machine cannot be tried here. ${why}\n`);
  process.exit(1);
}
