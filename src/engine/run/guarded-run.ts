import { HostError } from '../../errors.ts';
import type { ApplyScript, Frame } from '../../remote/shell.ts';
import { beginRunScript, END_RUN, LOCKED, MOVED_ON, type RunIdentity } from '../journal/journal-script.ts';
import { Guard, type GuardOptions } from './guard.ts';
import type { RunSession } from './run-host.ts';

export interface GuardedRunOptions extends Pick<GuardOptions, 'differing'> {
  readonly identity: RunIdentity;
  /** How long after the run's last sign of life the host undoes it by itself. */
  readonly guardSeconds: number;
  readonly signal?: AbortSignal | undefined;
  /** The guards that the plan found armed: this run answers for them. */
  readonly armed: readonly string[];
}

/** One script of a run that changes something. */
export interface Piece {
  readonly script: ApplyScript;
  started?(): void;
  ended?(frame: Frame): void;
}

/** How often the host hears of this run while a batch is at work. */
const BEAT_MS = 5000;

/** What apply and rollback have in common: the host's lock, the journal, the guard that is armed before the first change, and the stream of scripts. */
export class GuardedRun {
  readonly guard: Guard;
  private readonly session: RunSession;
  private readonly options: GuardedRunOptions;

  constructor(session: RunSession, options: GuardedRunOptions) {
    this.session = session;
    this.options = options;
    this.guard = new Guard(session, {
      runId: options.identity.id,
      seconds: options.guardSeconds,
      adopts: options.armed.length > 0,
      differing: options.differing,
    });
  }

  /** True once a stop was asked for. */
  get aborted(): boolean {
    return this.options.signal?.aborted ?? false;
  }

  /** Takes the host's lock and opens the journal; a guard that an earlier run left armed is this run's from then on. */
  async begin(): Promise<void> {
    await this.takeUp(this.options.armed);
    if (this.options.armed.length > 0) await this.stream([{ script: ':' }]);
  }

  /** Goes on with the run in a shell that was opened since: after a reboot, or as somebody else. */
  async goOn(): Promise<void> {
    await this.takeUp([]);
    if (this.guard.armed) await this.session.shell.apply([this.guard.armScript()]);
  }

  private async takeUp(armed: readonly string[]): Promise<void> {
    const { facts, shell } = this.session;
    const login = { login: facts.login, client: facts.ssh?.client ?? null, port: facts.ssh?.port ?? null };
    const { frames } = await shell.apply([{ inShell: beginRunScript(this.options.identity, login, armed) }]);
    const frame = frames[0];
    if (frame?.exitCode === 0) return;
    if (!frame) throw new HostError('the run was stopped before it began');
    const lines = frame.stderr.toString('utf8').trim().split('\n');
    const said = lines.at(-1) ?? '';
    if (frame.exitCode === LOCKED)
      throw new HostError(`another run is at work on this host: ${said}`, {
        hint: 'Wait for it to end; its lock goes with it',
      });
    if (frame.exitCode === MOVED_ON) throw new HostError(`the plan is old: ${said}`, { hint: 'Run harden again' });
    throw new HostError(`the journal cannot be written on this host: ${lines.join('; ')}`, {
      hint: 'Look at the free space and the mount options of /var/lib and /run',
    });
  }

  /**
   * Runs the pieces one after the other up to the first that fails, with the guard armed ahead of the first one of the run. Fewer frames than pieces,
   * and none that failed: a stop was asked for. Throws where the guard could not be armed, or has fired.
   */
  async stream(pieces: readonly Piece[]): Promise<readonly Frame[]> {
    if (pieces.length === 0) return [];
    if (!this.guard.armed) await this.guard.boot.look();
    const arm = this.guard.arm();
    const arming: Piece[] = arm === undefined ? [] : [{ script: arm, ended: (frame) => this.armEnded(frame) }];
    const all = [...arming, ...pieces];
    const { frames } = await this.session.shell.apply(
      all.map(({ script }) => script),
      {
        beat: { script: 'harden_alive', milliseconds: Math.min(BEAT_MS, this.options.guardSeconds * 250) },
        onStart: (at) => all[at]?.started?.(),
        onEnd: (at, frame) => all[at]?.ended?.(frame),
      },
    );
    this.guard.batchEnded();
    const first = frames[0];
    if (arm !== undefined && first && first.exitCode !== 0)
      throw new HostError(
        `the guard could not be armed: ${first.stderr.toString('utf8').trim() || 'it did not say why'}`,
        {
          hint: 'Nothing was changed',
        },
      );
    const own = frames.slice(arming.length);
    if (own.length < pieces.length && own.every(({ exitCode }) => exitCode === 0) && !this.aborted)
      throw new HostError('the host stopped the run: its guard has undone what touched the way in');
    return own;
  }

  private armEnded(frame: Frame): void {
    const { host, listen } = this.session;
    this.guard.armEnded(frame);
    for (const note of frame.stdout.toString('utf8').matchAll(/^note: (.*)$/gm))
      listen({ kind: 'note', host: host.name, message: note[1] ?? '' });
  }

  /** Notes how the run leaves what it kept, and lets the host's lock go. */
  async end(): Promise<void> {
    await this.session.shell.apply([{ inShell: END_RUN }]);
  }

  /** Has a stop that is asked for end what runs in the shell after its running script; gives what takes that back. */
  listenForStop(): () => void {
    const stop = () => this.session.shell.stop();
    this.options.signal?.addEventListener('abort', stop, { once: true });
    return () => this.options.signal?.removeEventListener('abort', stop);
  }
}
