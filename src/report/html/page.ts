import type { Severity } from '../../audit/result.ts';
import { version } from '../../version.ts';
import { type Audited, isDone, stands } from '../audited.ts';
import { hostSection } from './host-section.ts';
import { html, type Markup, nothing } from './html.ts';
import { style } from './style.ts';

/** A run's audits as one page that needs nothing else: no network, no script. */
export function htmlReport(all: readonly Audited[], now: Date): string {
  const title = all.length === 1 ? `Security audit of ${all[0]?.name}` : `Security audit of ${all.length} hosts`;
  const { markup } = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${title}</title>
<style>${{ markup: style }}</style>
</head>
<body>
<h1>${title}</h1>
<p class="soft">${now.toISOString().slice(0, 16).replace('T', ' ')} UTC · harden ${version}</p>
<p>${verdictOf(all)}</p>
${tiles(all)}
${all.length > 1 ? fleet(all) : nothing}
${all.map(hostSection)}
</body>
</html>
`;
  // Where a part has nothing to show, it leaves an empty line.
  return markup.replaceAll(/\n{2,}/g, '\n');
}

/** Open findings of one severity, over everything that was audited; what is declined is not open. */
function open(all: readonly Audited[], severity?: Severity): number {
  return all
    .flatMap(({ audits }) => audits.filter(isDone))
    .flatMap(({ results }) => results)
    .filter((check) => stands(check) && !check.declined && (severity === undefined || check.severity === severity))
    .length;
}

/** The whole in one sentence. */
function verdictOf(all: readonly Audited[]): string {
  const failed = all.filter(({ error, audits }) => error !== undefined || audits.some((audit) => !isDone(audit)));
  const missed = all.flatMap(({ audits }) => audits.filter(isDone)).flatMap(({ failures }) => failures).length;
  const [high, every] = [open(all, 'high'), open(all)];
  const found =
    every === 0
      ? 'Nothing is open in what was audited'
      : `${every} ${every === 1 ? 'finding is' : 'findings are'} open, ${high === 0 ? 'none' : high} of high severity`;
  const gates = missed > 0 ? `; ${missed} ${missed === 1 ? 'threshold is' : 'thresholds are'} missed` : '';
  const rest = failed.length > 0 ? `; not all was audited on ${failed.map(({ name }) => name).join(', ')}` : '';
  return `${found}${gates}${rest}.`;
}

function tiles(all: readonly Audited[]): Markup {
  const audits = all.flatMap((audited) => audited.audits);
  const passed = audits.filter(isDone).flatMap(({ results }) => results.filter(({ result }) => result === 'PASS'));
  const missing =
    audits.filter((audit) => !isDone(audit)).length + all.filter(({ error }) => error !== undefined).length;
  const tile = (kind: string, count: number, name: string) =>
    html`<div class="tile ${kind}"><b>${count}</b>${name}</div>`;
  return html`<div class="tiles">${tile('high', open(all, 'high'), 'high')}${tile('medium', open(all, 'medium'), 'medium')}${tile('low', open(all, 'low'), 'low')}${tile('', passed.length, 'checks passed')}${missing > 0 ? tile('high', missing, 'not run') : nothing}</div>`;
}

function fleet(all: readonly Audited[]): Markup {
  return html`<table>
<tr><th>host</th><th class="number">score</th><th class="number">before</th><th class="number">high</th><th class="number">medium</th><th class="number">low</th><th class="wide">system</th></tr>
${all.map((audited, at) => {
  const bench = audited.audits.filter(isDone).find(({ score }) => score !== undefined);
  const number = (value: number | string | undefined) => html`<td class="number">${value ?? '–'}</td>`;
  return html`<tr><td><a href="#host-${at}">${audited.name}</a></td>${number(bench?.score)}${number(bench?.previous?.score)}${(['high', 'medium', 'low'] as const).map((severity) => number(audited.audits.some(isDone) ? open([audited], severity) : undefined))}<td class="wide">${audited.error ? html`<span class="bad">${audited.error}</span>` : audited.system}</td></tr>
`;
})}</table>`;
}
