import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { init } from '../../src/commands/init.ts';
import { loadInventory } from '../../src/playbook/inventory.ts';
import { loadPlaybook } from '../../src/playbook/load.ts';
import { validatePlaybook } from '../../src/playbook/resolve.ts';
import { registry } from '../../src/registry.ts';
import type { Io } from '../../src/report/io.ts';

let directory: string;
let said: string;
const io = {
  out: (text: string) => {
    said += text;
  },
} as Io;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'harden-init-'));
  said = '';
});

test('writes a playbook with its parts and an inventory that are valid as they are', async () => {
  const target = join(directory, 'new', 'folder');
  expect(await init(target, io)).toBe(0);
  const written = readdirSync(target).sort();
  expect(written).toEqual(
    expect.arrayContaining(['firewall.yml', 'inventory.yml', 'playbook.yml', 'ssh.yml', 'sysctl.yml', 'updates.yml']),
  );
  // Each file that is written is named, and the schema that a playbook names is beside it.
  for (const name of written) expect(said).toContain(`  ${join(target, name)}\n`);
  expect(said).toContain(`wrote ${written.length} files`);
  for (const name of written) {
    const [, schema] = /^# yaml-language-server: \$schema=(.*)$/m.exec(readFileSync(join(target, name), 'utf8')) ?? [];
    if (schema !== undefined) expect(written).toContain(schema);
  }
  expect(readFileSync(join(target, 'playbook.yml'), 'utf8')).toMatch(/^# yaml-language-server: \$schema=/);
  const playbook = await loadPlaybook(join(target, 'playbook.yml'), registry);
  writeFileSync(
    join(directory, 'id_ed25519.pub'),
    'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDx3Wg6PGPfYoLIBvwLLtzVWcd0jBPzcrBO+3fRsIMsD admin\n',
  );
  validatePlaybook(playbook, { vars: { admin_key_file: join(directory, 'id_ed25519.pub') }, env: {}, home: directory });
  const { hosts } = await loadInventory(join(target, 'inventory.yml'));
  expect(hosts.map(({ name }) => name)).toEqual(['web1']);
  expect(said).toContain(`harden plan ${join(target, 'playbook.yml')} -i ${join(target, 'inventory.yml')}`);
});

test.each(['playbook.yml', 'inventory.yml', 'ssh.yml'])('overwrites no %s, and then writes nothing', async (name) => {
  writeFileSync(join(directory, name), 'mine');
  await expect(init(directory, io)).rejects.toThrow(`${join(directory, name)} is there already`);
  expect(readdirSync(directory)).toEqual([name]);
  expect(readFileSync(join(directory, name), 'utf8')).toBe('mine');
});

test('says what is wrong where it cannot write', async () => {
  const file = join(directory, 'file');
  writeFileSync(file, '');
  await expect(init(join(file, 'below'), io)).rejects.toThrow(/cannot be made: ENOTDIR/);
});

test.runIf(process.platform === 'linux')('comes to an end where no directory can be made', async () => {
  await expect(init('/proc/nowhere/below', io)).rejects.toThrow(/cannot be made: ENOENT/);
});
