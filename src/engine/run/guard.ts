import { HostError, UserError } from '../../errors.ts';
import type { Frame, RootShell } from '../../remote/shell.ts';
import type { WayIn } from '../access-effect.ts';
import {
  armScript,
  cameScript,
  disarmScript,
  fireScript,
  guardReportScript,
  NOT_ARMED,
  NOT_YET,
  STAGES,
  type Stage,
} from '../guard-script.ts';
import { BootProof } from './boot-proof.ts';
import { awake, knock, nameOf, sleep, whoGetsIn } from './fresh-login.ts';
import type { RunSession } from './run-host.ts';

/** How long after its time the undo may take before harden stops waiting for it. */
const UNDO_SECONDS = 60;

/** Pauses between attempts to log in again; the last one goes on. Few enough that no fail2ban minds. */
const PAUSES_MS = [2_000, 3_000, 5_000, 10_000, 15_000] as const;
const POLL_MS = 1_000;

export interface GuardOptions {
  readonly runId: string;
  /** How long after the run's last sign of life the host undoes it by itself. */
  readonly seconds: number;
  /** A run that was cut off is answered for by this one: what the guard undoes is not as this run found it. */
  readonly adopts: boolean;
  /** Names of what is not as it was before the run: of what touched the way in, or of all. */
  differing(shell: RootShell, all: boolean): Promise<readonly string[]>;
}

/** The promise that nobody is locked out: the host undoes a run by itself unless a fresh login succeeds. */
export class Guard {
  readonly boot: BootProof;
  private readonly session: RunSession;
  private readonly options: GuardOptions;
  private state: 'idle' | 'arming' | 'armed' | 'over' = 'idle';

  constructor(session: RunSession, options: GuardOptions) {
    this.session = session;
    this.boot = new BootProof(session);
    this.options = options;
  }

  /** True from the moment when it may be armed until a fresh login disarmed it, or it has undone what it guards. */
  get armed(): boolean {
    return this.state === 'arming' || this.state === 'armed';
  }

  /** The script that arms it; undefined when it is armed already. Its end MUST be told to `armEnded`. */
  arm(): string | undefined {
    if (this.armed) return undefined;
    this.state = 'arming';
    return this.armScript();
  }

  /** Has the host that has booted anew know who answers for the guard that was armed before. */
  armScript(): string {
    return armScript(this.options.runId, this.options.seconds);
  }

  armEnded(frame: Frame): void {
    this.state = frame.exitCode === 0 ? 'armed' : 'idle';
  }

  /** The batch that was to arm it has ended without getting so far. */
  batchEnded(): void {
    if (this.state === 'arming') this.state = 'idle';
  }

  /** What the host will do without us. */
  get promise(): string {
    return `The host undoes what touched the way in by itself within ${this.options.seconds} s, unless another apply comes first`;
  }

  /** This machine itself, where no login proves anything. */
  private get isLocal(): boolean {
    return this.session.host.transport === 'local';
  }

  /** Logs in anew, as who is left in charge and where sshd listens, and becomes root. Throws when it had to be undone. */
  async tryLogin(way: WayIn): Promise<RootShell> {
    try {
      return await awake(this.session.shell, knock(this.session.host, way));
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      throw await this.undo(`a fresh login${nameOf(way)} did not work after the change`, error);
    }
  }

  /** Tries what the next boot does with this login, by a new connection. Throws when it had to be undone. */
  async tryBoot(way: WayIn): Promise<void> {
    const fresh = await this.tryLogin(way);
    try {
      await this.bootHolds(fresh, way);
    } finally {
      await fresh.close();
    }
  }

  private async bootHolds(fresh: RootShell, way: WayIn): Promise<void> {
    const keptOut = await awake(this.session.shell, this.boot.keptOut(fresh, way));
    if (keptOut) throw await this.undo('the next boot would not leave this way in', keptOut);
  }

  /** Proves the way in with a fresh login (where one is there already, by that); only then disarms. Throws when it had to be undone. */
  async confirm(way: WayIn, login?: Promise<RootShell>): Promise<void> {
    const { session, options } = this;
    const say = (message: string) => session.listen({ kind: 'note', host: session.host.name, message });
    const late = () =>
      this.undo(
        'the fresh login came too late',
        new HostError(`the run had not been heard of for ${options.seconds} s`),
      );
    if (this.isLocal) {
      if (!(await this.disarm(session.shell))) throw await late();
      say('no login was tried: this is the machine itself, and how others get in is not proved');
      return;
    }
    const fresh = await (login ?? this.tryLogin(way));
    try {
      await this.bootHolds(fresh, way);
      if (!(await this.disarm(session.shell))) throw await late();
      await this.boot.watch(session.shell, options.runId, way);
    } finally {
      await fresh.close();
    }
    if (nameOf(way) !== '') say(whoGetsIn(session.host.name, way));
  }

  private async disarm(shell: RootShell): Promise<boolean> {
    const { frames } = await shell.apply([disarmScript(this.options.runId)]);
    if (frames[0]?.exitCode !== 0) return false;
    this.state = 'over';
    return true;
  }

  /** Where a run stops on its own: a fresh login ends the guard, or, where the way in was touched and is not proved, all of it but the first stage. */
  async stop(way: WayIn): Promise<void> {
    const { session, options } = this;
    const shell = this.isLocal
      ? session.shell
      : await awake(session.shell, knock(session.host, way)).catch(() => undefined);
    if (!shell) return;
    if (nameOf(way) !== '')
      session.listen({ kind: 'note', host: session.host.name, message: whoGetsIn(session.host.name, way) });
    try {
      const { frames } = await shell.apply([guardReportScript(options.runId)]);
      if (frames[0]?.exitCode === NOT_ARMED) this.state = 'over';
      else await shell.apply([cameScript(options.runId)]);
    } finally {
      if (shell !== session.shell) await shell.close();
    }
  }

  /** After the connection was lost: waits until the host has undone what it guards, logs in the old way, and sees that it is as before. */
  recover(reason: UserError): Promise<HostError> {
    const { session, options } = this;
    session.listen({
      kind: 'note',
      host: session.host.name,
      message: `${reason.message}. Waiting for the host to undo what touched the way in, at most ${options.seconds + UNDO_SECONDS} s`,
    });
    return this.undo('the connection was lost before a fresh login could prove the change', reason);
  }

  /** Has the host undo the run, stage by stage until a login works where the old shell still lives, and sees that it is as before. */
  async undo(what: string, reason: UserError): Promise<HostError> {
    let report: UndoReport;
    try {
      report = (await this.undoHere()) ?? (await this.waitForGuard());
    } finally {
      // Nothing more can be done from here, however it ended.
      this.state = 'over';
    }
    const because = reason.message.replace(/\.+$/, '');
    const end = async (error: HostError) => {
      await report.shell.apply([cameScript(this.options.runId)]);
      if (report.shell !== this.session.shell) await report.shell.close();
      return error;
    };
    if (report.frame.exitCode === NOT_ARMED)
      return end(
        new HostError(`${because}; nothing that touches the way in had been changed`, {
          hint: 'The next apply goes on from here',
        }),
      );
    const all = report.stage > 1;
    const undone = `${what}, so the host has undone it${all ? ', and all else that this run did' : ''}: ${because}`;
    if (report.frame.exitCode !== 0)
      return end(
        new HostError(`${undone}. Not everything could be undone: ${text(report.frame.stdout)}`, { hint: reason.hint }),
      );
    // What an earlier run had changed and not proved is undone with it, so nothing is as this run found it.
    const differs = this.options.adopts ? [] : await this.options.differing(report.shell, all);
    if (differs.length > 0) return end(new HostError(`${undone}. Still not as before: ${differs.join(', ')}`));
    const now = this.options.adopts
      ? 'What touched the way in is as it was before the run that had been cut off'
      : `${all ? 'It' : 'What touched the way in'} was read again and is as before`;
    return end(new HostError(`${undone}. ${now}, and a login works again`));
  }

  /** The stages one after the other, until a login works; undefined where the old shell is gone. Throws where none helps. */
  private async undoHere(): Promise<UndoReport | undefined> {
    const { session } = this;
    let last: UserError | undefined;
    let reached: UndoReport | undefined;
    for (const stage of STAGES) {
      const frame = await this.fire(stage);
      if (!frame) return undefined;
      const report = { frame, stage, shell: session.shell };
      if (frame.exitCode === NOT_ARMED || this.isLocal) return report;
      // What a stage undoes is much for a network that hiccups: it comes only where more than one login fails.
      const tries = stage === 3 ? 1 : 3;
      for (let attempt = 0; attempt < tries; attempt++) {
        if (attempt > 0) await sleep(PAUSES_MS[attempt - 1]!);
        try {
          const fresh = await knock(session.host, {});
          reached = report;
          if (!(await this.boot.keptOut(fresh, {}).finally(() => fresh.close()))) return report;
          break;
        } catch (error) {
          if (!(error instanceof UserError)) throw error;
          last = error;
        }
      }
    }
    return reached ?? this.lockedOut(last);
  }

  /** Nothing that the host could undo has helped: a person gets the old session, while it is there. */
  private async lockedOut(reason: UserError | undefined): Promise<UndoReport> {
    const { session, options } = this;
    const why = `NO LOGIN WORKS on ${session.host.name}, although the host has undone all of this run that it can: ${reason?.message ?? ''}`;
    if (session.host.offerShell) {
      await session.host.offerShell(session.shell, why);
      try {
        await (await knock(session.host, {})).close();
        const frame = await this.fire(3);
        if (frame) return { frame, stage: 3, shell: session.shell };
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
      }
    }
    throw new HostError(`${why}. Do not close any other session that you have there`, {
      hint: `Mend it in such a session, or on the console: what was undone stands in /var/lib/harden/runs/${options.runId}/undo.log`,
    });
  }

  private async fire(stage: Stage): Promise<Frame | undefined> {
    try {
      const { frames } = await this.session.shell.apply([fireScript(stage)]);
      return frames[0];
    } catch (error) {
      if (error instanceof UserError) return undefined;
      throw error;
    }
  }

  private async waitForGuard(): Promise<UndoReport> {
    const { session, options } = this;
    const deadline = performance.now() + (options.seconds + UNDO_SECONDS) * 1000;
    let last: UserError | undefined;
    for (let attempt = 0; performance.now() < deadline; attempt++) {
      await sleep(PAUSES_MS[Math.min(attempt, PAUSES_MS.length - 1)]!);
      try {
        const shell = await session.host.connect({}, { evenIfStopped: true });
        while (performance.now() < deadline) {
          const { frames } = await shell.probe([guardReportScript(options.runId)]);
          if (frames[0] && frames[0].exitCode !== NOT_YET) return { frame: frames[0], stage: 1, shell };
          await sleep(POLL_MS);
        }
        await shell.close();
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        last = error;
      }
    }
    throw new HostError(
      `the host could not be reached again after its guard's time${last ? `: ${last.message}` : ''}`,
      {
        hint: `It goes on by itself: where no login of harden comes, it undoes the rest of the run too, and then all that a login hangs on. Its console has more: ls /var/lib/harden/runs/${options.runId}`,
      },
    );
  }
}

interface UndoReport {
  readonly frame: Frame;
  /** The last one that was needed. */
  readonly stage: Stage;
  readonly shell: RootShell;
}

function text(output: Buffer): string {
  return output.toString('utf8').trim();
}
