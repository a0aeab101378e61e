import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readlinkSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { createCgroups, isLegacy } from './cgroups.ts';
import { rootOf } from './disk.ts';
import type { HostRecord } from './host-record.ts';
import type { ExecResult } from './lab-host.ts';
import { BRIDGE } from './network.ts';
import { childrenOf, identify, isAlive, type ProcessIdentity } from './process-identity.ts';
import { waitFor } from './wait-for.ts';

const BOOT_TIMEOUT_MS = 90_000;
const SHUTDOWN_TIMEOUT_MS = 20_000;

// The first argument is the list of cgroups, the rest is the command. 133 is how nspawn says that the host wants to
// boot again. nspawn's own death would leave the host running, so the keeper ends what is in the host's cgroups.
const KEEPER = `
cgroups=$1; shift
end() {
  tries=0
  while [ $tries -lt 100 ]; do
    pids=$(for c in $cgroups; do find "$c" -name cgroup.procs -exec cat {} +; done 2>/dev/null | grep -vx 0 | sort -u)
    [ -n "$pids" ] || break
    kill -KILL $pids 2>/dev/null
    tries=$((tries + 1)); sleep 0.05
  done
  exit 0
}
trap end TERM
trap '' INT HUP
while :; do
  ( trap - TERM; for c in $cgroups; do echo 0 >"$c/cgroup.procs"; done; exec "$@" ) &
  wait $!
  code=$?
  [ $code -eq 133 ] || exit $code
done
`;

/** Starts the container of a host and gives its keeper: SIGTERM to it ends the host at once, with all its processes. */
export async function startContainer(record: HostRecord): Promise<ProcessIdentity> {
  const cgroups = await createCgroups(record.name);
  const log = await open(consoleLog(record), 'a');
  const bound = record.owner === undefined ? [] : ['setpriv', '--pdeathsig', 'TERM'];
  const command = [...bound, 'sh', '-c', KEEPER, 'lab-keeper', cgroups.join(' '), ...nspawn(record)];
  const keeper = spawn(command[0] as string, command.slice(1), {
    stdio: ['ignore', log.fd, log.fd],
    detached: true,
    cwd: '/',
    env: {
      PATH: process.env.PATH,
      ...((await isLegacy()) ? { SYSTEMD_NSPAWN_UNIFIED_HIERARCHY: '0' } : {}),
    },
  });
  await once(keeper, 'spawn');
  keeper.unref();
  await log.close();
  const identity = identify(keeper.pid as number);
  if (identity === undefined)
    throw new Error(`The container of ${record.name} ended at once. ${await lastWords(record)}`);
  return identity;
}

function nspawn(record: HostRecord): readonly string[] {
  return [
    'systemd-nspawn',
    '--quiet',
    '--boot',
    '--register=no',
    '--keep-unit',
    '--settings=no',
    '--link-journal=no',
    '--resolv-conf=off',
    '--timezone=off',
    '--console=read-only',
    '--capability=all',
    // dockerd and containerd need them.
    '--system-call-filter=@keyring bpf perf_event_open @mount',
    `--network-bridge=${BRIDGE}`,
    `--machine=${record.name}`,
    `--directory=${rootOf(record)}`,
  ];
}

/** Returns when systemd has started all that it starts at boot, and sshd is among it. */
export async function waitForBoot(record: HostRecord): Promise<void> {
  let state = '';
  await waitFor(
    async () => {
      if (record.keeper === undefined || !isAlive(record.keeper)) {
        throw new Error(`The lab host ${record.name} ended while it booted. ${await lastWords(record)}`);
      }
      if (leaderOf(record) === undefined) return undefined;
      state = (await execInside(record, 'systemctl is-system-running --wait')).stdout;
      return state === 'running' || state === 'degraded' ? true : undefined;
    },
    BOOT_TIMEOUT_MS,
    () =>
      `The lab host ${record.name} is still "${state}" after ${BOOT_TIMEOUT_MS / 1000} s; see ${consoleLog(record)}.`,
  );
  const ssh = await execInside(record, 'systemctl is-active ssh.service || journalctl -n 20 -u ssh.service');
  if (ssh.stdout !== 'active') throw new Error(`The lab host ${record.name} booted without sshd:\n${ssh.stdout}`);
}

/** Returns when the host has a process 1, or has failed to get one. */
export async function waitForInit(record: HostRecord): Promise<void> {
  await waitFor(
    () => (record.keeper === undefined || !isAlive(record.keeper) || leaderOf(record) !== undefined ? true : undefined),
    BOOT_TIMEOUT_MS,
    () => `The lab host ${record.name} has no process 1 after ${BOOT_TIMEOUT_MS / 1000} s; see ${consoleLog(record)}.`,
  );
}

/** Ends every process of the host at once. */
export async function cutPower(record: HostRecord): Promise<void> {
  const { keeper } = record;
  if (keeper === undefined || !isAlive(keeper)) return;
  process.kill(keeper.pid, 'SIGTERM');
  // It ends what is in the host's cgroups, and must not find there what boots next.
  await waitFor(
    () => (isAlive(keeper) ? undefined : true),
    SHUTDOWN_TIMEOUT_MS,
    () => `The lab host ${record.name} outlives its end.`,
  );
}

/** Shuts the system inside down, as its administrator would. */
export async function shutDown(record: HostRecord): Promise<void> {
  const { keeper } = record;
  if (keeper === undefined || !isAlive(keeper)) return;
  const [supervisor] = childrenOf(keeper.pid);
  if (supervisor !== undefined) process.kill(supervisor, 'SIGTERM');
  await waitFor(
    () => (isAlive(keeper) ? undefined : true),
    SHUTDOWN_TIMEOUT_MS,
    () => '',
  ).catch(() => process.kill(keeper.pid, 'SIGTERM'));
}

/** Runs a shell command as root inside a host that runs. */
export async function execInside(
  record: HostRecord,
  command: string,
  options: { readonly input?: string } = {},
): Promise<ExecResult> {
  const leader = leaderOf(record);
  if (leader === undefined) throw new Error(`The lab host ${record.name} is not running. ${await lastWords(record)}`);
  const { stdout, stderr, exitCode, shortMessage } = await execa(
    'nsenter',
    ['-t', String(leader), '-m', '-u', '-i', '-n', '-p', '-C', '--', '/bin/sh', '-c', command],
    {
      ...(options.input === undefined ? { stdin: 'ignore' } : { input: options.input }),
      reject: false,
      ...ENVIRONMENT,
    },
  );
  // Killed, as by a host that goes down, or never started.
  if (exitCode === undefined) return { stdout, stderr: `${stderr}${shortMessage}`, exitCode: 255 };
  return { stdout, stderr, exitCode };
}

const ENVIRONMENT = {
  extendEnv: false,
  env: {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    HOME: '/root',
    USER: 'root',
    LANG: 'C.UTF-8',
  },
};

/** The host's process 1, under the pid that this machine knows it by. */
function leaderOf(record: HostRecord): number | undefined {
  if (record.keeper === undefined || !isAlive(record.keeper)) return undefined;
  const [supervisor] = childrenOf(record.keeper.pid);
  const leader = supervisor === undefined ? undefined : childrenOf(supervisor)[0];
  // nspawn's helpers are its children too for a moment, and a command sent to one would run on this machine.
  return leader !== undefined && isInside(leader) ? leader : undefined;
}

function isInside(pid: number): boolean {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`) !== readlinkSync('/proc/self/ns/pid');
  } catch {
    return false;
  }
}

function consoleLog(record: HostRecord): string {
  return join(record.directory, 'console.log');
}

async function lastWords(record: HostRecord): Promise<string> {
  const text = await readFile(consoleLog(record), 'utf8').catch(() => '');
  return text === '' ? 'It said nothing.' : `Its last words:\n${text.split('\n').slice(-15).join('\n')}`;
}
