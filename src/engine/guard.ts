import { HostError, UserError } from '../errors.ts';
import type { Frame, RootShell } from '../remote/shell.ts';
import { accessAfter } from './access.ts';
import type { WayIn } from './access-effect.ts';
import { armScript, disarmScript, fireScript, guardReportScript, NOT_ARMED, NOT_YET } from './guard-script.ts';
import type { HostPlan, PlannedTask } from './plan.ts';
import { planTasks } from './plan-tasks.ts';
import type { HostSession } from './session.ts';

/** How long after its time the undo may take before harden stops waiting for it. */
const UNDO_SECONDS = 60;

/** Pauses between attempts to log in again; the last one goes on. Few enough that no fail2ban minds. */
const PAUSES_MS = [2_000, 3_000, 5_000, 10_000, 15_000] as const;
const POLL_MS = 1_000;

/** The promise that nobody is locked out: the host undoes access changes by itself unless a fresh login succeeds. */
export class Guard {
  private readonly session: HostSession;
  private readonly plan: HostPlan;
  private readonly runId: string;
  private readonly seconds: number;
  private state: 'idle' | 'arming' | 'armed' = 'idle';

  constructor(session: HostSession, plan: HostPlan, runId: string, seconds: number) {
    this.session = session;
    this.plan = plan;
    this.runId = runId;
    this.seconds = seconds;
  }

  /** True from the moment when it may be armed until a fresh login disarmed it, or it has undone what it guards. */
  get armed(): boolean {
    return this.state !== 'idle';
  }

  /** The script that arms it; undefined when it is armed already. Its end MUST be told to `armEnded`. */
  arm(): string | undefined {
    if (this.armed) return undefined;
    this.state = 'arming';
    return armScript(this.runId, this.seconds);
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
    return `The host undoes what touched the way in by itself within ${this.seconds} s, unless another apply comes first`;
  }

  /** Logs in anew, as who is left in charge and where sshd listens, and becomes root. Throws when it had to be undone. */
  async tryLogin(tasks: readonly PlannedTask[]): Promise<RootShell> {
    const way = accessAfter(tasks, this.session.facts);
    try {
      return await this.knock(way);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      const who = `${way.user ? ` as ${way.user}` : ''}${way.port ? ` on port ${way.port}` : ''}`;
      throw await this.undo(`a fresh login${who} did not work after the change`, error);
    }
  }

  /** A login; sshd listens to nobody for a moment when it reads its configuration anew. */
  private async knock(way: WayIn = {}, tries = 3): Promise<RootShell> {
    try {
      return await this.session.host.connect(way);
    } catch (error) {
      if (tries === 1 || !(error instanceof UserError) || !/connection refused/i.test(error.message)) throw error;
      await sleep(POLL_MS);
      return this.knock(way, tries - 1);
    }
  }

  /** Proves the way in with a fresh login; only then disarms. Throws when it had to be undone. */
  async confirm(tasks: readonly PlannedTask[]): Promise<void> {
    const { session } = this;
    const way = accessAfter(tasks, session.facts);
    const fresh = await this.tryLogin(tasks);
    try {
      const { frames } = await fresh.apply([disarmScript(this.runId)]);
      if (frames[0]?.exitCode !== 0) {
        throw await this.undo(
          'the fresh login came too late',
          new HostError(`the run had not been heard of for ${this.seconds} s`),
        );
      }
      this.state = 'idle';
    } finally {
      await fresh.close();
    }
    if (way.user !== undefined || way.port !== undefined) {
      const as = way.user === undefined ? '' : ` as ${way.user}`;
      const on = way.port === undefined ? '' : ` on port ${way.port}`;
      session.listen({ kind: 'note', host: session.host.name, message: `from now on, log in${as}${on}` });
    }
  }

  /** After the connection was lost: waits until the host has undone what it guards, logs in the old way, and sees that it is as before. */
  recover(reason: UserError): Promise<HostError> {
    const { session } = this;
    session.listen({
      kind: 'note',
      host: session.host.name,
      message: `${reason.message}. Waiting for the host to undo what touched the way in, at most ${this.seconds + UNDO_SECONDS} s`,
    });
    return this.undo('the connection was lost before a fresh login could prove the change', reason);
  }

  /** Has the host undo the access steps, at once where the old shell still lives, and sees that it is as before. */
  private async undo(what: string, reason: UserError): Promise<HostError> {
    const report = (await this.fireHere()) ?? (await this.waitForTimer());
    this.state = 'idle';
    const because = reason.message.replace(/\.+$/, '');
    if (report.frame.exitCode === NOT_ARMED) {
      if (report.shell !== this.session.shell) await report.shell.close();
      return new HostError(`${because}; nothing that touches the way in had been changed`, {
        hint: 'The next apply goes on from here',
      });
    }
    const undone = `${what}, so the host has undone it: ${because}`;
    if (report.frame.exitCode !== 0)
      return new HostError(`${undone}. Not everything could be undone: ${text(report.frame.stdout)}`, {
        hint: reason.hint,
      });
    // What an earlier run had changed and not proved is undone with it, so nothing is as this run found it.
    const adopted = this.plan.armed.length > 0;
    const differs = adopted ? [] : await this.differsFromBefore(report.shell);
    if (report.shell !== this.session.shell) await report.shell.close();
    if (differs.length > 0) return new HostError(`${undone}. Still not as before: ${differs.join(', ')}`);
    const now = adopted
      ? 'What touched the way in is as it was before the run that had been cut off'
      : 'What touched the way in was read again and is as before';
    return new HostError(`${undone}. ${now}, and ${await this.oldWay()}`);
  }

  /** Says whether a login works again as it did when the run began. */
  private async oldWay(): Promise<string> {
    try {
      const shell = await this.knock();
      await shell.close();
      return 'a login works again';
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      return `yet a login does not work: ${error.message}`;
    }
  }

  private async fireHere(): Promise<UndoReport | undefined> {
    try {
      const { shell } = this.session;
      const { frames } = await shell.apply([fireScript(this.runId)]);
      return frames[0] && { frame: frames[0], shell };
    } catch (error) {
      if (error instanceof UserError) return undefined;
      throw error;
    }
  }

  private async waitForTimer(): Promise<UndoReport> {
    const deadline = performance.now() + (this.seconds + UNDO_SECONDS) * 1000;
    let last: UserError | undefined;
    for (let attempt = 0; performance.now() < deadline; attempt++) {
      await sleep(PAUSES_MS[Math.min(attempt, PAUSES_MS.length - 1)]!);
      try {
        const shell = await this.session.host.connect();
        while (performance.now() < deadline) {
          const { frames } = await shell.probe([guardReportScript(this.runId)]);
          if (frames[0] && frames[0].exitCode !== NOT_YET) return { frame: frames[0], shell };
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
        hint: `Look at it on its console: ls /var/lib/harden/runs/${this.runId}`,
      },
    );
  }

  /** Names of access tasks whose state is not what the plan had read before. */
  private async differsFromBefore(shell: RootShell): Promise<readonly string[]> {
    const access = this.plan.tasks.filter((entry) => entry.risk && entry.unknown === undefined);
    const tasks = access.map((entry) => entry.task);
    const answers = await this.session.read(tasks, shell);
    const now = planTasks(tasks, answers, this.session.facts, this.session.outlook);
    return access
      .filter((entry, at) => JSON.stringify(entry.change?.before) !== JSON.stringify(now[at]?.change?.before))
      .map((entry) => entry.task.name);
  }
}

interface UndoReport {
  readonly frame: Frame;
  readonly shell: RootShell;
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

function text(output: Buffer): string {
  return output.toString('utf8').trim();
}
