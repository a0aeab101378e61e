import type { AuditCheck, AuditDone, AuditResult, Severity } from '../../audit/result.ts';
import { type Audited, isDone, stands } from '../audited.ts';
import { findingHtml } from './finding.ts';
import { html, type Markup, nothing } from './html.ts';
import { scorePicture } from './score-picture.ts';
import { togetherHtml } from './together.ts';

const ORDER: readonly Severity[] = ['high', 'medium', 'low', 'info'];

/** What every audit said of one host: the picture of its score, its findings by severity, and what was accepted, not checked and passed. */
export function hostSection(audited: Audited, at: number): Markup {
  return html`<section id="host-${at}">
<h2>${audited.name}</h2>
${audited.system ? html`<p class="soft">${audited.system}</p>` : nothing}
${audited.error ? html`<p class="bad">${audited.error}</p>` : nothing}
${audited.audits.map(auditHtml)}
${togetherHtml(audited.audits)}
</section>
`;
}

function auditHtml(audit: AuditResult): Markup {
  if (!isDone(audit)) return html`<h3>${audit.tool}</h3><p class="bad">Not run, and so not passed: ${audit.reason}</p>`;
  const open = audit.results.filter((check) => stands(check) && !check.declined);
  const declined = audit.results.filter((check) => stands(check) && check.declined);
  return html`<h3>${audit.tool}</h3>
${audit.incomplete ? html`<p class="bad">${audit.incomplete}</p>` : nothing}
${audit.score === undefined ? nothing : scorePicture(audit)}
${audit.failures.map((failure) => html`<p class="bad">Below the threshold: ${failure}</p>`)}
${(audit.notes ?? []).map((note) => html`<p class="soft">${note}</p>`)}
${open.length === 0 ? html`<p class="good">No finding is open.</p>` : nothing}
${bySeverity(open).map(findingHtml)}
${more(`Declined, with the reason (${declined.length})`, declined.map(findingHtml))}
${lists(audit)}`;
}

/** The same findings, the worst first. */
function bySeverity(checks: readonly AuditCheck[]): readonly AuditCheck[] {
  return ORDER.flatMap((severity) => checks.filter((check) => check.severity === severity));
}

function lists({ results }: AuditDone): Markup {
  const line = (check: AuditCheck, said: string | undefined): Markup =>
    html`<li>${check.id} ${check.title}${check.subject ? html` <code>${check.subject}</code>` : nothing}${said ? html`: ${said}` : nothing}</li>`;
  const list = (title: string, checks: readonly AuditCheck[], say: (check: AuditCheck) => string | undefined) =>
    more(
      `${title} (${checks.length})`,
      checks.map((check) => line(check, say(check))),
      'ul',
    );
  const of = (...wanted: readonly AuditCheck['result'][]) => results.filter(({ result }) => wanted.includes(result));
  return html`${list(
    'Accepted by the baseline',
    of('WARN').filter(({ accepted }) => accepted),
    ({ accepted }) => `${accepted?.reason ?? ''}${accepted?.expires ? ` (until ${accepted.expires})` : ''}`,
  )}${list('Not checked', of('SKIP'), ({ details }) => details)}${list('For a person to judge', of('INFO', 'NOTE'), ({ details }) => details)}${list('Passed', of('PASS'), ({ caveat }) => caveat)}`;
}

function more(title: string, content: readonly Markup[], tag: 'div' | 'ul' = 'div'): Markup {
  if (content.length === 0) return nothing;
  const inner = tag === 'ul' ? html`<ul>${content}</ul>` : html`${content}`;
  return html`<details><summary>${title}</summary>${inner}</details>`;
}
