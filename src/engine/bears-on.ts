import type { PlannedTask } from './plan.ts';

/**
 * True where what a validator said of the later task's candidate names a path that the earlier task makes or alters: what is written
 * then is judged beside other files than now. The later task's own files do not count.
 */
export function bearsOn(earlier: PlannedTask, later: PlannedTask, said: string): boolean {
  if (earlier.change === undefined) return false;
  const own = new Set([...provided(later), ...kept(later)]);
  const isOthers = (path: string): boolean => !own.has(path);
  return (
    kept(earlier)
      .filter(isOthers)
      .some((path) => names(said, path, /[\w./-]/)) ||
    // what lies in a directory that is there already was there before the task as well
    provided(earlier)
      .filter(isOthers)
      .some((path) => names(said, path, earlier.action === 'create' ? /[\w-]/ : /[\w./-]/))
  );
}

function provided({ task }: PlannedTask): string[] {
  const needs: readonly string[] = task.type.provides?.(task.params) ?? [];
  return needs.filter((need) => need.startsWith('path:')).map((need) => need.slice('path:'.length));
}

function kept({ task, change }: PlannedTask): readonly string[] {
  return change ? (task.type.keeps?.(task.params, change) ?? []) : [];
}

function names(text: string, path: string, goesOn: RegExp): boolean {
  for (let at = text.indexOf(path); at !== -1; at = text.indexOf(path, at + 1))
    if (!/[\w./-]/.test(text[at - 1] ?? '') && !goesOn.test(text[at + path.length] ?? '')) return true;
  return false;
}
