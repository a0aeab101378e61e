import type { AuditCheck } from '../audit/result.ts';

/** Findings that are mended alike. */
export interface AuditGroup {
  /** `by the task audit_rules`, `by hand`, `declined`. */
  readonly how: string;
  /** The same for all of them; undefined where each has its own. */
  readonly effort?: AuditCheck['effort'];
  readonly risk?: AuditCheck['risk'];
  /** What the score gains; 0 where the tool has none. */
  readonly points: number;
  readonly checks: readonly AuditCheck[];
}

/** What warns and is not accepted, by what would mend it: tasks first, then containers and images, then what harden declines, then what a person must do. */
export function groupFindings(results: readonly AuditCheck[]): readonly AuditGroup[] {
  const groups = new Map<string, AuditCheck[]>();
  for (const check of results) {
    if (check.result !== 'WARN' || check.accepted) continue;
    const how = mendedHow(check);
    const costs = byItself(how) ? [check.effort, check.risk] : [];
    const key = [order(check), how, ...costs].join('\0');
    const group = groups.get(key);
    if (group) group.push(check);
    else groups.set(key, [check]);
  }
  return [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, checks]) => ({
      how: mendedHow(checks[0]!),
      ...(byItself(mendedHow(checks[0]!)) ? { effort: checks[0]!.effort, risk: checks[0]!.risk } : {}),
      points: checks.reduce((sum, { points = 0 }) => sum + points, 0),
      checks,
    }));
}

/** True where one thing mends all of a group. */
function byItself(how: string): boolean {
  return how !== 'declined' && how !== 'by hand';
}

function mendedHow({ fix, declined }: AuditCheck): string {
  if (declined !== undefined) return 'declined';
  const first = fix?.[0];
  switch (first?.kind) {
    case 'task':
      return `by the task ${first.type}`;
    case 'docker-run':
      return 'by making containers anew';
    case 'compose':
      return 'in the compose file';
    case 'dockerfile':
      return 'by building images anew';
    default:
      return 'by hand';
  }
}

function order(check: AuditCheck): number {
  const how = mendedHow(check);
  if (how.startsWith('by the task')) return { none: 0, restart: 1, recreate: 2, data: 3 }[check.risk ?? 'none'];
  return (
    { 'by making containers anew': 4, 'in the compose file': 4, 'by building images anew': 5, declined: 6 }[how] ?? 7
  );
}
