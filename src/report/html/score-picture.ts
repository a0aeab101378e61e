import { type AuditDone, isCisTool } from '../../audit/result.ts';
import { html, type Markup } from './html.ts';

const WIDTH = 640;
const BAR = 430;
const LEFT = 90;

/** The score before and after as two bars on one scale, from the lowest of zero and both to what the tool could give. */
export function scorePicture(audit: AuditDone): Markup {
  const { score = 0, previous } = audit;
  const most = isCisTool(audit.tool) ? audit.checks : Math.max(100, score);
  const before = previous?.score;
  const least = Math.min(0, score, before ?? 0);
  const x = (value: number) => Math.round((BAR * (value - least)) / Math.max(most - least, 1));
  const bar = (y: number, name: string, value: number | undefined, kind: 'before' | 'after') => html`
    <text x="${LEFT - 10}" y="${y + 17}" text-anchor="end" class="soft">${name}</text>
    <rect x="${LEFT}" y="${y}" width="${BAR}" height="24" rx="4" class="track"/>
    <rect x="${LEFT + x(Math.min(0, value ?? 0))}" y="${y}" width="${value === undefined ? 0 : Math.max(x(Math.max(value, 0)) - x(Math.min(0, value)), 3)}" height="24" rx="4" class="${kind}"/>
    <text x="${LEFT + BAR + 12}" y="${y + 17}">${value ?? 'not on record'}</text>`;
  const change = before === undefined ? '' : ` Before it was ${before}.`;
  return html`<figure>
<svg viewBox="0 0 ${WIDTH} 84" role="img" aria-label="Score ${score} of at most ${most}.${change}">${bar(8, 'before', before, 'before')}${bar(46, 'now', score, 'after')}
</svg>
<figcaption>${caption(audit, most)}</figcaption>
</figure>`;
}

function caption({ tool, score = 0, previous }: AuditDone, most: number): string {
  const scale = isCisTool(tool)
    ? `one point for each check that passes, minus one for each that warns; ${most} checks`
    : `of ${most}`;
  if (previous?.score === undefined) return `Score ${score}: ${scale}. There is no earlier run on record.`;
  const delta = score - previous.score;
  return `Score ${score} (${delta > 0 ? '+' : ''}${delta} since ${previous.at.slice(0, 10)}): ${scale}.`;
}
