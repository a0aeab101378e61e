import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HostError } from '../errors.ts';

/** A machine that Vagrant runs, and the way to it that `vagrant ssh-config` tells. */
export interface VagrantMachine {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly user: string;
  readonly identityFiles: readonly string[];
  /** A known_hosts file for this one machine: made anew with the machine, so that its key is taken once and checked ever after. */
  readonly knownHostsFile: string;
}

/** The running machines of the Vagrantfile in `directory`, or the one that is named. Throws a HostError that says what to do. */
export async function vagrantMachines(
  machine: string | undefined,
  directory: string,
): Promise<readonly VagrantMachine[]> {
  const { execa } = await import('execa');
  const result = await execa('vagrant', ['ssh-config', ...(machine ? [machine] : [])], {
    cwd: directory,
    reject: false,
    stdin: 'ignore',
    timeout: 120_000,
  });
  if (result.failed && result.exitCode === undefined) {
    throw new HostError('the command vagrant is not on this machine', {
      hint: 'Install Vagrant, or name the machine with -H and --identity',
    });
  }
  if (result.failed) {
    const said = result.stderr.trim().replaceAll(/\s+/g, ' ') || `it ended with ${result.exitCode}`;
    throw new HostError(`vagrant ssh-config failed: ${said}`, {
      hint: 'Boot the machine with vagrant up, in the folder of its Vagrantfile',
    });
  }
  const machines = parseSshConfig(result.stdout);
  if (machines.length === 0)
    throw new HostError('vagrant ssh-config named no machine', { hint: 'Boot one with vagrant up' });
  return Promise.all(
    machines.map(async (found) => ({ ...found, knownHostsFile: await knownHostsFile(found.name, directory) })),
  );
}

/** Reads the Host blocks that `vagrant ssh-config` prints. */
export function parseSshConfig(text: string): readonly Omit<VagrantMachine, 'knownHostsFile'>[] {
  return text
    .split(/^(?=Host )/m)
    .filter((block) => block.startsWith('Host '))
    .map((block) => {
      const all = (key: string) =>
        [...block.matchAll(new RegExp(`^\\s*${key}\\s+"?(.*?)"?\\s*$`, 'gm'))].map(([, value = '']) => value);
      const name = all('Host')[0] ?? 'default';
      return {
        name,
        address: all('HostName')[0] ?? name,
        port: Number(all('Port')[0] ?? 22),
        user: all('User')[0] ?? 'vagrant',
        identityFiles: all('IdentityFile'),
      };
    });
}

/** Vagrant gives every machine it makes a new id: a file named after it never holds the key of a machine that was destroyed. */
async function knownHostsFile(name: string, directory: string): Promise<string> {
  const machines = join(directory, '.vagrant', 'machines', name);
  const providers = await readdir(machines).catch(() => []);
  const ids = await Promise.all(
    providers.map((provider) => readFile(join(machines, provider, 'id'), 'utf8').catch(() => '')),
  );
  const id = createHash('sha256')
    .update(ids.join('\n') || name)
    .digest('hex')
    .slice(0, 12);
  return join(directory, '.vagrant', `harden-known-hosts-${name}-${id}`);
}
