import { existsSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import type { RunDocument } from '../../../src/report/document.ts';
import type { LabHost } from '../../lab/lab.ts';

const CLI = process.env.HARDEN_CLI ?? join(import.meta.dirname, '../../../dist/cli.js');

export interface Ran {
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly user?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Milliseconds; by default 300 s. */
  readonly timeout?: number;
}

/** Starts the built `harden` as a person would: no terminal, an environment of its own. */
export function startHarden(args: readonly string[], options: RunOptions = {}) {
  if (!existsSync(CLI)) throw new Error('dist/cli.js is not there: npm run build first');
  return execa('node', [CLI, ...args], {
    reject: false,
    stdin: 'ignore',
    extendEnv: false,
    env: {
      PATH: process.env.PATH ?? '',
      HOME: process.env.HOME ?? '/root',
      ...pick('HARDEN_DOCKER_BENCH', 'XDG_CACHE_HOME'),
      ...options.env,
    },
    ...(options.cwd ? { cwd: options.cwd } : {}),
    timeout: options.timeout ?? 300_000,
  });
}

/** Runs the built `harden` to its end. */
export async function harden(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const { exitCode, stdout, stderr } = await startHarden(args, options);
  return { exitCode, stdout, stderr };
}

/** The options that lead to a lab host as one of its users. */
export function hostArgs(host: Omit<LabHost, 'root'>, user = 'root'): string[] {
  return [
    '-H',
    `${user}@${host.address}:${host.port}`,
    '--identity',
    host.keyFile,
    '--known-hosts',
    host.knownHostsFile,
  ];
}

/** Runs `harden COMMAND … --json` against a lab host, and reads the document. */
export async function hardenJson(
  command: string,
  args: readonly string[],
  host: Omit<LabHost, 'root'>,
  options: RunOptions = {},
): Promise<Ran & { readonly document: RunDocument }> {
  const ran = await harden([command, ...args, '--json', ...hostArgs(host, options.user)], options);
  return { ...ran, document: JSON.parse(ran.stdout) as RunDocument };
}

/** A directory with these files in it. */
export async function folder(files: Readonly<Record<string, string>>): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'harden-e2e-'));
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text);
  return directory;
}

function pick(...names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
}
