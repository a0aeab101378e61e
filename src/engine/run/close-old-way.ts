import { HostError } from '../../errors.ts';
import { accessAfter } from '../access.ts';
import type { PlannedTask } from '../plan.ts';
import type { GuardedRun } from './guarded-run.ts';
import type { RunSession } from './run-host.ts';

/** Where a change opened a new way in beside the old one: once a login by the new one has succeeded, closes the old. */
export async function closeOldWay(
  session: RunSession,
  run: GuardedRun,
  tasks: readonly PlannedTask[],
  ended: ReadonlySet<number>,
): Promise<void> {
  const closing = tasks.flatMap((entry) =>
    entry.closing !== undefined && ended.has(entry.task.index) ? [{ entry, script: entry.closing }] : [],
  );
  if (closing.length === 0) return;
  await (await run.guard.tryLogin(accessAfter(tasks, session.facts))).close();
  const frames = await run.stream(closing.map(({ script }) => ({ script: `set -eu\n${script}` })));
  const failed = closing.find((_, at) => frames[at]?.exitCode !== 0);
  if (failed)
    throw new HostError(`"${failed.entry.task.name}": the old way in could not be closed`, {
      at: failed.entry.task.at,
    });
}
