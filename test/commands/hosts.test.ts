import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { chooseHosts, type HostOptions } from '../../src/commands/hosts.ts';
import type { Io } from '../../src/report/io.ts';
import { Masker } from '../../src/text/masker.ts';
import { keyPair, startSshServer } from '../support/ssh-server.ts';
import { type StandInMachine, vagrantProject } from '../support/vagrant.ts';

const key = keyPair();

/** Machines that run, each with an sshd, and some that do not; and what is chosen of them. */
async function project(running: readonly string[], down: readonly string[] = []) {
  const machines: StandInMachine[] = down.map((name) => ({ name }));
  for (const name of running) {
    const server = await startSshServer({ hostKeys: [keyPair()], keys: [key.public] });
    onTestFinished(() => server.stop());
    machines.push({ name, port: server.port });
  }
  const { folder, env } = vagrantProject(key, ...machines);
  const said: string[] = [];
  const io: Io = {
    out: () => undefined,
    err: (text) => said.push(text),
    ...{ live: undefined, interactive: false, interrupt: () => {}, colour: false, columns: 80 },
    ...{ env, home: folder, cwd: folder, masker: new Masker() },
    signal: new AbortController().signal,
  };
  const choose = (options: Partial<HostOptions>) => chooseHosts({ forks: 1, ...options }, io);
  const port = (name: string) => machines.find((machine) => machine.name === name)?.port;
  return { folder, said, choose, port };
}

describe('--vagrant', () => {
  test('is all machines that run, each reached by its own way; the others are named', async () => {
    const { choose, said, port } = await project(['web', 'mail'], ['db']);
    const hosts = await choose({ vagrant: true });
    expect(said).toEqual(['left out, as Vagrant does not run it: db (not created)\n']);
    expect(hosts.map(({ name }) => name)).toEqual(['web', 'mail']);
    for (const { name, operatorWay } of hosts)
      expect(await operatorWay()).toMatchObject({ host: '127.0.0.1', port: port(name), user: 'vagrant' });
  });

  test('with a name is that machine alone, whatever else runs or does not', async () => {
    const { choose, said } = await project(['web', 'mail'], ['db']);
    expect((await choose({ vagrant: 'mail' })).map(({ name }) => name)).toEqual(['mail']);
    expect(said).toEqual([]);
  });

  test('stands beside no host of an inventory, which would be touched too', async () => {
    const { choose } = await project(['web']);
    await expect(choose({ inventory: 'inventory.yml', limit: 'db1', vagrant: 'web' })).rejects.toThrow(
      '--vagrant names machines beside the inventory',
    );
  });

  test.each([undefined, 'openssh'] as const)(
    'never is this machine, even if it is called so (%s)',
    async (connection) => {
      const { choose } = await project(['local']);
      const [host] = await choose({ vagrant: 'local', ...(connection ? { connection } : {}) });
      expect(host).toMatchObject({ name: 'local', transport: connection ?? 'ssh' });
    },
  );

  test('cannot be this machine', async () => {
    const { choose } = await project(['web']);
    await expect(choose({ vagrant: true, connection: 'local' })).rejects.toThrow(
      '--connection local is this machine, and --vagrant names another',
    );
  });
});

test.each([
  { text: 'local: { address: 192.0.2.1 }', connection: undefined, transport: 'ssh' },
  { text: 'local: { address: 192.0.2.1 }', connection: 'openssh', transport: 'openssh' },
  { text: 'local: {}', connection: undefined, transport: 'local' },
] as const)('a host of an inventory, $text ($connection), is reached by $transport', async (each) => {
  const { folder, choose } = await project([]);
  const inventory = join(folder, 'inventory.yml');
  writeFileSync(inventory, `hosts:\n  ${each.text}\n`);
  const [host] = await choose({ inventory, ...(each.connection ? { connection: each.connection } : {}) });
  expect(host).toMatchObject({ name: 'local', transport: each.transport });
});
