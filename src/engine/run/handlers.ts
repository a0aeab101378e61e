import { HostError } from '../../errors.ts';
import type { HostPlan, PlannedTask } from '../plan.ts';
import { planHandlers } from '../plan-tasks.ts';
import type { HostSession } from '../session.ts';
import { handlerScript } from '../step-script.ts';
import { type Handler, WITHDRAWN } from '../task.ts';
import type { GuardedRun } from './guarded-run.ts';

/** The handlers of an apply: which are due, and what runs them once each. */
export class Handlers {
  private readonly session: HostSession;
  private readonly run: GuardedRun;
  private readonly pending: readonly Handler[];
  private readonly handled = new Set<string>();

  constructor(session: HostSession, run: GuardedRun, plan: HostPlan) {
    this.session = session;
    this.run = run;
    this.pending = plan.handlers.filter(({ pending }) => pending);
  }

  /** Whether one ran. */
  get ran(): boolean {
    return this.handled.size > 0;
  }

  /** These are due again, also where they ran before. */
  notified(names: readonly string[]): void {
    for (const name of names) this.handled.delete(name);
  }

  /** Those that what was really done notified, and those that an earlier run left. */
  due(done: readonly PlannedTask[]): readonly Handler[] {
    return planHandlers(this.session.playbook, done, this.pending).filter(({ name }) => !this.handled.has(name));
  }

  /** Runs them in order; throws a HostError at the first that fails. */
  async apply(handlers: readonly Handler[]): Promise<void> {
    const { session } = this;
    const host = session.host.name;
    const frames = await this.run.stream(
      handlers.map((handler) => ({
        script: handlerScript(handler),
        started: () => session.listen({ kind: 'handler-started', host, name: handler.name }),
        ended: (frame) => {
          const failed = frame.exitCode !== 0;
          if (!failed) this.handled.add(handler.name);
          session.listen({
            kind: 'handler-ended',
            host,
            name: handler.name,
            status: failed ? 'failed' : 'changed',
            milliseconds: frame.milliseconds,
            error: failed ? session.stepError(frame) : undefined,
          });
        },
      })),
    );
    const failed = frames.findIndex(({ exitCode }) => exitCode !== 0);
    if (failed === -1) return;
    const error = session.stepError(frames[failed]);
    throw new HostError(`the handler "${handlers[failed]?.name}" failed: ${error.output?.trim() || error.message}`, {
      hint:
        frames[failed]?.exitCode === WITHDRAWN ? undefined : 'It stays pending on the host, and the next apply runs it',
    });
  }
}
