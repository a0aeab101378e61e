import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { waitFor } from './wait-for.ts';

// Two hosts that shared a cgroup would each take the other's services for its own, so each gets its own branch; that
// branch is also the one sure answer to which processes belong to a host.
const BRANCH = 'harden-lab';

/** True where systemd-nspawn must be told to give a host the older hierarchies. */
export async function isLegacy(): Promise<boolean> {
  return !(await hierarchies()).includes('/sys/fs/cgroup');
}

/** Makes a host's cgroups, and gives their directories. */
export async function createCgroups(name: string): Promise<readonly string[]> {
  const own: string[] = [];
  for (const hierarchy of await hierarchies()) {
    const branch = join(hierarchy, BRANCH);
    const directory = join(branch, name);
    await mkdir(directory, { recursive: true });
    for (const [parent, child] of [
      [hierarchy, branch],
      [branch, directory],
    ] as const) {
      await delegate(parent, child);
    }
    own.push(directory);
  }
  return own;
}

/** Ends every process of a host and removes its cgroups; true of a host that has none, too. */
export async function endCgroups(name: string): Promise<void> {
  const directories = (await hierarchies()).map((hierarchy) => join(hierarchy, BRANCH, name));
  await waitFor(
    async () => {
      const pids = (await Promise.all(directories.map(processesIn))).flat();
      for (const pid of pids) kill(pid);
      return pids.length === 0 ? true : undefined;
    },
    10_000,
    () => `The processes of the lab host ${name} outlive SIGKILL.`,
  );
  for (const directory of directories) await removeTree(directory);
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself.
  }
}

async function hierarchies(): Promise<readonly string[]> {
  const mounts = (await readFile('/proc/self/mounts', 'utf8')).split('\n').map((line) => line.split(' '));
  return mounts.filter(([, , type]) => type === 'cgroup' || type === 'cgroup2').map(([, point]) => point ?? '');
}

// What a controller of v1 (cpuset) or of v2 (all) does not pass on, the branch below cannot use.
async function delegate(parent: string, child: string): Promise<void> {
  for (const setting of ['cpuset.cpus', 'cpuset.mems']) {
    await readFile(join(parent, setting))
      .then((value) => writeFile(join(child, setting), value))
      .catch(() => {});
  }
  const controllers = await readFile(join(parent, 'cgroup.controllers'), 'utf8').catch(() => '');
  for (const controller of controllers.trim().split(' ').filter(Boolean)) {
    await writeFile(join(parent, 'cgroup.subtree_control'), `+${controller}`).catch(() => {});
  }
}

async function processesIn(directory: string): Promise<readonly number[]> {
  const own = (await readFile(join(directory, 'cgroup.procs'), 'utf8').catch(() => '')).split('\n').filter(Boolean);
  const below = await Promise.all((await subdirectories(directory)).map(processesIn));
  return [...own.map(Number).filter((pid) => pid > 1), ...below.flat()];
}

async function removeTree(directory: string): Promise<void> {
  for (const child of await subdirectories(directory)) await removeTree(child);
  await rmdir(directory).catch(() => {});
}

async function subdirectories(directory: string): Promise<readonly string[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map((entry) => join(directory, entry.name));
}
