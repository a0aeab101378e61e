import type { LeftHandler } from '../engine/journal/read-pending.ts';
import { oneLine } from '../text/clean.ts';
import type { Paint } from './paint.ts';

/** `harden pending` for people: each handler, whose it is, and what it would run. */
export function pendingText(host: string, left: readonly LeftHandler[], paint: Paint): string {
  const lines = [paint('bold', host)];
  for (const { name, file, run, left: by } of left) {
    const whose = by
      ? `left by "${oneLine(by.step)}" of ${by.run} (${oneLine(by.by)})`
      : 'the run that left it is gone';
    lines.push(`  ${paint('yellow', '!')} ${oneLine(name ?? `${file} (its record is damaged)`)}`);
    lines.push(`      ${paint('dim', whose)}`);
    for (const line of run.trim().split('\n').slice(0, SHOWN)) lines.push(`      ${oneLine(line)}`);
  }
  if (left.length === 0) lines.push('  no handler is pending');
  else lines.push(`  ${paint('dim', 'the next apply runs them; harden pending --drop NAME forgets one')}`);
  return `${lines.join('\n')}\n`;
}

/** So much of a script tells what it is. */
const SHOWN = 5;
