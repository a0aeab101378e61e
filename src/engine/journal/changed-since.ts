import { type ChangedSince, type JournalRun, type JournalStep, stands } from './read-journal.ts';
import type { KeptPath } from './read-kept.ts';

/** What of a run's steps is not any more as the run left it. */
export function changedSince(
  run: JournalRun,
  steps: readonly JournalStep[],
  runs: readonly JournalRun[],
  kept: readonly KeptPath[],
): readonly ChangedSince[] {
  const later = runs.slice(runs.findIndex(({ id }) => id === run.id) + 1);
  const chosen = new Set(steps.map(({ directory }) => directory));
  // Of several steps that kept a path, the last one left it.
  const last = new Map(
    kept.filter(({ step, path }) => chosen.has(step) && path !== '').map((entry) => [entry.path, entry]),
  );
  const changed: ChangedSince[] = [...last.values()]
    .filter((entry) => entry.changedSince)
    .map(({ step, path }) => ({ step, what: path, by: again(stepOf(steps, step), later)?.id }));
  for (const step of steps) {
    if (!step.record || kept.some((entry) => entry.step === step.directory)) continue;
    const by = again(
      step,
      later.filter(({ identity }) => !identity?.playbook.startsWith(ROLLBACK_OF)),
    );
    if (by) changed.push({ step: step.directory, what: `${step.record.type} ${step.record.id}`, by: by.id });
  }
  return changed;
}

/** How a run that is a rollback names what it did, in place of a playbook. */
export const ROLLBACK_OF = 'rollback of ';

function stepOf(steps: readonly JournalStep[], directory: string): JournalStep | undefined {
  return steps.find((step) => step.directory === directory);
}

/** The latest of these runs in which a step that stands speaks of the same thing. */
function again(step: JournalStep | undefined, runs: readonly JournalRun[]): JournalRun | undefined {
  return [...runs]
    .reverse()
    .find((run) =>
      run.steps.some(
        (other) =>
          stands(other) &&
          other.record !== undefined &&
          other.record.type === step?.record?.type &&
          other.record.id === step.record.id,
      ),
    );
}
