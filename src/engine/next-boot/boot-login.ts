import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { HostError, UserError } from '../../errors.ts';
import type { RootShell } from '../../remote/shell.ts';
import type { WayIn } from '../access-effect.ts';
import { bootServerScript } from './boot-unit-script.ts';

/** How a login by the server of the next boot went; `why`: what kept it out. */
export interface BootLogin {
  readonly ok: boolean;
  readonly why?: string | undefined;
}

/** Longer than the unit may run: then the host itself has ended it. */
const PATIENCE_MS = 75_000;
const CLEAN_UP_MS = 15_000;

/** Runs the SSH server of the files within `shell`, logs in through it up to root, and leaves the shell free. A shell that failed is closed. */
export async function bootLogin(
  shell: RootShell,
  unit: string,
  connectOver: (stream: Duplex, way?: WayIn) => Promise<RootShell>,
  way: WayIn,
): Promise<BootLogin> {
  const { stream, ended } = shell.raw(bootServerScript(unit));
  const login = connectOver(stream, way);
  const late = setTimeout(() => stream.destroy(), PATIENCE_MS);
  try {
    // The server of a unit that does not start never says a word.
    const early = ended.then(({ exitCode, stderr }) => {
      throw new HostError(stderr.trim() || `its server ended with status ${exitCode ?? '?'}`);
    });
    early.catch(() => undefined);
    const inner = await Promise.race([login, early]);
    await inner.close();
    // The login is proved; a host that does not clean up in time has lost this shell, and nothing else.
    if ((await Promise.race([ended, delay(CLEAN_UP_MS, undefined, { ref: false })])) === undefined) await shell.close();
    return { ok: true };
  } catch (error) {
    login.then((inner) => inner.close()).catch(() => undefined);
    stream.destroy();
    await shell.close();
    if (!(error instanceof UserError)) throw error;
    // A server that never spoke is explained by its unit alone.
    if (!/handshake/.test(error.message)) return { ok: false, why: error.message };
    const end = await Promise.race([ended, delay(200, undefined)]);
    return { ok: false, why: (end?.exitCode === null ? '' : end?.stderr.trim()) || error.message };
  } finally {
    clearTimeout(late);
  }
}
