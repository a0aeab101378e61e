import { lstat, mkdir, mkdtemp, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { HostError, UserError } from '../../errors.ts';
import { readGitTree } from './git-tree.ts';

/** Where docker-bench-security comes from: its public repository, at the commit that harden's mapping of its checks was made for (v1.6.0). */
const REPOSITORY = 'https://github.com/docker/docker-bench-security.git';
export const DOCKER_BENCH_COMMIT = 'ff26d67f25be60fc2d82a01710ee14570b2cb9db';

/** git's id of that commit's tree: what is run as root on hosts is compared with it, whoever could write to the cache. */
const DOCKER_BENCH_TREE = 'd9f61e2c576621f722c24960ad966a1d77b571bb';

const SCRIPT = 'docker-bench-security.sh';

/** docker-bench-security's files as they are sent to a host: relative path -> text. */
export type BenchFiles = ReadonlyMap<string, string>;

export interface SourceOptions {
  /** A checkout (or a bare repository) named by the operator: `--docker-bench` or HARDEN_DOCKER_BENCH. */
  readonly directory?: string | undefined;
  /** harden's own cache directory. */
  readonly cache: string;
}

/** The bench's files: from the checkout that was named, else from harden's cache, which is filled once. Throws a HostError that says in one sentence why it cannot be had. */
export async function dockerBenchFiles(options: SourceOptions): Promise<BenchFiles> {
  if (options.directory) return fromDirectory(options.directory);
  const cached = join(options.cache, `docker-bench-security-${DOCKER_BENCH_COMMIT}`);
  await refuseShared(options.cache);
  if (!(await isDirectory(cached))) await fetchInto(cached, options.cache);
  return fromCache(cached);
}

/** The files of the cache, read once and compared as a whole with the commit: its contents, modes, links, and that nothing was added. */
async function fromCache(directory: string): Promise<BenchFiles> {
  await refuseShared(directory);
  const { id, files } = await readGitTree(directory);
  if (id !== DOCKER_BENCH_TREE)
    throw new HostError(`${directory} is not docker-bench-security as it was fetched: it was changed since`, {
      hint: `Find out who did, and remove it: harden fetches it again`,
    });
  const wanted = [...files].filter(([path]) => path === SCRIPT || /^(functions|tests)\/[^/]+\.sh$/.test(path));
  return new Map(wanted.map(([path, content]) => [path, content.toString('utf8')]));
}

/** Refuses a place that somebody else could have filled, or could change while it is filled: its owner and mode, and those of all above it. */
async function refuseShared(path: string): Promise<void> {
  for (let place = resolve(path); ; place = dirname(place)) {
    const found = await lstat(place).catch(() => undefined);
    const owners = [0, process.geteuid?.() ?? 0];
    // In a directory such as /tmp, only the owner can replace what is there.
    const isOpen = found && !found.isSymbolicLink() && (found.mode & 0o002) !== 0 && (found.mode & 0o1000) === 0;
    if (found && (isOpen || !owners.includes(found.uid)))
      throw new HostError(
        `${place} ${isOpen ? 'can be written by everybody' : 'belongs to another user'}, so nothing from ${path === place ? 'it' : path} is run on a host`,
        { hint: 'Set XDG_CACHE_HOME to a folder of your own, or name a checkout with --docker-bench' },
      );
    if (dirname(place) === place) return;
  }
}

async function fromDirectory(directory: string): Promise<BenchFiles> {
  if (!(await isDirectory(directory))) {
    throw new UserError(`${directory} is no directory: docker-bench-security is not there`, {
      hint: 'Name a checkout of it with --docker-bench or HARDEN_DOCKER_BENCH',
    });
  }
  const names = await readdir(directory);
  if (names.includes(SCRIPT)) return readTree(directory);
  if (names.includes('HEAD') && names.includes('objects')) return readBare(directory);
  throw new UserError(`${directory} is no checkout of docker-bench-security: it has no ${SCRIPT}`, {
    hint: 'Name one with --docker-bench or HARDEN_DOCKER_BENCH',
  });
}

async function readTree(directory: string): Promise<BenchFiles> {
  const files = new Map([[SCRIPT, await readFile(join(directory, SCRIPT), 'utf8')]]);
  for (const folder of ['functions', 'tests']) {
    for (const name of (await readdir(join(directory, folder))).sort()) {
      if (name.endsWith('.sh')) files.set(`${folder}/${name}`, await readFile(join(directory, folder, name), 'utf8'));
    }
  }
  return files;
}

async function readBare(directory: string): Promise<BenchFiles> {
  const git = await gitCommand();
  const listed = await git(['--git-dir', directory, 'ls-tree', '-r', '--name-only', 'HEAD']);
  const wanted = listed.split('\n').filter((name) => name === SCRIPT || /^(functions|tests)\/[^/]+\.sh$/.test(name));
  const files = new Map<string, string>();
  for (const name of wanted) files.set(name, await git(['--git-dir', directory, 'show', `HEAD:${name}`]));
  return files;
}

async function fetchInto(target: string, cache: string): Promise<void> {
  const git = await gitCommand();
  await mkdir(cache, { recursive: true, mode: 0o700 });
  const temporary = await mkdtemp(join(cache, 'fetching-'));
  try {
    await git(['init', '-q', '--template=', temporary]);
    await git(['-C', temporary, 'fetch', '-q', '--depth', '1', REPOSITORY, DOCKER_BENCH_COMMIT]);
    await git([
      '-C',
      temporary,
      '-c',
      'core.autocrlf=false',
      '-c',
      'core.hooksPath=/dev/null',
      'checkout',
      '-q',
      DOCKER_BENCH_COMMIT,
    ]);
    await rename(temporary, target);
  } catch (error) {
    const reason = error instanceof Error ? (error.message.trim().split('\n').at(-1) ?? '') : String(error);
    throw new HostError(`docker-bench-security cannot be fetched: ${reason}`, {
      hint: 'Name a checkout of it with --docker-bench or HARDEN_DOCKER_BENCH',
    });
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

async function gitCommand(): Promise<(args: readonly string[]) => Promise<string>> {
  const { execa } = await import('execa');
  return async (args) => {
    const result = await execa('git', args, {
      timeout: 60_000,
      reject: false,
      stripFinalNewline: false,
      env: { GIT_TERMINAL_PROMPT: '0' },
    });
    if (result.failed)
      throw new Error(
        result.timedOut ? 'git took longer than 60 s' : result.stderr || result.shortMessage || 'git failed',
      );
    return result.stdout;
  };
}

async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
