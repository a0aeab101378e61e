import type { AuditResult } from '../audit/result.ts';
import { oneLine } from '../text/clean.ts';
import type { Paint } from './paint.ts';
import { type ToolSays, toolsTogether } from './tools-together.ts';

/** So many containers or hosts are named; the others are counted. */
const NAMED = 8;

/** Where several tools ask a host the same: how often they agree, and each check about which they do not; empty where one tool ran alone. */
export function togetherText(host: string, audits: readonly AuditResult[], paint: Paint): string {
  const together = toolsTogether(audits);
  if (!together) return '';
  const { both, differing } = together;
  const alike =
    differing.length === 0
      ? 'and they agree'
      : `they agree on ${both - differing.length}, and differ on ${differing.length}`;
  const lines = [
    `${paint('bold', host)} together: ${both} checks of docker-bench-security are made by another tool too; ${alike}`,
  ];
  for (const { check, others } of differing)
    lines.push(
      `    ${check.id} docker-bench-security ${verdict(check.result, paint)}; ${others.map((each) => said(each, check.result, paint)).join('; ')}`,
    );
  if (differing.length > 0) lines.push('  docs/audit.md says who is right about which, and the command that shows it');
  return `${lines.join('\n')}\n`;
}

function said({ tool, result, ids, subjects, not }: ToolSays, bench: string, paint: Paint): string {
  const without = not.length > 0 ? `, not of ${named(not)}` : '';
  const of = subjects.length > 0 ? `${bench === result ? ', also' : ''} of ${named(subjects)}` : '';
  return `${tool} ${verdict(result, paint)} ${ids.map(oneLine).join(', ')}${of}${without}`;
}

function named(names: readonly string[]): string {
  const shown = names.slice(0, NAMED).map(oneLine).join(', ');
  return names.length > NAMED ? `${shown} and ${names.length - NAMED} more` : shown;
}

function verdict(result: string, paint: Paint): string {
  return paint(result === 'PASS' ? 'green' : 'yellow', result);
}
