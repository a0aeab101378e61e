import { catalogue } from '../docker-bench/catalogue/catalogue.ts';
import type { AuditCheck, AuditDone, PredictedChange } from '../result.ts';
import { paramsOf, type SuggestedTask } from './suggest.ts';
import type { Survey } from './survey.ts';

export interface Prediction {
  readonly score: number;
  /** What the tasks mend, and what else follows from them, in the order of the audit. */
  readonly changes: readonly PredictedChange[];
}

/** What docker-bench-security will say once these tasks are applied; those that are opt-in do not count. */
export function predict(audit: AuditDone, tasks: readonly SuggestedTask[], survey: Survey): Prediction {
  const applied = tasks.filter(({ optIn }) => !optIn);
  const to = new Map<string, AuditCheck['result']>();
  for (const { parts } of applied) for (const { id } of parts) to.set(id, 'PASS');
  for (const [id, result] of sideEffects(applied, survey)) if (!to.has(id)) to.set(id, result);
  const changes = audit.results.flatMap(({ id, result }): PredictedChange[] => {
    const next = to.get(id);
    return next === undefined || next === result ? [] : [{ id, from: result, to: next }];
  });
  const gained = changes.reduce((sum, { id, from, to: next }) => sum + worth(id, next) - worth(id, from), 0);
  return { score: (audit.score ?? 0) + gained, changes };
}

/** What the bench says anew because of what a task does beside its purpose. */
function sideEffects(
  tasks: readonly SuggestedTask[],
  survey: Survey,
): readonly (readonly [string, AuditCheck['result']])[] {
  const daemon = tasks.find(({ type }) => type === 'docker_daemon');
  if (!daemon) return [];
  const rules = tasks.filter(({ type }) => type === 'audit_rules').map((task) => JSON.stringify(paramsOf(task)));
  const watched = [survey.loadedRules, ...rules].some((text) => text.includes('/etc/docker/daemon.json'));
  const created: readonly (readonly [string, AuditCheck['result']])[] =
    survey.daemonJson === undefined
      ? [
          ['3.17', 'PASS'],
          ['3.18', 'PASS'],
          ['1.1.11', watched ? 'PASS' : 'WARN'],
        ]
      : [];
  const options = (paramsOf(daemon).options ?? {}) as Readonly<Record<string, unknown>>;
  return [
    ...created,
    // It reads daemon.json for containers too.
    ...(options['no-new-privileges'] === true ? [['5.26', 'PASS'] as const] : []),
    ...(options['live-restore'] === true ? [['2.15', 'PASS'] as const] : []),
  ];
}

function worth(id: string, result: AuditCheck['result']): number {
  if (catalogue.get(id)?.scored !== true) return 0;
  return result === 'PASS' ? 1 : result === 'WARN' ? -1 : 0;
}
