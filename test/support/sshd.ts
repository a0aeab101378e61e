import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';

const binary = '/usr/sbin/sshd';

/** Whether this machine has OpenSSH's server, which real-protocol tests need. */
export const haveSshd = existsSync(binary);

/** A private OpenSSH server on loopback, into which the user of the tests logs in. */
export interface Sshd {
  readonly port: number;
  readonly user: string;
  /** A private folder: `id` is the key that logs in, `known_hosts` knows the host. */
  readonly folder: string;
  readonly keyFile: string;
  readonly knownHosts: string;
  log(): Promise<string>;
  stop(): Promise<void>;
}

/** Starts sshd with `lines` before its other settings (the first value counts). */
export async function startSshd(lines: readonly string[] = []): Promise<Sshd> {
  const folder = await mkdtemp(join(tmpdir(), 'sshd-'));
  const keyFile = join(folder, 'id');
  const knownHosts = join(folder, 'known_hosts');
  for (const file of ['host_ed25519', 'id']) keygen(['-t', 'ed25519', '-f', join(folder, file)]);
  await writeFile(join(folder, 'authorized_keys'), await readFile(`${keyFile}.pub`), { mode: 0o600 });
  const port = await freePort();
  const hostKey = (await readFile(join(folder, 'host_ed25519.pub'), 'utf8')).split(' ').slice(0, 2).join(' ');
  await writeFile(knownHosts, `[127.0.0.1]:${port} ${hostKey}\n`);
  const config = [
    ...lines,
    'ListenAddress 127.0.0.1',
    `Port ${port}`,
    `HostKey ${join(folder, 'host_ed25519')}`,
    `AuthorizedKeysFile ${join(folder, 'authorized_keys')}`,
    'StrictModes no',
    'PidFile none',
    'UsePAM no',
    'LogLevel VERBOSE',
  ];
  await writeFile(join(folder, 'sshd_config'), `${config.join('\n')}\n`);
  if (userInfo().uid === 0) await mkdir('/run/sshd', { recursive: true });
  const log = join(folder, 'log');
  const server = spawn(binary, ['-D', '-f', join(folder, 'sshd_config'), '-E', log], { stdio: 'ignore' });
  const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()));
  const readLog = (): Promise<string> => readFile(log, 'utf8').catch(() => '');
  if (!(await listens(port, ended))) throw new Error(`sshd did not start: ${await readLog()}`);
  return {
    port,
    user: userInfo().username,
    folder,
    keyFile,
    knownHosts,
    log: readLog,
    stop: async () => {
      server.kill();
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Runs ssh-keygen without a passphrase unless one is given, and throws where it fails. */
export function keygen(args: readonly string[]): string {
  const passphrase = args.includes('-N') || !args.includes('-t') ? [] : ['-N', ''];
  const result = spawnSync('ssh-keygen', ['-q', ...passphrase, ...args], { encoding: 'utf8' });
  if (result.status !== 0) throw new Error(`ssh-keygen ${args.join(' ')}: ${result.stderr}`);
  return result.stdout;
}

/** A port of 127.0.0.1 that nothing listens on at the moment. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}

async function listens(port: number, ended: Promise<void>): Promise<boolean> {
  let over = false;
  void ended.then(() => {
    over = true;
  });
  for (let attempt = 0; attempt < 200 && !over; attempt++) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1');
      socket.once('connect', () => {
        socket.destroy();
        resolve(true);
      });
      socket.once('error', () => setTimeout(() => resolve(false), 25));
    });
    if (open) return true;
  }
  return false;
}
