import type { ChangedSince, JournalRun, JournalStep } from '../engine/journal/read-journal.ts';
import type { KeptPath } from '../engine/journal/read-kept.ts';
import { oneLine } from '../text/clean.ts';
import type { Paint } from './paint.ts';
import { unified } from './text-diff.ts';

/** `harden history` for people: a line a run. */
export function historyText(host: string, runs: readonly JournalRun[], paint: Paint): string {
  const lines = [paint('bold', host)];
  for (const run of runs) {
    const count = (state: string) => run.steps.filter((step) => step.state === state).length;
    const counts = [
      [count('done'), 'changed'],
      [count('failed'), 'failed'],
      [count('started'), 'not ended'],
      [count('undone'), 'undone'],
    ] as const;
    const steps =
      counts
        .filter(([number]) => number > 0)
        .map(([number, word]) => `${number} ${word}`)
        .join(', ') || 'nothing changed';
    const who = run.identity ? `${run.identity.by} ${run.identity.playbook}` : 'its record is damaged';
    lines.push(`  ${run.id}  ${steps}${endNote(run)}${guardNote(run)}  ${paint('dim', oneLine(who))}`);
  }
  if (runs.length === 0) lines.push('  nothing was applied to this host yet');
  return `${lines.join('\n')}\n`;
}

/** `harden show` for people: each step with what it changed. */
export function runText(host: string, run: JournalRun, paint: Paint): string {
  const lines = [`${paint('bold', host)} ${run.id}${endNote(run)}${guardNote(run)}`];
  if (run.identity)
    lines.push(
      `  ${run.identity.at}, ${oneLine(run.identity.by)}, ${oneLine(run.identity.playbook)}, harden ${run.identity.tool}`,
    );
  for (const step of run.steps) {
    lines.push(`  ${step.directory} ${step.state}: ${stepName(step)}`);
    for (const { key, before, after } of step.record?.changes ?? [])
      lines.push(`      ${oneLine(`${key}: ${show(before)} → ${show(after)}`)}`);
  }
  return `${lines.join('\n')}\n`;
}

/** What a rollback would put back, and what of the run it cannot. */
export function rollbackText(
  host: string,
  run: JournalRun,
  steps: readonly JournalStep[],
  kept: readonly KeptPath[],
  changed: readonly ChangedSince[],
  paint: Paint,
): string {
  const lines = [`${paint('bold', host)} roll back ${run.id}`];
  if (steps.length === 0) lines.push('  nothing of it stands any more');
  for (const step of steps) {
    lines.push(`  ${paint('yellow', '↩')} ${stepName(step)}`);
    for (const path of kept.filter((entry) => entry.step === step.directory && !entry.same))
      lines.push(...keptLines(path, paint).map((line) => `      ${line}`));
    for (const { what, by } of changed.filter((entry) => entry.step === step.directory))
      lines.push(
        `      ${paint('yellow', oneLine(`changed since then${by ? ` by ${by}` : ', not by harden'}: ${what}; rolling back loses that`))}`,
      );
    if (step.record?.irreversible)
      lines.push(`      ${paint('yellow', `cannot be taken back: ${oneLine(step.record.irreversible)}`)}`);
  }
  return `${lines.join('\n')}\n`;
}

function keptLines({ path, before, now }: KeptPath, paint: Paint): string[] {
  if (path === '') return [paint('yellow', 'what it had kept is damaged in the journal, and cannot be put back')];
  if (before === null) return [`${oneLine(path)}: ${paint('red', 'removed')}`];
  if (now === null) return [`${oneLine(path)}: ${paint('green', 'put back')}`];
  return [`${oneLine(path)}:`, ...unified(now, before, paint)];
}

function stepName(step: JournalStep): string {
  return oneLine(
    step.record
      ? `${step.record.name} (${step.record.type} ${step.record.id})`
      : `step ${step.directory} (its record is damaged)`,
  );
}

/** How the run ended, where that was not well. */
function endNote({ ended, steps }: JournalRun): string {
  if (ended !== false) return '';
  return steps.some(({ state }) => state === 'failed') ? ' [failed]' : ' [did not come to its end]';
}

function guardNote(run: JournalRun): string {
  if (run.guard === 'armed') return ' [guard armed]';
  return run.guard === 'fired' ? ' [its guard undid what touched access]' : '';
}

function show(value: unknown): string {
  const text =
    value === null || value === undefined ? '(nothing)' : typeof value === 'string' ? value : JSON.stringify(value);
  const line = text.split('\n')[0] ?? '';
  return line.length > 80 || text.includes('\n') ? `${line.slice(0, 80)}…` : line;
}
