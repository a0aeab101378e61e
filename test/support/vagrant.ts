import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { testFolder } from './remote.ts';
import type { KeyPair } from './ssh-server.ts';

/** A machine of a stand-in for Vagrant; a `port` means that it runs. */
export interface StandInMachine {
  readonly name: string;
  readonly port?: number;
  /** The key that Vagrant did not make itself lies elsewhere. */
  readonly ownKey?: boolean;
}

/** A folder with a Vagrantfile, and an environment whose `vagrant` prints what Vagrant 2.3.4 with libvirt printed. */
export function vagrantProject(
  key: KeyPair,
  ...machines: readonly StandInMachine[]
): { folder: string; env: NodeJS.ProcessEnv; calls(): string[] } {
  const folder = testFolder();
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  for (const machine of machines) {
    const directory = dataDirectory(folder, machine.name);
    mkdirSync(directory, { recursive: true });
    if (machine.port === undefined) continue;
    writeFileSync(join(directory, 'id'), '0c5e8b4e');
    writeFileSync(keyFile(folder, machine), key.private, { mode: 0o600 });
  }
  const blocks = machines.map((machine) => ({ ...machine, block: machine.port && block(folder, machine) }));
  writeFileSync(
    join(bin, 'vagrant'),
    `#!${process.execPath}
const machines = ${JSON.stringify(blocks)};
const [command, ...rest] = process.argv.slice(2);
require('node:fs').appendFileSync(${JSON.stringify(join(folder, 'calls'))}, process.argv.slice(2).join(' ') + '\\n');
const say = (...fields) => console.log([1795610173, ...fields].join(','));
const fail = (kind, text) => {
  say('', 'ui', 'error', text);
  say('', 'error-exit', 'Vagrant::Errors::' + kind, text);
  process.exit(1);
};
if (machines.length === 0) fail('NoEnvironmentError', ${JSON.stringify(NO_ENVIRONMENT)});
const names = rest.filter((word) => !word.startsWith('--'));
for (const name of names)
  if (!machines.some((machine) => machine.name === name)) fail('MachineNotFound', "The machine with the name '" + name + "' was not found configured for\\\\nthis Vagrant environment.");
const chosen = machines.filter((machine) => names.length === 0 || names.includes(machine.name));
for (const { name } of chosen) say(name, 'metadata', 'provider', 'libvirt');
for (const { name, block } of chosen) {
  if (command === 'status') {
    say(name, 'state', block ? 'running' : 'not_created');
    continue;
  }
  if (!block) fail('SSHNotReady', ${JSON.stringify(NOT_READY)});
  say(name, 'ssh-config', block.replaceAll(',', '%!(VAGRANT_COMMA)').replaceAll('\\n', '\\\\n'));
  console.log(block + '\\n');
}
`,
  );
  chmodSync(join(bin, 'vagrant'), 0o755);
  return {
    folder,
    env: { PATH: bin },
    calls: () => readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n'),
  };
}

const NO_ENVIRONMENT =
  'A Vagrant environment or target machine is required to run this\\ncommand. Run `vagrant init` to create a new Vagrant environment.';
const NOT_READY = 'The provider for this Vagrant-managed machine is reporting that it\\nis not yet ready for SSH.';

function block(folder: string, machine: StandInMachine): string {
  const file = keyFile(folder, machine);
  return `Host ${machine.name}
  HostName 127.0.0.1
  User vagrant
  Port ${machine.port}
  UserKnownHostsFile /dev/null
  StrictHostKeyChecking no
  PasswordAuthentication no
  IdentityFile ${file.includes(' ') ? `"${file}"` : file}
  IdentitiesOnly yes
  LogLevel FATAL
`;
}

export function dataDirectory(folder: string, name: string): string {
  return join(folder, '.vagrant', 'machines', name, 'libvirt');
}

function keyFile(folder: string, { name, ownKey }: StandInMachine): string {
  return ownKey ? join(folder, 'my key') : join(dataDirectory(folder, name), 'private_key');
}
