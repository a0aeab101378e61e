import { UserError } from '../../errors.ts';
import type { RootShell } from '../../remote/shell.ts';
import type { WayIn } from '../access-effect.ts';
import type { RunHost } from './run-host.ts';

const REFUSED_PAUSE_MS = 1_000;
/** How often the host hears of a run that waits for something else. */
const ALIVE_MS = 5_000;

/** A login up to root by a new connection; sshd listens to nobody for a moment when it reads its configuration anew. */
export async function knock(host: Pick<RunHost, 'connect'>, way: WayIn = {}, tries = 3): Promise<RootShell> {
  try {
    return await host.connect(way, { evenIfStopped: true });
  } catch (error) {
    if (tries === 1 || !(error instanceof UserError) || !/connection refused/i.test(error.message)) throw error;
    await sleep(REFUSED_PAUSE_MS);
    return knock(host, way, tries - 1);
  }
}

/** Waits for something, and has the host hear of the run in the meantime; the run's shell MUST be idle. */
export async function awake<T>(shell: RootShell, waiting: Promise<T>): Promise<T> {
  let over = false;
  const settled = waiting.then(
    () => {
      over = true;
    },
    () => {
      over = true;
    },
  );
  while (!over) {
    let timer: NodeJS.Timeout | undefined;
    const pause = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, ALIVE_MS);
    });
    await Promise.race([settled, pause]);
    clearTimeout(timer);
    if (over) break;
    try {
      await shell.apply(['harden_alive']);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      break;
    }
  }
  return waiting;
}

/** ` as USER on port PORT`, as far as it is not as before. */
export function nameOf({ user, port }: WayIn): string {
  return `${user === undefined ? '' : ` as ${user}`}${port === undefined ? '' : ` on port ${port}`}`;
}

/** What to write from now on where the login that was named is not the one that gets in. */
export function whoGetsIn(name: string, { user, port }: WayIn): string {
  const keys = [user === undefined ? '' : `user: ${user}`, port === undefined ? '' : `port: ${port}`].filter(Boolean);
  const host = /^(?:ssh:\/\/)?(?:[^@]*@)?(\[[^\]]*\]|[^:]*)/.exec(name)?.[1] ?? name;
  const named = /^(?:ssh:\/\/)?([^@]*)@/.exec(name)?.[1];
  const login = user ?? named;
  const target = `${login === undefined ? '' : `${login}@`}${host}${port === undefined ? '' : `:${port}`}`;
  return `from now on, log in${nameOf({ user, port })}: write "${keys.join(', ')}" for the host in the inventory, or -H ${target}`;
}

export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
