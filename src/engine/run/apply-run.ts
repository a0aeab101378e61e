import { HostError, UserError } from '../../errors.ts';
import type { Frame } from '../../remote/shell.ts';
import { accessAfter } from '../access.ts';
import type { WayIn } from '../access-effect.ts';
import type { RunIdentity } from '../journal/journal-script.ts';
import type { HostPlan, PlannedTask } from '../plan.ts';
import { planHandlers, planTasks, refusals } from '../plan-tasks.ts';
import { bootIdentity, bootIsOurs, comeBack } from '../reboot.ts';
import type { HostSession } from '../session.ts';
import { stepDirectory, stepScript } from '../step-script.ts';
import { closeOldWay } from './close-old-way.ts';
import { differsFromPlan, notProved, stillDiffering } from './differing.ts';
import { GuardedRun } from './guarded-run.ts';
import { Handlers } from './handlers.ts';
import { planAgain } from './plan-again.ts';
import { proveWorks } from './proof.ts';

export interface ApplyOptions {
  readonly run: RunIdentity;
  /** How long after the run's last sign of life the host undoes it by itself. */
  readonly guardSeconds: number;
  readonly signal?: AbortSignal | undefined;
}

/** How an apply on one host ended. */
export interface Applied {
  readonly status: 'ok' | 'failed';
  /** A stop was asked for, and steps were left undone. */
  readonly stopped: boolean;
  /** Names of what was left undone. */
  readonly left: readonly string[];
  readonly error?: UserError | undefined;
}

/** Does what a plan says on one host, runs the handlers, proves that nothing differs any more, and proves the way in. */
export class ApplyRun {
  private readonly session: HostSession;
  private readonly plan: HostPlan;
  private readonly options: ApplyOptions;
  private readonly guarded: GuardedRun;
  private readonly handlers: Handlers;
  private tasks: PlannedTask[];
  private pass = 0;
  /** What the last look at everything found. */
  private proved: readonly PlannedTask[] = [];
  private readonly ended = new Set<number>();

  constructor(session: HostSession, plan: HostPlan, options: ApplyOptions) {
    this.session = session;
    this.plan = plan;
    this.options = options;
    this.tasks = [...plan.tasks];
    this.guarded = new GuardedRun(session, {
      identity: options.run,
      guardSeconds: options.guardSeconds,
      signal: options.signal,
      armed: plan.armed,
      differing: (shell, all) => differsFromPlan(session, plan, shell, all),
    });
    this.handlers = new Handlers(session, this.guarded, plan);
  }

  async run(): Promise<Applied> {
    const { session, guarded } = this;
    const deaf = guarded.listenForStop();
    try {
      await guarded.begin();
      session.listen({
        kind: 'applying',
        host: session.host.name,
        steps: this.tasks.filter((entry) => entry.change).length,
      });
      await this.applySteps(this.tasks);
      if (!guarded.aborted) await this.handlers.apply(this.due());
      if (guarded.aborted) return await this.stopped();
      await closeOldWay(session, guarded, this.tasks, this.ended);
      await this.prove();
      if (guarded.guard.armed) await guarded.guard.confirm(accessAfter(this.tasks, session.facts));
      this.told();
      await guarded.end();
      return { status: 'ok', stopped: false, left: [] };
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      return { status: 'failed', stopped: guarded.aborted, left: [], error: await this.settle(error) };
    } finally {
      deaf();
    }
  }

  /** Streams what is known; where a change is known only now, reads and plans again and goes on, as it does when the host has booted anew. */
  private async applySteps(tasks: PlannedTask[]): Promise<void> {
    let from = 0;
    while (from < tasks.length && !this.guarded.aborted) {
      const stop = tasks.findIndex(
        (entry, at) => at >= from && (entry.unknown !== undefined || rebootSeconds(entry) !== undefined),
      );
      const until = stop === -1 ? tasks.length : stop;
      await this.stream(tasks.slice(from, until));
      from = until;
      const next = tasks[stop];
      if (!next || this.guarded.aborted) continue;
      if (next.unknown === undefined) {
        await this.reboot(next);
        from += 1;
        continue;
      }
      // what it waits for is what holds, not what a file says by now
      if (next.task.type.awaits?.(next.task.params) !== undefined) await this.handlers.apply(this.due());
      if (!this.guarded.aborted) await this.planRest(tasks, from);
    }
  }

  /** Has the host boot anew, with everything so far in force and proved to let in, and goes on where it has come back; the guard stays armed all the time. */
  private async reboot(entry: PlannedTask): Promise<void> {
    const { session, guarded } = this;
    const seconds = rebootSeconds(entry) ?? 0;
    if (this.ended.has(entry.task.index))
      throw new HostError(`"${entry.task.name}": the host has booted anew in this run, and would have to again`, {
        at: entry.task.at,
      });
    const before = this.tasks.filter(({ task }) => task.index < entry.task.index);
    await this.handlers.apply(this.due());
    const way = accessAfter(before, session.facts);
    if (guarded.guard.armed) await guarded.guard.tryBoot(way);
    if (guarded.aborted) return;
    const boot = await bootIdentity(session.shell);
    await this.stream([entry], bootIsOurs(seconds));
    if (!this.ended.has(entry.task.index)) return;
    session.listen({
      kind: 'note',
      host: session.host.name,
      message: `the host reboots; waiting for it, at most ${seconds} s`,
    });
    await session.shell.close();
    session.goOnIn(await comeBack({ host: session.host, way, boot, seconds, signal: this.options.signal }));
    await guarded.goOn();
    // what decides about a boot was kept in memory
    await guarded.guard.boot.look();
    session.listen({ kind: 'note', host: session.host.name, message: 'the host is back, and the run goes on' });
  }

  /** `ahead`: runs before the steps, once the guard is armed. */
  private async stream(entries: readonly PlannedTask[], ahead?: string): Promise<void> {
    const { session } = this;
    const host = session.host.name;
    const steps = entries.filter((entry) => entry.change && entry.script !== undefined);
    if (steps.length === 0) return;
    const handlers = [...this.plan.handlers, ...planHandlers(session.playbook, steps, [])];
    const first = ahead === undefined ? [] : [{ script: ahead }];
    const frames = await this.guarded.stream([
      ...first,
      ...steps.map((entry) => ({
        script: stepScript(entry, this.directory(entry), handlers, session.facts, session.masker),
        started: () => session.listen({ kind: 'step-started', host, index: entry.task.index, name: entry.task.name }),
        ended: (frame: Frame) => this.stepEnded(entry, frame),
      })),
    ]);
    const failed = frames.findIndex(({ exitCode }) => exitCode !== 0);
    if (failed === -1) return;
    const error = session.stepError(frames[failed]);
    const { name, at } = (steps[failed - first.length] ?? steps[0]!).task;
    throw new HostError(`"${name}" failed: ${error.output?.trim() || error.message}`, { at });
  }

  private async planRest(tasks: PlannedTask[], from: number): Promise<void> {
    const { session } = this;
    for (const entry of await planAgain(session, tasks.slice(from))) {
      const at = tasks.findIndex((candidate) => candidate.task.index === entry.task.index);
      tasks[at] = entry;
      if (entry.action !== 'none') continue;
      const { index, name } = entry.task;
      session.listen({
        kind: 'step-ended',
        host: session.host.name,
        index,
        name,
        status: 'unchanged',
        milliseconds: 0,
      });
    }
  }

  private due() {
    return this.handlers.due(this.tasks.filter((entry) => this.ended.has(entry.task.index)));
  }

  /** Reads everything again: the plan must be empty. One further pass is allowed, where one change made another possible. */
  private async prove(): Promise<void> {
    const { session } = this;
    const host = session.host.name;
    session.listen({ kind: 'proving', host, freshLogin: this.guarded.guard.armed });
    let differing = await this.differing();
    if (differing.length > 0 && refusals({ tasks: differing }).length === 0) {
      const names = differing.map((entry) => `"${entry.task.name}"`).join(', ');
      session.listen({ kind: 'note', host, message: `one further pass for ${names}` });
      for (const entry of differing) {
        this.tasks = this.tasks.map((task) => (task.task.index === entry.task.index ? entry : task));
        this.handlers.notified(entry.notifies);
      }
      this.pass += 1;
      await this.applySteps([...differing]);
      await this.handlers.apply(this.due());
      differing = await this.differing();
    }
    if (differing[0]) throw notProved(differing[0], session.masker);
    if (!this.guarded.aborted && (this.ended.size > 0 || this.handlers.ran)) await proveWorks(session, this.guarded);
  }

  private told(): void {
    const { session } = this;
    const host = session.host.name;
    session.listen({ kind: 'proved', host });
    for (const { task, tells } of this.proved)
      if (tells !== undefined && this.ended.has(task.index))
        session.listen({ kind: 'note', host, message: session.masker.text(tells) });
  }

  /** A further pass over a task has a place of its own in the journal, behind those of the first. */
  private directory({ task }: PlannedTask): string {
    return stepDirectory(task.index + this.pass * this.plan.tasks.length);
  }

  private async differing(): Promise<PlannedTask[]> {
    const { session } = this;
    const answers = await session.read(session.playbook.tasks, session.shell, this.guarded.guard.armed);
    this.proved = planTasks(session.playbook.tasks, answers, session.facts, session.outlook);
    return stillDiffering(this.proved);
  }

  /** After a failure: what has been changed on the way in comes into force and is proved, or is undone at once. */
  private async settle(error: UserError): Promise<UserError> {
    const { guard } = this.guarded;
    if (!guard.armed) return error;
    try {
      if (this.session.shell.lost) return await guard.recover(error);
      const access = this.tasks.filter((entry) => entry.risk && this.ended.has(entry.task.index));
      const names = new Set(access.flatMap((entry) => entry.notifies));
      await this.handlers.apply(this.due().filter((handler) => names.has(handler.name)));
      await guard.confirm(this.wayNow());
      return error;
    } catch (second) {
      if (!(second instanceof UserError)) throw second;
      const undone = guard.armed ? `. ${guard.promise}` : '';
      return second === error
        ? error
        : new HostError(`${error.message}; then: ${second.message}${undone}`, {
            at: error.at,
            hint: second.hint ?? error.hint,
          });
    }
  }

  /** Who gets in by what has been done so far: a task that was not reached shuts nobody out, and lets nobody in. */
  private wayNow(): WayIn {
    const done = this.tasks.filter(({ task, action }) => action === 'none' || this.ended.has(task.index));
    return accessAfter(done, this.session.facts);
  }

  private async stopped(): Promise<Applied> {
    const { guard } = this.guarded;
    const left = this.tasks
      .filter((entry) => entry.change && !this.ended.has(entry.task.index))
      .map((entry) => entry.task.name);
    const handlers = this.due().map((handler) => `handler: ${handler.name}`);
    if (guard.armed) await guard.stop(this.wayNow());
    if (guard.armed) this.session.listen({ kind: 'note', host: this.session.host.name, message: guard.promise });
    return { status: 'failed', stopped: true, left: [...left, ...handlers] };
  }

  private stepEnded(entry: PlannedTask, frame: Frame): void {
    const { index, name } = entry.task;
    const failed = frame.exitCode !== 0;
    if (!failed) {
      this.ended.add(index);
      // one that ran before, for a task that had to wait for it, is due again
      this.handlers.notified(entry.notifies);
    }
    this.session.listen({
      kind: 'step-ended',
      host: this.session.host.name,
      index,
      name,
      status: failed ? 'failed' : 'changed',
      milliseconds: frame.milliseconds,
      error: failed ? this.session.stepError(frame) : undefined,
    });
  }
}

/** For how many seconds the run waits for the host after this step; undefined where it does not boot anew. */
function rebootSeconds({ task, change }: PlannedTask): number | undefined {
  return change && task.type.reboots?.(task.params, change);
}
