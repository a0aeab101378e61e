import { HostError } from '../../errors.ts';
import type { RootShell } from '../../remote/shell.ts';
import type { Masker } from '../../text/masker.ts';
import type { HostPlan, PlannedTask } from '../plan.ts';
import { planTasks } from '../plan-tasks.ts';
import type { HostSession } from '../session.ts';

/** Names of the tasks whose state is not what the plan had read: of those that touch the way in, or of all. */
export async function differsFromPlan(
  session: HostSession,
  plan: HostPlan,
  shell: RootShell,
  all: boolean,
): Promise<readonly string[]> {
  const looked = plan.tasks.filter(
    (entry) => (entry.risk || (all && entry.change !== undefined && canBeUndone(entry))) && entry.unknown === undefined,
  );
  const tasks = looked.map((entry) => entry.task);
  const answers = await session.read(tasks, shell);
  const now = planTasks(tasks, answers, session.facts, session.outlook);
  return looked
    .filter((entry, at) => JSON.stringify(entry.change?.before) !== JSON.stringify(now[at]?.change?.before))
    .map((entry) => entry.task.name);
}

/** The tasks that are not as they should be: what differs and can be read, and what is refused. */
export function stillDiffering(planned: readonly PlannedTask[]): PlannedTask[] {
  return planned.filter(
    (entry) =>
      (entry.change !== undefined && entry.task.type.provable?.(entry.task.params) !== false) ||
      entry.findings.some(({ level }) => level === 'refuse'),
  );
}

/** Why the proof failed, at the first task that differs. */
export function notProved({ task, change, findings }: PlannedTask, masker: Masker): HostError {
  const reason = change?.keys.join(', ') ?? findings.find(({ level }) => level === 'refuse')?.message ?? '';
  return new HostError(`not proved: after the apply, "${task.name}" still differs (${masker.text(reason)})`, {
    at: task.at,
  });
}

/** What cannot be taken back, and what cannot be read, says nothing of an undo. */
function canBeUndone({ task, irreversible }: PlannedTask): boolean {
  return irreversible === undefined && task.type.provable?.(task.params) !== false;
}
