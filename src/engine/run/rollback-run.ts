import { HostError, UserError } from '../../errors.ts';
import type { Frame, RootShell } from '../../remote/shell.ts';
import type { WayIn } from '../access-effect.ts';
import type { Listener } from '../events.ts';
import type { RunIdentity } from '../journal/journal-script.ts';
import { type JournalRun, type JournalStep, stands } from '../journal/read-journal.ts';
import { inForceScript, undoRecord, undoScript } from '../journal/undo-step.ts';
import { GuardedRun } from './guarded-run.ts';
import { differsFromKept, proveKept } from './prove-kept.ts';
import type { RunHost, RunSession } from './run-host.ts';

export interface RollbackOptions {
  readonly host: RunHost;
  readonly run: RunIdentity;
  readonly guardSeconds: number;
  readonly listen: Listener;
  readonly signal?: AbortSignal | undefined;
}

/** The steps that a rollback of `run` undoes: the last one first. */
export function stepsToUndo(run: JournalRun): readonly JournalStep[] {
  return run.steps.filter(stands).reverse();
}

/** Puts back what a run replaced, as a run of its own: journaled, guarded, and proved. Throws a HostError with the reason when it failed. */
export async function rollback(shell: RootShell, target: JournalRun, options: RollbackOptions): Promise<void> {
  const run = new RollbackRun(shell, target, options);
  try {
    await run.run();
  } finally {
    if (run.session.shell !== shell) await run.session.shell.close();
  }
}

class RollbackRun {
  readonly session: RunSession & { shell: RootShell };
  private readonly target: JournalRun;
  private readonly guarded: GuardedRun;
  private readonly way: WayIn;
  private readonly notRun: string[] = [];

  constructor(shell: RootShell, target: JournalRun, options: RollbackOptions) {
    const { host, listen, run, guardSeconds, signal } = options;
    this.target = target;
    this.session = { host, facts: shell.facts, shell, listen };
    this.way = wayBack(target, shell);
    this.guarded = new GuardedRun(this.session, {
      identity: run,
      guardSeconds,
      signal,
      armed: [],
      differing: (shell) => differsFromKept(shell, run.id),
    });
  }

  async run(): Promise<void> {
    const { guarded, session, target } = this;
    const steps = stepsToUndo(target);
    await guarded.begin();
    const deaf = guarded.listenForStop();
    let damaged: readonly string[];
    try {
      await this.undoSteps(steps);
      damaged = await proveKept(session.shell, target.id, steps);
      session.listen({ kind: 'proving', host: session.host.name, freshLogin: guarded.guard.armed });
      if (guarded.guard.armed) await guarded.guard.confirm(this.way);
      session.listen({ kind: 'proved', host: session.host.name });
      await guarded.end();
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      throw await this.settle(error);
    } finally {
      deaf();
    }
    if (damaged.length > 0)
      throw new HostError(`rolled back but for what was damaged in the journal: step ${damaged.join(', ')}`, {
        hint: `harden show ${target.id} tells what these steps did`,
      });
    if (this.notRun.length > 0)
      throw new HostError(
        `rolled back and proved, but what was to bring it into force did not run: ${this.notRun.join('; ')}`,
        { hint: 'Where it speaks of something that is gone now, nothing is left to do; else run it by hand' },
      );
  }

  /** All steps, in this login's shell; from the one on that removes this login's own account, in that of the login which the run had. */
  private async undoSteps(steps: readonly JournalStep[]): Promise<void> {
    const { session, guarded, way } = this;
    const leaving = steps.findIndex(({ record }) => removes(record, session.facts.login));
    if (leaving === -1 || way.user === undefined) return this.undoFrom(0, steps);
    await this.undoFrom(0, steps.slice(0, leaving));
    const before = session.shell;
    session.shell = await session.host.connect(way);
    await before.close();
    await guarded.goOn();
    await this.undoFrom(leaving, steps.slice(leaving));
  }

  private async undoFrom(from: number, steps: readonly JournalStep[]): Promise<void> {
    const { session, guarded, target } = this;
    const host = session.host.name;
    const names = steps.map((step) => undoRecord(step).name);
    const interrupted = (left: readonly string[]) =>
      new HostError(`interrupted; left undone: ${left.join('; ')}`, {
        hint: `harden rollback ${target.id} goes on from here`,
      });
    if (guarded.aborted) throw interrupted(names);
    const frames = await guarded.stream(
      steps.map((step, at) => ({
        script: undoScript(target.id, step, from + at, at === steps.length - 1),
        started: () => session.listen({ kind: 'step-started', host, index: from + at, name: names[at] ?? '' }),
        ended: (frame: Frame) => this.stepEnded(from + at, names[at] ?? '', frame),
      })),
    );
    const failed = frames.findIndex(({ exitCode }) => exitCode !== 0);
    if (failed === -1 && frames.length === steps.length) return;
    // What is undone by now comes into force.
    if (frames.length > 0) await session.shell.apply([inForceScript(target.id)]);
    if (failed === -1) throw interrupted(names.slice(frames.length));
    throw new HostError(`"${names[failed]}" failed: ${said(frames[failed]) || 'it did not say why'}`);
  }

  private stepEnded(index: number, name: string, frame: Frame): void {
    const { listen, host } = this.session;
    const out = frame.stdout.toString('utf8');
    for (const note of out.matchAll(/^note: (.*)$/gm))
      listen({ kind: 'note', host: host.name, message: note[1] ?? '' });
    for (const [line] of out.matchAll(/^not run: .*$/gm)) this.notRun.push(line.slice('not run: '.length));
    const failed = frame.exitCode !== 0;
    listen({
      kind: 'step-ended',
      host: host.name,
      index,
      name,
      status: failed ? 'failed' : 'changed',
      milliseconds: frame.milliseconds,
      error: failed
        ? { message: `exit status ${frame.exitCode}`, exitCode: frame.exitCode, output: said(frame) }
        : undefined,
    });
  }

  /** After a failure: a login proves what stands now, or has it undone. */
  private async settle(error: UserError): Promise<UserError> {
    const { guard } = this.guarded;
    if (!guard.armed) return error;
    try {
      if (this.session.shell.lost) return await guard.recover(error);
      if (this.guarded.aborted) await guard.stop(this.way);
      else await guard.confirm(this.way);
      if (!guard.armed) return error;
      return new HostError(`${error.message.replace(/\.+$/, '')}. ${guard.promise}`, { hint: error.hint });
    } catch (second) {
      if (!(second instanceof UserError)) throw second;
      if (second === error) return error;
      return new HostError(`${error.message.replace(/\.+$/, '')}; then: ${second.message}`, {
        hint: second.hint ?? error.hint,
      });
    }
  }
}

/** The way in that the run had, where it is not that of now: rolling back opens it again, and may shut this one. */
function wayBack({ identity }: JournalRun, { facts }: RootShell): WayIn {
  const port = identity?.port ?? undefined;
  return {
    user: identity && identity.login !== facts.login ? identity.login : undefined,
    port: facts.ssh && port !== undefined && port !== facts.ssh.port ? port : undefined,
  };
}

/** The step made this account: undoing it removes it. */
function removes(record: JournalStep['record'], login: string): boolean {
  return record?.action === 'create' && record.provides.includes(`user:${login}`);
}

function said(frame: Frame | undefined): string {
  return frame?.stderr.toString('utf8').trim() || frame?.stdout.toString('utf8').trim() || '';
}
