import { stringify } from 'yaml';
import type { AuditCheck, Fix } from '../../audit/result.ts';
import { html, type Markup, nothing } from './html.ts';

/** One finding with where it is, what it means and what mends it. */
export function findingHtml(check: AuditCheck): Markup {
  const { id, title, severity, subject, field, at, details, items = [], remediation, declined, related = [] } = check;
  const where = [subject, field, at].filter((part) => part !== undefined);
  return html`<div class="finding ${severity}">
<p><span class="mark">${severity}</span><b>${title || id}</b> <span class="soft">${id}${related.length > 0 ? ` · docker-bench ${related.join(', ')}` : ''}</span></p>
${where.length > 0 ? html`<p class="soft">${where.map((part) => html`<code>${part}</code> `)}</p>` : nothing}
${details ? html`<p>${details}</p>` : nothing}
${items.length > 0 ? html`<p class="soft">${items.slice(0, 10).join('; ')}${items.length > 10 ? ` and ${items.length - 10} more` : ''}</p>` : nothing}
${declined ? html`<p><b>Declined:</b> ${declined}</p>` : nothing}
${remediation && !declined ? html`<p><b>What to do:</b> ${remediation}</p>` : nothing}
${(check.fix ?? []).map(fixHtml)}
${costs(check)}
</div>
`;
}

function fixHtml(fix: Fix): Markup {
  switch (fix.kind) {
    case 'task':
      return html`<pre><code>${stringify([{ [fix.type]: fix.params }]).trimEnd()}</code></pre>`;
    case 'docker-run':
      return html`<p>docker run: <code>${fix.flag}</code></p>`;
    case 'compose':
      return html`<pre><code>${fix.yaml}</code></pre>`;
    case 'dockerfile':
      return html`<p>Dockerfile: <code>${fix.line}</code></p>`;
  }
}

const RISKS = {
  none: 'nothing that runs is disturbed',
  restart: 'Docker restarts',
  recreate: 'containers are made anew',
  data: 'data moves or goes out of sight',
} as const;

function costs({ effort, risk, points }: AuditCheck): Markup {
  const said = [
    ...(effort ? [`effort ${effort}`] : []),
    ...(risk ? [RISKS[risk]] : []),
    ...(points ? [`+${points} points`] : []),
  ];
  return said.length > 0 ? html`<p class="soft">${said.join(' · ')}</p>` : nothing;
}
