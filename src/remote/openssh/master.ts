import { access, rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { HostError } from '../../errors.ts';
import { GaveUpWaiting, patienceMs } from '../gave-up-waiting.ts';
import { startWatch, type Watch } from '../ssh/watch.ts';
import { explainSsh, serverHostKey } from './explain.ts';

/** The ssh process that holds the one connection; channels go through its control socket. */
export interface Master {
  readonly hostKey: string | undefined;
  /** Why it ended by itself; undefined while it runs and after `close`. */
  lost(): HostError | undefined;
  hasEnded(): boolean;
  /** Resolves when the process has ended. */
  readonly ended: Promise<void>;
  close(): Promise<void>;
}

export interface MasterOptions {
  readonly label: string;
  /** The private folder, removed at the end. */
  readonly folder: string;
  readonly controlPath: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

// ssh must not outlive us, whatever ends us: when our end of its stdin closes, it is ended and the folder removed. A shell
// tells of a program that a signal ended, and would itself be ended by that where nobody reads any more.
const keeper = `exec 3<&0
folder=$1; shift
"$@" </dev/null 3<&- & ssh=$!
{ read -r _ <&3; kill "$ssh"; } >/dev/null 2>&1 & keeper=$!
exec 3<&-
trap '' PIPE
wait "$ssh"; code=$?
kill "$keeper" 2>/dev/null
rm -rf -- "$folder"
exit "$code"`;

const loginTimeoutMs = 30_000;
const closeTimeoutMs = 3_000;
const pollMs = 10;

/** Starts ssh and waits until it has logged in; rejects with a HostError. `use` gets the watch, which stands still while a person is asked. */
export async function startMaster(options: MasterOptions, use: (watch: Watch) => void): Promise<Master> {
  const { label, folder, controlPath, args, env, timeoutMs, signal } = options;
  const { execa } = await import('execa');
  const child = execa('sh', ['-c', keeper, 'sh', folder, 'ssh', ...args], {
    env,
    stdin: 'pipe',
    stdout: 'ignore',
    stderr: 'pipe',
    buffer: false,
    reject: false,
    // A Ctrl-C of the terminal is ours to handle: the running step finishes.
    detached: true,
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-64 * 1024);
  });
  child.stdin.on('error', () => undefined);
  let closing = false;
  let failure: HostError | undefined;
  let over = false;
  const ended = child.then((result) => {
    over = true;
    if (!closing) failure ??= result.code === 'ENOENT' ? noShell(label) : explainSsh(stderr, label);
  });

  async function close(): Promise<void> {
    closing = true;
    child.stdin.end();
    const killer = setTimeout(() => killGroup(child.pid), closeTimeoutMs);
    await ended;
    clearTimeout(killer);
    await rm(folder, { recursive: true, force: true });
  }

  const stop = (error: HostError): void => {
    failure ??= error;
    child.stdin.end();
  };
  const watch = startWatch(timeoutMs + loginTimeoutMs, () =>
    stop(new HostError(`${label}: the login did not finish in time`)),
  );
  const abort = (): void => stop(new HostError(`${label}: connecting was stopped`));
  signal?.addEventListener('abort', abort, { once: true });
  if (signal?.aborted) abort();
  use(watch);
  try {
    while (!over && !(await exists(controlPath))) await Promise.race([ended, delay(pollMs)]);
  } finally {
    watch.stop();
    signal?.removeEventListener('abort', abort);
  }
  if (failure || over) {
    await ended;
    await watch.idle();
    const error = failure ?? explainSsh(stderr, label);
    const gaveUp = watch.held() > patienceMs && /Connection (?:closed|reset)/.test(stderr);
    throw gaveUp ? new GaveUpWaiting(error.message, { hint: error.hint }) : error;
  }
  return {
    hostKey: serverHostKey(stderr),
    lost: () => (closing ? undefined : failure),
    hasEnded: () => over,
    ended,
    close,
  };
}

/** Ends the keeper and ssh, which are a process group of their own. */
function killGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

function noShell(label: string): HostError {
  return new HostError(`${label}: this machine has no sh to start ssh with`);
}
