import { eachHost } from '../engine/each-host.ts';
import type { Listener } from '../engine/events.ts';
import type { HostPlan } from '../engine/plan.ts';
import { refusals } from '../engine/plan-tasks.ts';
import { HostSession, type PlaybookHost, planStatus } from '../engine/session.ts';
import { HostError, UserError } from '../errors.ts';

/** A host whose plan has been made, and whose shell is still open. */
export interface PlannedHost {
  readonly session: HostSession;
  readonly plan: HostPlan;
}

/** How long the hosts may take to close after an interrupt; the process ends then. */
const CLOSING_MS = 1000;

/** Opens and plans every host; ends at once where `signal` aborts. One that fails is reported by its `host-ended` event and left out. A playbook error ends the whole run. */
export async function planHosts(
  hosts: readonly PlaybookHost[],
  forks: number,
  listen: Listener,
  signal: AbortSignal,
): Promise<readonly PlannedHost[]> {
  let mistake: UserError | undefined;
  const opened = new Set<HostSession>();
  const planning = eachHost(hosts, forks, async (host): Promise<PlannedHost | undefined> => {
    let session: HostSession | undefined;
    try {
      if (signal.aborted) throw interrupted();
      session = await HostSession.open(host, listen);
      opened.add(session);
      return { session, plan: await session.plan() };
    } catch (error) {
      await session?.close();
      if (!(error instanceof UserError)) throw error;
      if (signal.aborted) return undefined;
      const reached = session !== undefined || !(error instanceof HostError);
      if (!(error instanceof HostError)) mistake ??= error;
      listen({ kind: 'host-ended', host: host.name, status: reached ? 'failed' : 'unreachable', error });
      return undefined;
    }
  });
  const planned = await unlessAborted(planning, signal).catch(async (error: unknown) => {
    const closing = Promise.all([...opened].map((session) => session.close()));
    if (signal.aborted) await Promise.race([closing, new Promise((resolve) => setTimeout(resolve, CLOSING_MS))]);
    throw error;
  });
  const open = planned.filter((entry) => entry !== undefined);
  if (mistake) {
    await closeAll(open);
    throw mistake;
  }
  return open;
}

/** The error that a plan with refusals amounts to: all of them, each at its task. */
export function refusalError(plan: HostPlan): UserError | undefined {
  const [first, ...others] = refusals(plan);
  if (!first) return undefined;
  const more = others.length > 0 ? ` (and ${others.length} more ${others.length === 1 ? 'refusal' : 'refusals'})` : '';
  return new HostError(plan.masker.text(`"${first.planned.task.name}" ${first.finding.message}${more}`), {
    at: first.planned.task.at,
    hint: first.finding.hint,
  });
}

/** Reports a host whose run ends with its plan. */
export function endWithPlan(plan: HostPlan, listen: Listener): void {
  listen({ kind: 'host-ended', host: plan.host, status: planStatus(plan), error: refusalError(plan) });
}

export async function closeAll(hosts: readonly PlannedHost[]): Promise<void> {
  await Promise.all(hosts.map(({ session }) => session.close()));
}

/** The same promise, given up as soon as the operator interrupts. */
export async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  work.catch(() => undefined);
  let stop = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(interrupted());
    signal.addEventListener('abort', stop);
    if (signal.aborted) stop();
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** Why a run ends where the operator does not want it any more. */
export function interrupted(): HostError {
  return new HostError('interrupted');
}
