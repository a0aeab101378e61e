import { HostError } from '../../errors.ts';
import { describeNeed } from '../needs.ts';
import type { PlannedTask } from '../plan.ts';
import { planTasks, refusals } from '../plan-tasks.ts';
import type { HostSession } from '../session.ts';

/** What was unknown must be known now; whatever still misses a need has been promised in vain. Gives the tasks that were planned anew. */
export async function planAgain(session: HostSession, rest: readonly PlannedTask[]): Promise<readonly PlannedTask[]> {
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
  return replanned;
}
