import type { PlannedTask } from './plan.ts';
import type { StateValue } from './state.ts';

/** One difference as people and programs see it; null: not there. */
export interface ShownChange {
  readonly key: string;
  readonly before: StateValue | null;
  readonly after: StateValue | null;
}

const HIDDEN = '(sensitive)';

/** The changes of a planned task, with whatever must not be seen replaced; every output shows changes through this alone. */
export function shownChanges(planned: PlannedTask): readonly ShownChange[] {
  const { change, task } = planned;
  if (!change) return [];
  const secret = new Set(task.type.secretKeys ?? []);
  const made = (planned.makes ?? []).length > 0 ? [{ key: 'directories', before: null, after: planned.makes! }] : [];
  const shown = change.keys.map((key) => {
    const before = change.before?.[key] ?? null;
    const after = change.after?.[key] ?? null;
    if (!task.sensitive && !secret.has(key)) return { key, before, after };
    return { key, before: before === null ? null : HIDDEN, after: after === null ? null : HIDDEN };
  });
  return [...made, ...shown];
}
