import type { AuditCheck, AuditDone, Severity } from './result.ts';

/** What makes an audit fail. */
export interface Gate {
  readonly min_score?: number | undefined;
  /** Check ids, sections (`2`), severities (`high`: that and worse) and results (`WARN`). */
  readonly fail_on?: readonly string[] | undefined;
}

const WORSE: Readonly<Record<Severity, number>> = { info: 0, low: 1, medium: 2, high: 3 };

/** Why an audit is below what is asked of it; what a baseline accepts does not count. */
export function gateFailures(audit: AuditDone, gate: Gate): readonly string[] {
  const failures: string[] = [];
  if (gate.min_score !== undefined && audit.score === undefined)
    failures.push(`min_score is ${gate.min_score}, and ${audit.tool} gives no score`);
  else if (gate.min_score !== undefined && judgedScore(audit) < gate.min_score)
    failures.push(`the score is ${scoreText(audit)}, and min_score is ${gate.min_score}`);
  const unread = audit.results.filter((check) => check.unread && !check.accepted);
  if (unread.length > 0 && (gate.min_score !== undefined || (gate.fail_on ?? []).length > 0))
    failures.push(
      `a part was not read: ${unread.map(({ at, details }) => `${at ? `${at}: ` : ''}${details ?? ''}`).join('; ')}`,
    );
  for (const wanted of gate.fail_on ?? []) {
    const hits = audit.results.filter((check) => !check.accepted && meets(check, wanted));
    if (hits.length > 0) failures.push(`fail_on ${wanted}: ${[...new Set(hits.map(named))].join(', ')}`);
  }
  return failures;
}

/** The score as it were if what a baseline accepts took nothing off it. */
function judgedScore({ score = 0, results }: AuditDone): number {
  return score + results.filter((check) => check.result === 'WARN' && check.accepted && check.points).length;
}

function scoreText(audit: AuditDone): string {
  const judged = judgedScore(audit);
  return judged === audit.score ? String(judged) : `${audit.score} (${judged} without what is accepted)`;
}

function meets(check: AuditCheck, wanted: string): boolean {
  if (check.result === 'PASS') return false;
  if (wanted.toUpperCase() === check.result) return true;
  if (check.result !== 'WARN') return false;
  const severity: number | undefined = WORSE[wanted.toLowerCase() as Severity];
  // `info` is the result of that name.
  if (severity) return WORSE[check.severity] >= severity;
  return [check.id, ...(check.related ?? [])].some((id) => id === wanted || id.startsWith(`${wanted}.`));
}

function named({ id, subject }: AuditCheck): string {
  return subject === undefined ? id : `${id} (${subject})`;
}
