import { type AuditCheck, type AuditDone, type AuditResult, findingKey } from '../audit/result.ts';
import { oneLine, visible } from '../text/clean.ts';
import { type AuditGroup, groupFindings } from './audit-groups.ts';
import type { Paint } from './paint.ts';

/** An audit for people: the score and its change, the findings by what mends them, what changed since the run before, and whether a threshold was missed. */
export function auditText(host: string, audit: AuditResult, paint: Paint): string {
  const title = `${paint('bold', host)} ${audit.tool}`;
  if (audit.status === 'not-run') return `${title}: ${paint('yellow', `not run: ${oneLine(audit.reason)}`)}\n`;
  const score = audit.score === undefined ? '' : `score ${paint('bold', String(audit.score))} points; `;
  const checks = `${audit.checks} ${audit.checks === 1 ? 'check' : 'checks'}`;
  const lines = [`${title}: ${score}${checks}, ${found(audit)}${change(audit)}`];
  if (audit.incomplete) lines.push(paint('yellow', `  ${oneLine(audit.incomplete)}`));
  const groups = groupFindings(audit.results);
  for (const group of groups) lines.push(...groupLines(group, paint));
  if (groups.length === 0) lines.push(`  ${paint('green', 'no warnings')}`);
  lines.push(
    ...doubtful(audit.results, paint),
    ...skipped(audit.results, paint),
    ...accepted(audit.results, paint),
    ...sinceLast(audit, paint),
  );
  for (const note of audit.notes ?? []) lines.push(`  ${paint('yellow', oneLine(note))}`);
  for (const failure of audit.failures) lines.push(`  ${paint('red', `below the threshold: ${oneLine(failure)}`)}`);
  return `${lines.join('\n')}\n`;
}

/** In how many of them something is found: the points of a score count otherwise. */
function found({ results }: AuditDone): string {
  const number = results.filter(({ result, accepted }) => result === 'WARN' && !accepted).length;
  return number === 0 ? 'nothing found' : `${number} ${number === 1 ? 'finding' : 'findings'}`;
}

function change(audit: AuditDone): string {
  if (audit.score === undefined || audit.previous?.score === undefined) return '';
  const delta = audit.score - audit.previous.score;
  return ` (${delta > 0 ? '+' : ''}${delta === 0 ? 'unchanged' : delta} since ${audit.previous.at.slice(0, 16).replace('T', ' ')})`;
}

function groupLines(group: AuditGroup, paint: Paint): string[] {
  const head = group.how === 'declined' ? 'declined' : `to be mended ${group.how}`;
  const lines = [`  ${paint('bold', head)}${costs(group, group.how === 'declined' ? 0 : group.points)}`];
  for (const check of group.checks) {
    const own = group.how === 'by hand' ? costs(check, check.points) : '';
    lines.push(`    ${paint('yellow', 'WARN')} ${named(check)}${own}${details(check, paint)}`);
    const advice = check.declined ?? (group.how === 'by hand' ? check.remediation : flag(check));
    for (const line of advice?.split('\n') ?? []) lines.push(`      ${paint('dim', visible(line))}`);
  }
  return lines;
}

function costs({ effort, risk }: Pick<AuditCheck, 'effort' | 'risk'>, points = 0): string {
  const said = [
    ...(effort ? [`effort ${effort}`] : []),
    ...(risk ? [`risk ${risk}`] : []),
    ...(points > 0 ? [`+${points} points`] : []),
  ];
  return said.length > 0 ? ` (${said.join(', ')})` : '';
}

function flag({ fix }: AuditCheck): string | undefined {
  const first = fix?.[0];
  if (first?.kind === 'docker-run') return first.flag;
  if (first?.kind === 'compose') return first.yaml;
  return first?.kind === 'dockerfile' ? first.line : undefined;
}

function named({ id, title, subject, at, related }: AuditCheck): string {
  const short = title.replace(/^Ensure (that )?/, '').replace(/ \((Automated|Manual|Scored)\)$/, '');
  const where = `${at === undefined ? '' : `${oneLine(at)} `}`;
  const same = related === undefined ? '' : ` = docker-bench ${related.join(', ')}`;
  return `${where}${oneLine(id)} ${oneLine(short)}${same}${subject === undefined ? '' : ` [${oneLine(subject)}]`}`;
}

function details(check: AuditCheck, paint: Paint): string {
  return check.details ? paint('dim', ` (${oneLine(check.details).slice(0, 120)})`) : '';
}

/** So many skipped checks are counted, not listed. */
const MANY = 10;

/** So many names stand in one line; the others are counted. */
const FEW = 30;

/** What was not checked is said: it is not passed. */
function skipped(results: readonly AuditCheck[], paint: Paint): string[] {
  const left = results.filter(({ result }) => result === 'SKIP');
  const shown = left.length > MANY ? [] : left;
  const lines = shown.map((check) => `  ${paint('yellow', 'not checked')} ${named(check)}${details(check, paint)}`);
  // A tool that skips by the hundred (Lynis) would hide its findings behind them.
  return left.length > MANY
    ? [`  ${paint('yellow', `${left.length} not checked`)} (--json and --report name them)`]
    : lines;
}

/** A green that says less than its title is marked; the reasons are many words. */
function doubtful(results: readonly AuditCheck[], paint: Paint): string[] {
  const ids = results.flatMap(({ id, result, caveat }) => (result === 'PASS' && caveat !== undefined ? [id] : []));
  if (ids.length === 0) return [];
  return [`  ${paint('dim', `passed, and says less than it seems: ${few(ids)} (--json and --report say why)`)}`];
}

function accepted(results: readonly AuditCheck[], paint: Paint): string[] {
  const lines = results.flatMap((check) => {
    if (!check.accepted || check.result !== 'WARN') return [];
    const { reason, expires } = check.accepted;
    return [`    ${named(check)}: ${oneLine(reason)}${expires ? ` (until ${expires})` : ''}`];
  });
  return lines.length > 0 ? [`  ${paint('bold', 'accepted by the baseline')}`, ...lines] : [];
}

function sinceLast({ results, previous }: AuditDone, paint: Paint): string[] {
  if (!previous) return [];
  const now = new Set(results.filter(({ result }) => result === 'WARN').map(findingKey));
  const before = new Set(previous.warnings);
  const subjects = new Set(results.map(({ subject }) => subject));
  // A container that is not there any more was not mended.
  const goneWith = (key: string) => {
    const [, subject] = /^\S+ (.*)$/s.exec(key) ?? [];
    return subject === undefined || subjects.has(subject) ? undefined : subject;
  };
  const left = [...before].filter((key) => !now.has(key));
  const mended = left.filter((key) => goneWith(key) === undefined);
  const gone = new Set(left.flatMap((key) => goneWith(key) ?? []));
  const fresh = [...now].filter((key) => !before.has(key));
  const line = (colour: 'green' | 'red' | 'dim', what: string, keys: readonly string[]) =>
    keys.length > 0 ? [`  ${paint(colour, `${what} since: ${few(keys)}`)}`] : [];
  return [...line('green', 'mended', mended), ...line('dim', 'gone', [...gone]), ...line('red', 'new', fresh)];
}

function few(names: readonly string[]): string {
  const shown = names.slice(0, FEW).map(oneLine).join(', ');
  return names.length > FEW ? `${shown} and ${names.length - FEW} more` : shown;
}
