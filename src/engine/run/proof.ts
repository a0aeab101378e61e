import { HostError } from '../../errors.ts';
import type { Script } from '../../remote/sh.ts';
import type { ResolvedTask } from '../resolved-task.ts';
import type { HostSession } from '../session.ts';
import { inPrivateDirectory } from '../step-script.ts';
import type { GuardedRun } from './guarded-run.ts';

/** Runs what the tasks want to see work, each text once; nothing differs any more, which alone is no proof that it works. */
export async function proveWorks(session: HostSession, run: GuardedRun): Promise<void> {
  const wanted = new Map<Script, ResolvedTask>();
  for (const task of session.playbook.tasks) {
    if (task.skipped !== undefined) continue;
    const script: Script | undefined = task.type.proof?.(task.params, session.facts);
    if (script !== undefined && !wanted.has(script)) wanted.set(script, task);
  }
  if (wanted.size === 0) return;
  const frames = await run.stream([...wanted.keys()].map((script) => ({ script: inPrivateDirectory(script) })));
  const failed = [...wanted.values()].findIndex((_, at) => frames[at] !== undefined && frames[at].exitCode !== 0);
  const task = [...wanted.values()][failed];
  if (task === undefined) return;
  const error = session.stepError(frames[failed]);
  throw new HostError(
    `not proved: nothing differs, and what "${task.name}" is for does not work: ${error.output?.trim() || error.message}`,
    { at: task.at, hint: '`harden rollback` takes back what this run changed' },
  );
}
