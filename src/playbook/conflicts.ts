import { isDeepStrictEqual } from 'node:util';
import type { ResolvedTask } from '../engine/resolved-task.ts';
import { formatPosition } from '../errors.ts';
import type { Problems } from './problems.ts';

/** Adds a problem for each task that wants something else of the same thing than an earlier one. */
export function checkConflicts(tasks: readonly ResolvedTask[], problems: Problems): void {
  const first = new Map<string, ResolvedTask>();
  for (const task of tasks) {
    if (task.skipped !== undefined) continue;
    const key = `${task.type.type}\0${task.id}`;
    const earlier = first.get(key);
    if (!earlier) first.set(key, task);
    else if (!isDeepStrictEqual(earlier.params, task.params)) {
      const where = earlier.at.file === task.at.file ? `line ${earlier.at.line}` : formatPosition(earlier.at);
      const differing = differences(earlier.params, task.params);
      const what = differing.length > 0 ? `: ${differing.map((name) => `\`${name}\``).join(' and ')}` : '';
      problems.add(
        `This task and the one in ${where} want different things of ${task.type.type} ${task.id}${what}`,
        task.at,
        'Make them one task, or let `when:` choose',
      );
    }
  }
}

function differences(a: unknown, b: unknown): string[] {
  if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object') return [];
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...keys].filter(
    (key) => !isDeepStrictEqual((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]),
  );
}
