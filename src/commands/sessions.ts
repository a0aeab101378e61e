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

/** Opens and plans every host; one that fails is reported by its `host-ended` event and left out. A playbook error ends the whole run. */
export async function planHosts(
  hosts: readonly PlaybookHost[],
  forks: number,
  listen: Listener,
): Promise<readonly PlannedHost[]> {
  let mistake: UserError | undefined;
  const planned = await eachHost(hosts, forks, async (host): Promise<PlannedHost | undefined> => {
    let session: HostSession | undefined;
    try {
      session = await HostSession.open(host, listen);
      return { session, plan: await session.plan() };
    } catch (error) {
      await session?.close();
      if (!(error instanceof UserError)) throw error;
      const reached = session !== undefined || !(error instanceof HostError);
      if (!(error instanceof HostError)) mistake ??= error;
      listen({ kind: 'host-ended', host: host.name, status: reached ? 'failed' : 'unreachable', error });
      return undefined;
    }
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
