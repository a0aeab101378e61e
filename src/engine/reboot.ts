import { HostError, UserError } from '../errors.ts';
import { type Script, sh } from '../remote/sh.ts';
import type { RootShell } from '../remote/shell.ts';
import type { WayIn } from './access-effect.ts';
import type { RunHost } from './run/run-host.ts';

/** How long systemd may take for the rest of the boot once a login works; what still hangs then does so on its own. */
const BOOT_SECONDS = 180;
const PAUSE_MS = 2_000;

/** What is different after each boot: the kernel's id of it, and, where a container shares that, when its init started. */
const BOOT_IDENTITY = `read -r id </proc/sys/kernel/random/boot_id
read -r stat </proc/1/stat
set -f
set -- \${stat##*) }
echo "$id \${20}"`;

/**
 * Tells the guard, ahead of the reboot of a run, that it is the run's own: at the next boot it waits for the run for so long, and for the time that an
 * armed guard waits, before it fires. It counts for one boot.
 */
export function bootIsOurs(seconds: number): Script {
  return sh`printf '%s\n' ${seconds} >"$harden_run/boots" && sync "$harden_run/boots" "$harden_run"`;
}

export interface ComeBack {
  readonly host: RunHost;
  readonly way: WayIn;
  /** The boot that is to end. */
  readonly boot: string;
  readonly seconds: number;
  readonly signal: AbortSignal | undefined;
}

/** What tells the running boot from any other. */
export async function bootIdentity(shell: RootShell): Promise<string> {
  const { frames } = await shell.probe([BOOT_IDENTITY]);
  return frames[0]?.stdout.toString('utf8').trim() ?? '';
}

/** Logs in again until the host has booted anew and systemd has started what it starts; throws a HostError when it takes too long. */
export async function comeBack({ host, way, boot, seconds, signal }: ComeBack): Promise<RootShell> {
  const deadline = performance.now() + seconds * 1000;
  let last = 'it still runs as before';
  while (performance.now() < deadline) {
    await pause(signal);
    if (signal?.aborted) throw new HostError('interrupted while the host was booting');
    try {
      const shell = await host.connect(way);
      if ((await bootIdentity(shell)) !== boot) {
        await shell.probe([
          `[ ! -d /run/systemd/system ] || timeout ${BOOT_SECONDS} systemctl is-system-running --wait >/dev/null 2>&1`,
        ]);
        return shell;
      }
      await shell.close();
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      last = error.message;
    }
  }
  throw new HostError(`the host did not come back within ${seconds} s of its reboot: ${last}`, {
    hint: 'Look at its console; the next apply goes on from here',
  });
}

function pause(signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, PAUSE_MS);
    signal?.addEventListener('abort', done, { once: true });
  });
}
