import type { HostPlan, PlannedTask } from '../engine/plan.ts';
import { shownChanges } from '../engine/shown.ts';
import { formatPosition } from '../errors.ts';
import { oneLine } from '../text/clean.ts';
import type { Masker } from '../text/masker.ts';
import type { Paint } from './paint.ts';
import { changeLines } from './text-diff.ts';

const SYMBOL = { create: '+', update: '~', delete: '-', none: ' ', skip: ' ' } as const;
const COLOUR = { create: 'green', update: 'yellow', delete: 'red', none: 'dim', skip: 'dim' } as const;

/** A host's plan for people: what differs as a diff, what is unchanged only when `verbose`, and one closing line; `concise`: the names of the tasks, and what warns. */
export function planText(plan: HostPlan, paint: Paint, verbose: boolean, concise = false): string {
  const lines = [paint('bold', `${plan.host}`) + paint('dim', ` (${oneLine(plan.facts.os.name)})`)];
  for (const task of plan.tasks) {
    if (verbose || task.change || task.findings.length > 0)
      lines.push(
        ...taskLines(task, paint, plan.masker, concise).map((line) => `  ${indented(plan.masker.text(line))}`),
      );
  }
  for (const handler of plan.handlers) {
    lines.push(
      `  ${paint('yellow', '!')} handler: ${oneLine(plan.masker.text(handler.name))}${handler.pending ? paint('dim', ' (left by an earlier run: harden pending says whose, and can drop it)') : ''}`,
    );
  }
  lines.push(`  ${closingLine(plan, paint)}`);
  return `${lines.join('\n')}\n`;
}

function taskLines(planned: PlannedTask, paint: Paint, masker: Masker, concise: boolean): string[] {
  const { task, action } = planned;
  const refused = planned.findings.some(({ level }) => level === 'refuse');
  const symbol = refused ? paint('red', '✖') : paint(COLOUR[action], SYMBOL[action]);
  const note =
    task.skipped !== undefined ? ` (skipped: ${task.skipped})` : action === 'none' && !refused ? ' (unchanged)' : '';
  const lines = [
    `${symbol} ${paint('bold', oneLine(task.name))} ${paint('dim', `${task.type.type} ${shortened(oneLine(task.id.trim()))}`.trimEnd() + note)}`,
  ];
  if (planned.unknown && !concise) lines.push(`    ${paint('dim', `known after apply: ${oneLine(planned.unknown)}`)}`);
  for (const change of concise ? [] : shownChanges(planned, masker)) {
    lines.push(...changeLines(change, paint, planned.unknown !== undefined).map((line) => `    ${line}`));
  }
  if (planned.tells && !concise) lines.push(`    ${oneLine(planned.tells)}`);
  if (planned.irreversible)
    lines.push(`    ${paint('yellow', `cannot be rolled back: ${oneLine(planned.irreversible)}`)}`);
  for (const { level, message, hint } of planned.findings) {
    const text = `${message}${hint ? `. ${hint}` : ''}`;
    lines.push(
      `    ${level === 'refuse' ? paint('red', `${formatPosition(task.at)}: ${text}`) : paint('yellow', `warning: ${text}`)}`,
    );
  }
  return lines;
}

function closingLine(plan: HostPlan, paint: Paint): string {
  const count = (action: string) => plan.tasks.filter((task) => task.action === action).length;
  const refused = plan.tasks.filter((task) => task.findings.some(({ level }) => level === 'refuse')).length;
  const parts = [
    [count('create'), 'to create'],
    [count('update'), 'to update'],
    [count('delete'), 'to delete'],
    [plan.handlers.length, plan.handlers.length === 1 ? 'handler to run' : 'handlers to run'],
  ] as const;
  const changes = parts.filter(([number]) => number > 0).map(([number, words]) => `${number} ${words}`);
  if (refused > 0) return paint('red', `${refused} refused: apply would fail here`);
  const hold = count('none') === 1 ? '1 task holds' : `${count('none')} tasks hold`;
  if (changes.length === 0) return paint('green', `Nothing differs: ${hold}.`);
  return `${changes.join(', ')}; ${count('none')} unchanged.`;
}

/** A task may speak of fifty things at once; its changes name them. */
function shortened(id: string): string {
  return id.length <= 60 ? id : `${id.slice(0, 59)}…`;
}

/** A tool's answer may be of several lines: none of them begins where harden's own do. */
function indented(line: string): string {
  return line.replaceAll('\n', '\n          ');
}
