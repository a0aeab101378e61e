import type { Masker } from '../text/masker.ts';
import type { PlannedTask } from './plan.ts';
import type { StateValue } from './state.ts';

/** One difference as people and programs see it; null: not there. */
export interface ShownChange {
  readonly key: string;
  readonly before: StateValue | null;
  readonly after: StateValue | null;
}

const HIDDEN = '(sensitive)';
/** What stood where a secret stands now, and may be its old value: nobody has told harden what that is. */
const WITHHELD = '(not shown: it may be the old value of a secret)';

/**
 * The changes of a planned task, with whatever must not be seen replaced; every output shows changes through this alone. Where
 * what comes holds a secret, only what is the same in it is shown of what was there before: the rest may be the old secret.
 */
export function shownChanges(planned: PlannedTask, masker: Masker): readonly ShownChange[] {
  const { change, task } = planned;
  if (!change) return [];
  const secret = new Set(task.type.secretKeys ?? []);
  const made = (planned.makes ?? []).length > 0 ? [{ key: 'directories', before: null, after: planned.makes! }] : [];
  const shown = change.keys.map((key) => {
    const before = change.before?.[key] ?? null;
    const after = change.after?.[key] ?? null;
    const hide = task.sensitive || secret.has(key);
    if (hide) return { key, before: before === null ? null : HIDDEN, after: after === null ? null : HIDDEN };
    const holdsSecret = after !== null && masker.finds(JSON.stringify(after));
    const known = holdsSecret && before !== null ? onlyShared(before, after) : before;
    return { key: masker.text(key), before: masker.deep(known), after: masker.deep(after) };
  });
  return [...made, ...shown];
}

function onlyShared(before: StateValue, after: StateValue): StateValue {
  if (typeof before === 'number' || typeof before === 'boolean') return before;
  const shared = new Set(linesOf(after));
  const shown = (line: string) => (line === '' || shared.has(line) ? line : WITHHELD);
  return typeof before === 'string' ? before.split('\n').map(shown).join('\n') : before.map(shown);
}

function linesOf(value: StateValue): readonly string[] {
  return Array.isArray(value) ? value : String(value).split('\n');
}
