import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { GATEWAY } from '../../lab/network.ts';
import { ensurePackages } from '../../lab/packages.ts';

/** A package that stands in for one whose own repository cannot be reached from everywhere. */
export interface StandIn {
  readonly name: string;
  /** Scripts by their path on the host; a unit file by its own. */
  readonly files: Readonly<Record<string, string>>;
}

export interface AptRepository {
  /** As hosts of the lab reach it. */
  readonly uri: string;
  /** The key that signs it, in a file on this machine. */
  readonly keyFile: string;
  stop(): Promise<void>;
}

/** A signed repository with these packages for a suite, served to the lab's hosts alone. */
export async function serveAptRepository(
  suite: string,
  component: string,
  packages: readonly StandIn[],
): Promise<AptRepository> {
  await ensurePackages({ 'dpkg-deb': 'dpkg', 'apt-ftparchive': 'apt-utils', gpg: 'gpg', 'gpg-agent': 'gpg-agent' });
  const root = await mkdtemp(join(tmpdir(), 'harden-apt-'));
  const home = join(root, 'gnupg');
  const tree = join(root, 'tree');
  const lists = join('dists', suite, component, 'binary-amd64');
  await mkdir(home, { mode: 0o700 });
  await mkdir(join(tree, lists), { recursive: true });
  for (const { name, files } of packages) await build(join(root, name), join(tree, `${name}.deb`), name, files);
  const run = (file: string, ...args: readonly string[]) => execa(file, args, { cwd: tree, env: { GNUPGHOME: home } });
  const gpg = (...args: readonly string[]) =>
    run('gpg', '--batch', '--quiet', '--pinentry-mode', 'loopback', '--passphrase', '', ...args);
  await gpg('--quick-generate-key', 'Stand-in <stand-in@example.org>', 'ed25519', 'sign', 'never');
  await writeFile(join(tree, lists, 'Packages'), `${(await run('apt-ftparchive', 'packages', '.')).stdout}\n`);
  const about = { Origin: 'Stand-in', Suite: suite, Codename: suite, Components: component, Architectures: 'amd64' };
  const options = Object.entries(about).flatMap(([key, value]) => ['-o', `APT::FTPArchive::Release::${key}=${value}`]);
  const { stdout: release } = await run('apt-ftparchive', ...options, 'release', join('dists', suite));
  await writeFile(join(tree, 'Release'), `${release}\n`);
  await gpg('--clearsign', '--output', join('dists', suite, 'InRelease'), 'Release');
  const keyFile = join(root, 'key.gpg');
  await gpg('--output', keyFile, '--export');
  const server = createServer(async (request, response) => {
    const path = new URL(request.url ?? '/', 'http://repository').pathname;
    const content = await readFile(join(tree, path)).catch(() => undefined);
    response.writeHead(content ? 200 : 404).end(content);
  }).listen(0, GATEWAY);
  await once(server, 'listening');
  return {
    uri: `http://${GATEWAY}:${(server.address() as AddressInfo).port}`,
    keyFile,
    async stop() {
      server.closeAllConnections();
      server.close();
      await execa('gpgconf', ['--kill', 'all'], { env: { GNUPGHOME: home }, reject: false });
      await rm(root, { recursive: true, force: true });
    },
  };
}

async function build(
  folder: string,
  target: string,
  name: string,
  files: Readonly<Record<string, string>>,
): Promise<void> {
  await mkdir(join(folder, 'DEBIAN'), { recursive: true });
  await writeFile(
    join(folder, 'DEBIAN/control'),
    `Package: ${name}\nVersion: 1.0\nArchitecture: amd64\nMaintainer: Stand-in <stand-in@example.org>\nDescription: stands in for ${name}\n`,
  );
  for (const [path, text] of Object.entries(files)) {
    await mkdir(join(folder, path, '..'), { recursive: true });
    await writeFile(join(folder, path), text, { mode: path.endsWith('.service') ? 0o644 : 0o755 });
  }
  await execa('dpkg-deb', ['--root-owner-group', '--build', folder, target]);
}
