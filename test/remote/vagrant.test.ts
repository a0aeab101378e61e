import { chmodSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { connectSsh } from '../../src/remote/ssh/connect.ts';
import type { SshOptions } from '../../src/remote/ssh-options.ts';
import { parseMachineReadable } from '../../src/remote/vagrant/machine-readable.ts';
import { type VagrantMachine, vagrantMachines } from '../../src/remote/vagrant.ts';
import { hostError, noPrompt, run, testFile, testFolder } from '../support/remote.ts';
import { type KeyPair, keyPair, startSshServer } from '../support/ssh-server.ts';
import { dataDirectory, type StandInMachine, vagrantProject } from '../support/vagrant.ts';

const key = keyPair();
const project = (...machines: readonly StandInMachine[]) => vagrantProject(key, ...machines);

async function server(hostKey: KeyPair) {
  const started = await startSshServer({ hostKeys: [hostKey], keys: [key.public] });
  onTestFinished(() => started.stop());
  return started;
}

/** What `harden … --vagrant` makes of a machine. */
function options(machine: VagrantMachine): SshOptions {
  return {
    target: { name: machine.name, host: machine.name, port: undefined, user: undefined },
    sshConfigFile: machine.sshConfigFile,
    knownHostsFiles: [machine.knownHostsFile],
    prompt: noPrompt,
  };
}

describe('a machine of Vagrant', () => {
  it.each([
    { title: 'with the key that Vagrant made', ownKey: false },
    { title: 'with a key of its own', ownKey: true },
  ])('is entered $title, as the user and on the port that Vagrant says', async ({ ownKey }) => {
    const { port } = await server(keyPair());
    const { folder, env } = project({ name: 'web', port, ownKey });
    const { machines, notes } = await vagrantMachines(undefined, folder, env);
    expect(notes).toEqual([]);
    expect(machines.map(({ name }) => name)).toEqual(['web']);
    const connection = await connectSsh(options(machines[0]!));
    onTestFinished(() => connection.close());
    expect(connection.label).toBe(`vagrant@127.0.0.1:${port}`);
    expect(await run(connection, 'echo in')).toMatchObject({ stdout: 'in\n', code: 0 });
  });

  it('is found from a folder below the Vagrantfile, and with a dotfile path of its own', async () => {
    const { folder, env } = project({ name: 'web', port: 2222, ownKey: true });
    mkdirSync(join(folder, 'a/b'), { recursive: true });
    const below = await vagrantMachines(undefined, join(folder, 'a/b'), env);
    expect(below.machines[0]!.knownHostsFile).toBe(join(dataDirectory(folder, 'web'), 'harden_known_hosts'));
    const elsewhere = await vagrantMachines(undefined, testFolder(), {
      ...env,
      VAGRANT_DOTFILE_PATH: join(folder, '.vagrant'),
    });
    expect(elsewhere.machines[0]!.knownHostsFile).toBe(below.machines[0]!.knownHostsFile);
  });

  it('has its key taken once and checked ever after, whatever its address, until it is destroyed', async () => {
    const first = await server(keyPair());
    const { folder, env } = project({ name: 'web', port: first.port });
    const found = (await vagrantMachines('web', folder, env)).machines[0]!;
    await (await connectSsh(options(found))).close();
    expect(readFileSync(found.knownHostsFile, 'utf8')).toMatch(/^vagrant ssh-ed25519 \S+\n$/);

    const second = await server(keyPair());
    writeFileSync(
      found.sshConfigFile,
      readFileSync(found.sshConfigFile, 'utf8').replace(`Port ${first.port}`, `Port ${second.port}`),
    );
    const error = await hostError(connectSsh(options(found)));
    expect(error.message).toContain('THE HOST KEY HAS CHANGED');

    // Vagrant empties the folder when it destroys the machine.
    rmSync(found.knownHostsFile);
    await (await connectSsh(options(found))).close();
  });

  it('leaves files that only their owner reads, and none of the person', async () => {
    const { folder, env } = project({ name: 'web', port: 2222 });
    const { sshConfigFile } = (await vagrantMachines('web', folder, env)).machines[0]!;
    expect(statSync(sshConfigFile).mode & 0o777).toBe(0o600);
    expect(readFileSync(sshConfigFile, 'utf8')).toMatch(
      /^Host web\n {2}HostKeyAlias vagrant\n {2}StrictHostKeyChecking accept-new\n {2}HostName 127\.0\.0\.1\n/,
    );
  });
});

describe('several machines', () => {
  it('are all reached, but for those that do not run, which are named', async () => {
    const { folder, env, calls } = project({ name: 'web', port: 2222 }, { name: 'db' }, { name: 'mail', port: 2200 });
    const { machines, notes } = await vagrantMachines(undefined, folder, env);
    expect(machines.map(({ name }) => name)).toEqual(['web', 'mail']);
    expect(notes).toEqual(['left out, as Vagrant does not run it: db (not created)']);
    expect(calls()).toEqual([
      'ssh-config --machine-readable',
      'status --machine-readable',
      'ssh-config web mail --machine-readable',
    ]);
  });

  it('cost one call of vagrant where all run', async () => {
    const { folder, env, calls } = project({ name: 'web', port: 2222 }, { name: 'db', port: 2200 });
    const { machines } = await vagrantMachines(undefined, folder, env);
    expect(machines.map(({ name }) => name)).toEqual(['web', 'db']);
    expect(calls()).toHaveLength(1);
  });
});

describe('what keeps a machine from being reached is said in one paragraph', () => {
  const cases = [
    {
      title: 'the one that is named does not run',
      machines: [{ name: 'web', port: 2222 }, { name: 'db' }],
      named: 'db',
      says: 'the Vagrant machine db (not created) does not run. Boot it with vagrant up db',
    },
    {
      title: 'none runs',
      machines: [{ name: 'web' }, { name: 'db' }],
      named: undefined,
      says: 'of the Vagrant machines web (not created), db (not created), none runs. Boot one with vagrant up',
    },
    {
      title: 'there is no such machine',
      machines: [{ name: 'web' }],
      named: 'wbe',
      says: "The machine with the name 'wbe' was not found configured for this Vagrant environment. `vagrant status` lists the machines of the Vagrantfile",
    },
    {
      title: 'there is no Vagrantfile',
      machines: [],
      named: undefined,
      says: 'there is no Vagrantfile here, nor in a folder above. Go to the folder of the Vagrantfile, or name a machine of `vagrant global-status` by its id',
    },
  ];
  it.each(cases)('$title', async ({ machines, named, says }) => {
    const { folder, env } = project(...machines);
    const error = await hostError(vagrantMachines(named, folder, env));
    expect(error.paragraph).toBe(`${says}.`);
  });

  it('vagrant is not there', async () => {
    const error = await hostError(vagrantMachines(undefined, testFolder(), { PATH: testFolder() }));
    expect(error.paragraph).toBe(
      'the command vagrant is not on this machine. Install Vagrant, or name the machine with -H [user@]host[:port] and --identity.',
    );
  });

  it('vagrant breaks down', async () => {
    const bin = testFolder();
    chmodSync(testFile(bin, 'vagrant', '#!/bin/sh\necho "bad gem: nokogiri" >&2\nexit 1\n'), 0o755);
    const error = await hostError(vagrantMachines(undefined, bin, { PATH: bin }));
    expect(error.message).toBe('vagrant cannot say how to reach the machine: bad gem: nokogiri');
  });
});

it('commas and line ends in what Vagrant says are read', () => {
  expect(parseMachineReadable('1,web,ssh-config,Host web\\n  HostName a%!(VAGRANT_COMMA)b\\n\nHost web\n')).toEqual({
    sshConfigs: [{ name: 'web', provider: '', text: 'Host web\n  HostName a,b\n' }],
    states: new Map(),
  });
});
