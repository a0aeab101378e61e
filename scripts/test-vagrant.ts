import { execFileSync, spawnSync } from 'node:child_process';
import { labUnavailable } from '../test/lab/lab.ts';
import { exists } from '../test/lab/packages.ts';

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
if (unavailable !== undefined) {
  process.stderr.write(`Vagrant's machine cannot be tried here. ${unavailable}\n`);
  process.exit(1);
}
execFileSync('rolldown', ['-c', 'rolldown.config.ts'], { stdio: ['ignore', 'ignore', 'inherit'] });
const { status } = spawnSync('vitest', ['run', '--config', 'vitest.vagrant.config.ts'], {
  stdio: ['ignore', 'inherit', 'inherit'],
  env: {
    ...process.env,
    ...(option === '--record' ? { HARDEN_RECORD: '1' } : {}),
    ...(option === 'trixie' ? { HARDEN_SUITE: 'trixie' } : {}),
  },
});
process.exitCode = status ?? 1;

async function whyNot(): Promise<string | undefined> {
  if (process.arch !== 'x64') return `The box that is made here is one for amd64, and this machine is ${process.arch}.`;
  if (!(await exists('apt-get'))) return 'Vagrant, libvirt and QEMU are installed with apt-get, which is not here.';
  return labUnavailable();
}
