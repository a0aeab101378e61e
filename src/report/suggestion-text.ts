import type { AuditSuggestion } from '../audit/result.ts';
import { visible } from '../text/clean.ts';
import type { Paint } from './paint.ts';

/** What `--suggest` wrote, and what to do with it. */
export function suggestionText(host: string, suggestion: AuditSuggestion, paint: Paint): string {
  const { file, score, predicted, tasks, changes } = suggestion;
  if (tasks === 0)
    return `${paint('bold', host)}: no task would mend anything here; ${file} says what was found and why\n`;
  const mended = changes.filter(({ to }) => to === 'PASS').map(({ id }) => visible(id));
  return [
    `${paint('bold', host)}: wrote ${file} with ${tasks} ${tasks === 1 ? 'task' : 'tasks'}: score ${score} -> ${paint('bold', String(predicted))} once it is applied`,
    `  mends ${mended.join(', ')}`,
    `  read it, and then: harden plan ${file} -H ${host}\n`,
  ].join('\n');
}
