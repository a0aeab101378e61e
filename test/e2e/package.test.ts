import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';

const { version, scripts } = JSON.parse(readFileSync('package.json', 'utf8'));
const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINq9wuWZ/782y36KeG9127CB9rHM0R/0yFsVXDqmYfut me';

let folder: string;
let packed: { readonly files: readonly { readonly path: string }[] };

/** Runs a program in the folder, as somebody who has nothing but the package would. */
const run = (command: string, ...args: string[]) => execa(command, args, { cwd: folder });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'harden-package-'));
  // dist is the one that the other tests run, which must not be made anew beside them
  const { stdout } = await execa('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder]);
  [packed] = JSON.parse(stdout);
  await run('npm', 'install', '--global', '--prefix', folder, '--offline', '--no-audit', `harden-${version}.tgz`);
}, 120_000);
afterAll(() => rm(folder, { recursive: true }));

test('the package is built before it is packed', () => {
  expect(scripts.prepack).toContain(scripts.build);
});

test('what users need is in the package, and nothing else', () => {
  const folders = new Set(packed.files.map(({ path }) => (path.includes('/') ? path.split('/')[0] : path)));
  expect([...folders].sort()).toEqual(
    ['CHANGELOG.md', 'LICENSE', 'README.md', 'dist', 'docs', 'package.json', 'playbooks', 'schema', 'templates'].sort(),
  );
});

test('installed, it runs with nothing beside it', async () => {
  const harden = join(folder, 'bin/harden');
  expect((await run(harden, '--version')).stdout).toBe(version);
  await run(harden, 'init', 'mine');
  await writeFile(join(folder, 'key.pub'), `${KEY}\n`);
  const own = await run(harden, 'validate', 'mine/playbook.yml', '-e', `admin_key_file=${join(folder, 'key.pub')}`);
  expect(own.stdout).toBe('mine/playbook.yml: valid');
  const shipped = join(folder, 'lib/node_modules/harden/playbooks/reverse-proxy.yml');
  expect((await run(harden, 'validate', shipped)).stdout).toBe(`${shipped}: valid`);
});
