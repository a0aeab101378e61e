import type { AuditResult } from '../../audit/result.ts';
import { toolsTogether } from '../tools-together.ts';
import { html, type Markup, nothing } from './html.ts';

/** Where several tools ask a host the same: how often they agree, and a table of the checks about which they do not. */
export function togetherHtml(audits: readonly AuditResult[]): Markup {
  const together = toolsTogether(audits);
  if (!together) return nothing;
  const { both, differing } = together;
  return html`<h3>Where the tools meet</h3>
<p>${both} checks of docker-bench-security are made by another tool too. ${differing.length === 0 ? 'They agree on all of them.' : `They agree on ${both - differing.length}, and differ on ${differing.length}:`}</p>
${
  differing.length === 0
    ? nothing
    : html`<table class="together">
<tr><th>check</th><th>bench</th><th>the other</th></tr>
${differing.map(
  ({ check, others }) => html`<tr><td>${check.id} ${check.title}</td><td>${check.result}</td><td>${others.map(
    ({ tool, result, ids, subjects, not }) =>
      html`<p>${tool}: ${result} <code>${ids.join(', ')}</code>${subjects.length > 0 ? `${check.result === 'WARN' && result === 'WARN' ? ', also' : ''} of ${subjects.join(', ')}` : ''}${not.length > 0 ? `, not of ${not.join(', ')}` : ''}</p>`,
  )}</td></tr>
`,
)}</table>`
}`;
}
