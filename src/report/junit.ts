import type { AuditCheck, AuditDone, AuditResult } from '../audit/result.ts';
import { type Audited, isDone, stands } from './audited.ts';

/** A run's audits as JUnit XML (the schema that Jenkins reads): a suite for each tool on each host, a case for each check. */
export function junitReport(all: readonly Audited[], now: Date): string {
  const suites = all.flatMap((audited) => [
    ...(audited.error === undefined ? [] : [errorSuite(audited, 'harden', audited.error, now)]),
    ...audited.audits.map((audit) =>
      isDone(audit) ? suite(audited, audit, now) : errorSuite(audited, audit.tool, notRun(audit), now),
    ),
  ]);
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="harden audit">\n${suites.join('\n')}\n</testsuites>\n`;
}

function suite({ name }: Audited, audit: AuditDone, now: Date): string {
  const failures = audit.results.filter(stands).length;
  const skipped = audit.results.filter(isSkipped).length;
  const properties = [
    ...(audit.score === undefined ? [] : [['score', String(audit.score)] as const]),
    ...(audit.previous?.score === undefined ? [] : [['previous score', String(audit.previous.score)] as const]),
  ].map(([key, value]) => `<property name="${key}" value="${xml(value)}"/>`);
  const cases = [
    ...audit.results.map((check) => testCase(name, audit, check)),
    ...audit.failures.map((failure) => gateCase(name, audit, failure)),
  ];
  const head = `name="${xml(`${name} ${audit.tool}`)}" tests="${cases.length}" failures="${failures + audit.failures.length}" errors="0" skipped="${skipped}" time="0" timestamp="${timestamp(now)}" hostname="${xml(name)}"`;
  return `<testsuite ${head}>\n${properties.length > 0 ? `<properties>${properties.join('')}</properties>\n` : ''}${cases.join('\n')}\n</testsuite>`;
}

function testCase(host: string, audit: AuditDone, check: AuditCheck): string {
  const subject = check.subject === undefined ? '' : ` (${check.subject})`;
  const head = `<testcase name="${xml(`${check.id} ${check.title}${subject}`)}" classname="${xml(`${host}.${audit.tool}.${check.section}`)}" time="0"`;
  if (stands(check)) {
    const text = [check.details, ...(check.items ?? []), check.at, check.remediation].filter(Boolean).join('\n');
    return `${head}><failure type="${check.severity}" message="${xml(check.details ?? check.title)}">${xml(text)}</failure></testcase>`;
  }
  // The schema knows no reason in an attribute: it is the element's text.
  if (isSkipped(check)) return `${head}><skipped>${xml(reason(check))}</skipped></testcase>`;
  return check.result === 'PASS'
    ? `${head}/>`
    : `${head}><system-out>${xml(`${check.result}: ${check.details ?? ''}`)}</system-out></testcase>`;
}

function isSkipped({ result, accepted }: AuditCheck): boolean {
  return result === 'SKIP' || (result === 'WARN' && accepted !== undefined);
}

function reason({ accepted, details }: AuditCheck): string {
  if (!accepted) return details ?? 'not checked';
  return `accepted${accepted.expires ? ` until ${accepted.expires}` : ''}: ${accepted.reason}`;
}

function gateCase(host: string, { tool }: AuditDone, failure: string): string {
  return `<testcase name="${xml(failure)}" classname="${xml(`${host}.${tool}.threshold`)}" time="0"><failure type="threshold" message="${xml(failure)}"/></testcase>`;
}

/** An audit that did not run is an error, never a pass. */
function errorSuite({ name }: Audited, tool: string, message: string, now: Date): string {
  return `<testsuite name="${xml(`${name} ${tool}`)}" tests="1" failures="0" errors="1" skipped="0" time="0" timestamp="${timestamp(now)}" hostname="${xml(name)}">
<testcase name="runs" classname="${xml(`${name}.${tool}`)}" time="0"><error type="not-run" message="${xml(message)}"/></testcase>
</testsuite>`;
}

function notRun(audit: AuditResult): string {
  return audit.status === 'not-run' ? audit.reason : '';
}

function timestamp(now: Date): string {
  return now.toISOString().slice(0, 19);
}

/** Text for XML 1.0, which has no place for most control characters, escaped or not. */
function xml(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]/g, '\ufffd')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
