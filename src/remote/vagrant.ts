import { HostError } from '../errors.ts';
import { machineDirectory, writeMachineFiles } from './vagrant/machine-files.ts';
import { type MachineOutput, parseMachineReadable } from './vagrant/machine-readable.ts';

/** A machine that Vagrant runs, and the way to it that `vagrant ssh-config` tells. */
export interface VagrantMachine {
  /** As the Vagrantfile calls it; also the `Host` of `sshConfigFile`. */
  readonly name: string;
  /** What Vagrant says of this machine and nothing else, so that no `Host *` of the person's own gets in the way. */
  readonly sshConfigFile: string;
  /** For this one machine: it goes when the machine is destroyed, so a key is taken once and checked ever after. */
  readonly knownHostsFile: string;
}

/** The machines that were asked for. */
export interface VagrantMachines {
  readonly machines: readonly VagrantMachine[];
  /** What the person should know of those that were left out. */
  readonly notes: readonly string[];
}

/** The machine that is named, or all that run, of the Vagrantfile that counts in `directory`. Throws a HostError that says what to do. */
export async function vagrantMachines(
  machine: string | undefined,
  directory: string,
  env: NodeJS.ProcessEnv,
): Promise<VagrantMachines> {
  if (machine?.startsWith('-')) throw new HostError(`"${machine}" is not a name of a machine`);
  const vagrant = (...args: readonly string[]) => runVagrant(args, directory, env);
  const asked = machine === undefined ? [] : [machine];
  const said = await vagrant('ssh-config', ...asked);
  if (!said.error) return { machines: await reachable(said, directory, env), notes: [] };
  if (said.error.kind !== 'SSHNotReady') throw explained(said.error);

  // With several machines, the first that does not run ends ssh-config.
  const status = await vagrant('status', ...asked);
  if (status.error) throw explained(status.error);
  const running = [...status.states].filter(([, state]) => state === 'running').map(([name]) => name);
  const others = [...status.states].filter(([, state]) => state !== 'running');
  const down = others.map(([name, state]) => `${name} (${state.replaceAll('_', ' ')})`).join(', ');
  if (running.length === 0) {
    throw new HostError(
      others.length === 1 ? `the Vagrant machine ${down} does not run` : `of the Vagrant machines ${down}, none runs`,
      { hint: others.length === 1 ? `Boot it with vagrant up ${others[0]![0]}` : 'Boot one with vagrant up' },
    );
  }
  const again = await vagrant('ssh-config', ...running);
  if (again.error) throw explained(again.error);
  return {
    machines: await reachable(again, directory, env),
    notes: others.length > 0 ? [`left out, as Vagrant does not run it: ${down}`] : [],
  };
}

async function reachable(
  said: MachineOutput,
  directory: string,
  env: NodeJS.ProcessEnv,
): Promise<readonly VagrantMachine[]> {
  return Promise.all(
    said.sshConfigs.map(async ({ name, provider, text }) => ({
      name,
      ...(await writeMachineFiles(await machineDirectory({ name, provider, text }, directory, env), name, text)),
    })),
  );
}

async function runVagrant(args: readonly string[], directory: string, env: NodeJS.ProcessEnv): Promise<MachineOutput> {
  const { execa } = await import('execa');
  const result = await execa('vagrant', [...args, '--machine-readable'], {
    cwd: directory,
    reject: false,
    stdin: 'ignore',
    timeout: 120_000,
    env: { ...env, VAGRANT_CHECKPOINT_DISABLE: '1' },
  });
  if (result.code === 'ENOENT') {
    throw new HostError('the command vagrant is not on this machine', {
      hint: 'Install Vagrant, or name the machine with -H [user@]host[:port] and --identity',
    });
  }
  const said = parseMachineReadable(result.stdout);
  const nothing = said.sshConfigs.length === 0 && said.states.size === 0;
  if (said.error || (!result.failed && !nothing)) return said;
  const words = (result.timedOut ? 'it did not end within two minutes' : result.stderr).trim().replaceAll(/\s+/g, ' ');
  return { ...said, error: { kind: '', message: words || `it ended with ${result.exitCode} and said nothing` } };
}

function explained({ kind, message }: NonNullable<MachineOutput['error']>): HostError {
  switch (kind) {
    case 'NoEnvironmentError':
      return new HostError('there is no Vagrantfile here, nor in a folder above', {
        hint: 'Go to the folder of the Vagrantfile, or name a machine of `vagrant global-status` by its id',
      });
    case 'MachineNotFound':
      return new HostError(message.replaceAll(/\s+/g, ' ').replace(/\.+$/, ''), {
        hint: '`vagrant status` lists the machines of the Vagrantfile',
      });
    default:
      return new HostError(`vagrant cannot say how to reach the machine: ${message.replaceAll(/\s+/g, ' ').trim()}`, {
        hint: 'Run `vagrant ssh-config` to see it in full',
      });
  }
}
