import { HostError, UserError } from '../errors.ts';
import type { Frame } from '../remote/shell.ts';
import { accessAfter } from './access.ts';
import { Guard } from './guard.ts';
import { beginRunScript, END_RUN, LOCKED, MOVED_ON, type RunIdentity } from './journal/journal-script.ts';
import { describeNeed } from './needs.ts';
import type { HostPlan, PlannedTask } from './plan.ts';
import { planHandlers, planTasks, refusals } from './plan-tasks.ts';
import { proveWorks } from './proof.ts';
import { bootIdentity, comeBack } from './reboot.ts';
import type { HostSession } from './session.ts';
import { handlerScript, stepDirectory, stepScript } from './step-script.ts';
import { type Handler, WITHDRAWN } from './task.ts';

export interface ApplyOptions {
  readonly run: RunIdentity;
  /** How long after the run's last sign of life the host undoes access changes by itself. */
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

/** How often the host hears of this run while a batch is at work. */
const BEAT_MS = 5000;

/** Does what a plan says on one host, runs the handlers, proves that nothing differs any more, and proves the way in where it was touched. */
export class ApplyRun {
  private readonly session: HostSession;
  private readonly plan: HostPlan;
  private readonly options: ApplyOptions;
  private readonly guard: Guard;
  private tasks: PlannedTask[];
  private readonly beat: { readonly script: string; readonly milliseconds: number };
  private pass = 0;
  /** What the last look at everything found. */
  private proved: readonly PlannedTask[] = [];
  private readonly ended = new Set<number>();
  private readonly handled = new Set<string>();

  constructor(session: HostSession, plan: HostPlan, options: ApplyOptions) {
    this.session = session;
    this.plan = plan;
    this.options = options;
    this.tasks = [...plan.tasks];
    this.guard = new Guard(session, plan, options.run.id, options.guardSeconds);
    this.beat = { script: 'harden_alive', milliseconds: Math.min(BEAT_MS, options.guardSeconds * 250) };
  }

  async run(): Promise<Applied> {
    const { session, options } = this;
    const stop = () => session.shell.stop();
    options.signal?.addEventListener('abort', stop, { once: true });
    try {
      await this.begin(this.plan.armed);
      if (this.plan.armed.length > 0) await this.takeGuardOver();
      session.listen({
        kind: 'applying',
        host: session.host.name,
        steps: this.tasks.filter((entry) => entry.change).length,
      });
      await this.applySteps(this.tasks);
      if (!this.aborted) await this.applyHandlers(this.dueHandlers());
      if (this.aborted) return await this.stopped();
      await this.closeOldWay();
      await this.prove();
      if (this.guard.armed) await this.guard.confirm(this.tasks);
      await session.shell.apply([{ inShell: END_RUN }]);
      return { status: 'ok', stopped: false, left: [] };
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      return { status: 'failed', stopped: this.aborted, left: [], error: await this.settleAccess(error) };
    } finally {
      options.signal?.removeEventListener('abort', stop);
    }
  }

  private get aborted(): boolean {
    return this.options.signal?.aborted ?? false;
  }

  /** `armed`: the guards that the plan found armed. */
  private async begin(armed: readonly string[]): Promise<void> {
    const { session, options } = this;
    const login = {
      login: session.facts.login,
      client: session.facts.ssh?.client ?? null,
      port: session.facts.ssh?.port ?? null,
    };
    const { frames } = await session.shell.apply([{ inShell: beginRunScript(options.run, login, armed) }]);
    const frame = frames[0];
    if (frame?.exitCode === 0) return;
    const said = frame?.stderr.toString('utf8').trim().split('\n').at(-1) ?? '';
    if (frame?.exitCode === LOCKED) {
      throw new HostError(`another run is at work on this host: ${said}`, {
        hint: 'Wait for it to end; its lock goes with it',
      });
    }
    if (!frame) throw new HostError('the run was stopped before it began');
    if (frame.exitCode === MOVED_ON) throw new HostError(`the plan is old: ${said}`, { hint: 'Run harden again' });
    const all = frame.stderr.toString('utf8').trim().replaceAll(/\n/g, '; ');
    throw new HostError(`the journal cannot be written on this host: ${all}`, {
      hint: 'Look at the free space and the mount options of /var/lib and /run',
    });
  }

  /** A run that was cut off left its guard armed: this one answers for it from now on. */
  private async takeGuardOver(): Promise<void> {
    const { frames } = await this.session.shell.apply([this.guard.arm()!]);
    if (frames[0]) this.guard.armEnded(frames[0]);
    this.guard.batchEnded();
    if (!this.guard.armed)
      throw new HostError(`the guard could not be armed: ${this.session.stepError(frames[0]).output ?? 'stopped'}`);
  }

  /** Streams what is known; where a change is known only now, reads and plans again and goes on, as it does when the host has booted anew. */
  private async applySteps(tasks: PlannedTask[]): Promise<void> {
    let from = 0;
    while (from < tasks.length && !this.aborted) {
      const stop = tasks.findIndex(
        (entry, at) => at >= from && (entry.unknown !== undefined || rebootSeconds(entry) !== undefined),
      );
      const until = stop === -1 ? tasks.length : stop;
      await this.stream(tasks.slice(from, until));
      from = until;
      const next = tasks[stop];
      if (!next || this.aborted) continue;
      if (next.unknown === undefined) {
        await this.reboot(next);
        from += 1;
        continue;
      }
      // what it waits for is what holds, not what a file says by now
      if (next.task.type.awaits?.(next.task.params) !== undefined) await this.applyHandlers(this.dueHandlers());
      if (!this.aborted) await this.planAgain(tasks, from);
    }
  }

  /** Has the host boot anew, with everything so far in force and proved to let in, and goes on where it has come back. */
  private async reboot(entry: PlannedTask): Promise<void> {
    const { session } = this;
    const seconds = rebootSeconds(entry) ?? 0;
    if (this.ended.has(entry.task.index))
      throw new HostError(`"${entry.task.name}": the host has booted anew in this run, and would have to again`, {
        at: entry.task.at,
      });
    const before = this.tasks.filter(({ task }) => task.index < entry.task.index);
    await this.applyHandlers(this.dueHandlers());
    if (this.guard.armed) await this.guard.confirm(before);
    if (this.aborted) return;
    const boot = await bootIdentity(session.shell);
    await this.stream([entry]);
    if (!this.ended.has(entry.task.index)) return;
    session.listen({
      kind: 'note',
      host: session.host.name,
      message: `the host reboots; waiting for it, at most ${seconds} s`,
    });
    await session.shell.close();
    const way = accessAfter(before, session.facts);
    session.goOnIn(await comeBack({ host: session.host, way, boot, seconds, signal: this.options.signal }));
    await this.begin([]);
    session.listen({ kind: 'note', host: session.host.name, message: 'the host is back, and the run goes on' });
  }

  private async stream(entries: readonly PlannedTask[]): Promise<void> {
    const steps = entries.filter((entry) => entry.change && entry.script !== undefined);
    if (steps.length === 0) return;
    const handlers = [...this.plan.handlers, ...planHandlers(this.session.playbook, steps, [])];
    const scripts: { entry?: PlannedTask; script: string }[] = [];
    for (const entry of steps) {
      const arm = entry.risk ? this.guard.arm() : undefined;
      if (arm) scripts.push({ script: arm });
      scripts.push({
        entry,
        script: stepScript(entry, this.directory(entry), handlers, this.session.facts, this.session.masker),
      });
    }
    const { frames } = await this.session.shell.apply(
      scripts.map(({ script }) => script),
      {
        beat: this.beat,
        onStart: (at) => {
          const task = scripts[at]?.entry?.task;
          if (task)
            this.session.listen({
              kind: 'step-started',
              host: this.session.host.name,
              index: task.index,
              name: task.name,
            });
        },
        onEnd: (at, frame) => {
          const entry = scripts[at]?.entry;
          if (entry) this.stepEnded(entry, frame);
          else this.guard.armEnded(frame);
        },
      },
    );
    this.guard.batchEnded();
    const failed = frames.findIndex((frame) => frame.exitCode !== 0);
    if (failed === -1 && (frames.length === scripts.length || this.aborted)) return;
    if (failed === -1) throw new HostError('the host stopped the run: its guard has undone what touched the way in');
    const error = this.session.stepError(frames[failed]);
    const entry = scripts[failed]?.entry;
    if (!entry)
      throw new HostError(`the guard could not be armed: ${error.output ?? error.message}`, {
        hint: 'Nothing that touches access was changed',
      });
    throw new HostError(`"${entry.task.name}" failed: ${error.output?.trim() || error.message}`, { at: entry.task.at });
  }

  /** What was unknown must be known now; whatever still misses a need has been promised in vain. */
  private async planAgain(tasks: PlannedTask[], from: number): Promise<void> {
    const { session } = this;
    const rest = tasks.slice(from);
    const waiting = rest.filter((entry) => entry.unknown !== undefined).map((entry) => entry.task);
    const settled = rest.filter((entry) => entry.unknown === undefined);
    const answers = await session.read(waiting);
    const planned = planTasks(
      rest.map((entry) => entry.task),
      answers,
      session.facts,
      session.outlook,
      settled,
    );
    const replanned = await session.validated(
      planned.filter(({ task }) => waiting.includes(task)),
      answers,
      planned,
    );
    const refused = refusals({ tasks: replanned })[0];
    if (refused)
      throw new HostError(`"${refused.planned.task.name}" ${refused.finding.message}`, {
        at: refused.planned.task.at,
        hint: refused.finding.hint,
      });
    const first = replanned[0];
    if (first?.unknown !== undefined) {
      const missing = (first.task.type.needs?.(first.task.params, session.facts) ?? []).find(
        (need: string) => !answers.held.has(need),
      );
      throw new HostError(
        `"${first.task.name}" needs ${missing ? describeNeed(missing) : 'something'}, which no package brought`,
        { at: first.task.at },
      );
    }
    for (const entry of replanned) {
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

  /** Handlers that what was really done notified, and those that an earlier run left. */
  private dueHandlers(): readonly Handler[] {
    const pending = this.plan.handlers.filter((handler) => handler.pending);
    const done = this.tasks.filter((entry) => this.ended.has(entry.task.index));
    return planHandlers(this.session.playbook, done, pending).filter((handler) => !this.handled.has(handler.name));
  }

  private async applyHandlers(handlers: readonly Handler[]): Promise<void> {
    if (handlers.length === 0) return;
    const { session } = this;
    const host = session.host.name;
    const { frames } = await session.shell.apply(handlers.map(handlerScript), {
      beat: this.beat,
      onStart: (at) => {
        session.listen({ kind: 'handler-started', host, name: handlers[at]!.name });
      },
      onEnd: (at, frame) => {
        const { name } = handlers[at]!;
        const failed = frame.exitCode !== 0;
        if (!failed) this.handled.add(name);
        const error = failed ? session.stepError(frame) : undefined;
        session.listen({
          kind: 'handler-ended',
          host,
          name,
          status: failed ? 'failed' : 'changed',
          milliseconds: frame.milliseconds,
          error,
        });
      },
    });
    const failed = frames.findIndex((frame) => frame.exitCode !== 0);
    if (failed === -1) return;
    const error = session.stepError(frames[failed]);
    const withdrawn = frames[failed]?.exitCode === WITHDRAWN;
    throw new HostError(`the handler "${handlers[failed]?.name}" failed: ${error.output?.trim() || error.message}`, {
      hint: withdrawn ? undefined : 'It stays pending on the host, and the next apply runs it',
    });
  }

  /** Reads everything again: the plan must be empty. One further pass is allowed, where one change made another possible. */
  private async prove(): Promise<void> {
    const { session } = this;
    session.listen({ kind: 'proving', host: session.host.name, freshLogin: this.guard.armed });
    let differing = await this.differing();
    if (differing.length > 0 && refusals({ tasks: differing }).length === 0) {
      const names = differing.map((entry) => `"${entry.task.name}"`).join(', ');
      session.listen({ kind: 'note', host: session.host.name, message: `one further pass for ${names}` });
      for (const entry of differing) {
        this.tasks = this.tasks.map((task) => (task.task.index === entry.task.index ? entry : task));
        for (const name of entry.notifies) this.handled.delete(name);
      }
      this.pass += 1;
      await this.applySteps([...differing]);
      await this.applyHandlers(this.dueHandlers());
      differing = await this.differing();
    }
    const first = differing[0];
    if (first) {
      const reason =
        first.change?.keys.join(', ') ?? first.findings.find(({ level }) => level === 'refuse')?.message ?? '';
      throw new HostError(
        `not proved: after the apply, "${first.task.name}" still differs (${session.masker.text(reason)})`,
        { at: first.task.at },
      );
    }
    if (!this.aborted && this.ended.size + this.handled.size > 0) await proveWorks(session, this.beat);
    session.listen({ kind: 'proved', host: session.host.name });
    for (const { task, tells } of this.proved)
      if (tells !== undefined && this.ended.has(task.index))
        session.listen({ kind: 'note', host: session.host.name, message: session.masker.text(tells) });
  }

  /** Where a change opened a new way in beside the old one: once a login by the new one has succeeded, closes the old. */
  private async closeOldWay(): Promise<void> {
    const { session } = this;
    const closing = this.tasks.flatMap((entry) =>
      entry.closing !== undefined && this.ended.has(entry.task.index) ? [{ entry, script: entry.closing }] : [],
    );
    if (closing.length === 0) return;
    const fresh = await this.guard.tryLogin(this.tasks);
    await fresh.close();
    const { frames } = await session.shell.apply(
      closing.map(({ script }) => `set -eu\n${script}`),
      { beat: this.beat },
    );
    const failed = closing.find((_, at) => frames[at]?.exitCode !== 0);
    if (failed)
      throw new HostError(`"${failed.entry.task.name}": the old way in could not be closed`, {
        at: failed.entry.task.at,
      });
  }

  /** A further pass over a task has a place of its own in the journal, behind those of the first. */
  private directory({ task }: PlannedTask): string {
    return stepDirectory(task.index + this.pass * this.plan.tasks.length);
  }

  private async differing(): Promise<PlannedTask[]> {
    const { session } = this;
    if (this.guard.armed) await session.shell.apply(['harden_alive']);
    const answers = await session.read(session.playbook.tasks);
    this.proved = planTasks(session.playbook.tasks, answers, session.facts, session.outlook);
    return this.proved.filter(
      (entry) =>
        (entry.change !== undefined && entry.task.type.provable?.(entry.task.params) !== false) ||
        entry.findings.some(({ level }) => level === 'refuse'),
    );
  }

  /** After a failure: what has been changed on the way in comes into force and is proved, or is undone at once. */
  private async settleAccess(error: UserError): Promise<UserError> {
    if (!this.guard.armed) return error;
    try {
      if (this.session.shell.lost) return await this.guard.recover(error);
      const access = this.tasks.filter((entry) => entry.risk && this.ended.has(entry.task.index));
      const names = new Set(access.flatMap((entry) => entry.notifies));
      await this.applyHandlers(this.dueHandlers().filter((handler) => names.has(handler.name)));
      await this.guard.confirm(this.tasks);
      return error;
    } catch (second) {
      if (!(second instanceof UserError)) throw second;
      const undone = this.guard.armed ? `. ${this.guard.promise}` : '';
      return second === error
        ? error
        : new HostError(`${error.message}; then: ${second.message}${undone}`, {
            at: error.at,
            hint: second.hint ?? error.hint,
          });
    }
  }

  private async stopped(): Promise<Applied> {
    const left = this.tasks
      .filter((entry) => entry.change && !this.ended.has(entry.task.index))
      .map((entry) => entry.task.name);
    const handlers = this.dueHandlers().map((handler) => `handler: ${handler.name}`);
    if (this.guard.armed)
      this.session.listen({ kind: 'note', host: this.session.host.name, message: this.guard.promise });
    return { status: 'failed', stopped: true, left: [...left, ...handlers] };
  }

  private stepEnded(entry: PlannedTask, frame: Frame): void {
    const { index, name } = entry.task;
    const failed = frame.exitCode !== 0;
    if (!failed) {
      this.ended.add(index);
      // one that ran before, for a task that had to wait for it, is due again
      for (const handler of entry.notifies) this.handled.delete(handler);
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
