import type { AuditCheck, AuditDone, AuditResult } from '../audit/result.ts';
import type { Paint } from './paint.ts';
import { printable } from './text-diff.ts';

/** An audit for people: the score and its change, the warnings by section, what changed since the run before, and whether a threshold was missed. */
export function auditText(host: string, audit: AuditResult, paint: Paint): string {
  const title = `${paint('bold', host)} ${audit.tool}`;
  if (audit.status === 'not-run') return `${title}: ${paint('yellow', `not run: ${printable(audit.reason)}`)}\n`;
  const score = audit.score === undefined ? '' : `score ${paint('bold', String(audit.score))} of `;
  const lines = [`${title}: ${score}${audit.checks} checks${change(audit)}`];
  if (audit.incomplete) lines.push(paint('yellow', `  ${audit.incomplete}`));
  const warnings = audit.results.filter(({ result }) => result === 'WARN');
  for (const [section, checks] of bySection(warnings)) {
    lines.push(`  ${paint('bold', section)}`);
    for (const check of checks)
      lines.push(`    ${paint('yellow', 'WARN')} ${check.id} ${printable(check.title)}${details(check, paint)}`);
  }
  if (warnings.length === 0) lines.push(`  ${paint('green', 'no warnings')}`);
  lines.push(...sinceLast(audit, warnings, paint));
  for (const failure of audit.failures) lines.push(`  ${paint('red', `below the threshold: ${failure}`)}`);
  return `${lines.join('\n')}\n`;
}

function change(audit: AuditDone): string {
  if (audit.score === undefined || audit.previous?.score === undefined) return '';
  const delta = audit.score - audit.previous.score;
  return ` (${delta > 0 ? '+' : ''}${delta === 0 ? 'unchanged' : delta} since ${audit.previous.at.slice(0, 16).replace('T', ' ')})`;
}

function sinceLast(audit: AuditDone, warnings: readonly AuditCheck[], paint: Paint): string[] {
  if (!audit.previous) return [];
  const now = new Set(warnings.map(({ id }) => id));
  const before = new Set(audit.previous.warnings);
  const mended = [...before].filter((id) => !now.has(id));
  const fresh = [...now].filter((id) => !before.has(id));
  return [
    ...(mended.length > 0 ? [`  ${paint('green', `mended since: ${mended.join(', ')}`)}`] : []),
    ...(fresh.length > 0 ? [`  ${paint('red', `new since: ${fresh.join(', ')}`)}`] : []),
  ];
}

function bySection(checks: readonly AuditCheck[]): Map<string, AuditCheck[]> {
  const sections = new Map<string, AuditCheck[]>();
  for (const check of checks) sections.set(check.section, [...(sections.get(check.section) ?? []), check]);
  return sections;
}

function details(check: AuditCheck, paint: Paint): string {
  return check.details ? paint('dim', ` (${printable(check.details).slice(0, 120)})`) : '';
}
