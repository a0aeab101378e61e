import type { Listener, RunEvent } from '../engine/events.ts';
import { oneLine } from '../text/clean.ts';
import type { Io } from './io.ts';

/** Progress as lines on stderr, one an event: for logs, CI and pipes. */
export function plainProgress(io: Io): Listener {
  return (event) => {
    noteWork(event, io);
    const line = progressLine(event);
    if (line) io.err(`${event.host}: ${oneLine(line)}\n`);
  };
}

/** What an event says in one line; undefined for those that a reader of a log need not see. */
export function progressLine(event: RunEvent): string | undefined {
  switch (event.kind) {
    case 'connecting':
      return 'connecting';
    case 'applying':
      return event.steps > 0 ? `applying ${event.steps} ${event.steps === 1 ? 'change' : 'changes'}` : undefined;
    case 'step-ended':
      return `${event.status}: ${event.name}${duration(event.milliseconds)}${event.error ? `: ${firstLine(event.error.output ?? event.error.message)}` : ''}`;
    case 'handler-ended':
      return `handler ${event.status === 'failed' ? 'failed' : 'ran'}: ${event.name}${duration(event.milliseconds)}`;
    case 'proving':
      return 'proving: reading everything again';
    case 'proved':
      return 'proved: nothing differs';
    case 'auditing':
      return `auditing: ${event.tool}`;
    case 'note':
      return event.message;
    default:
      return undefined;
  }
}

function duration(milliseconds: number): string {
  return milliseconds >= 1000 ? ` (${(milliseconds / 1000).toFixed(1)} s)` : '';
}

export function firstLine(text: string): string {
  return text.trim().split('\n')[0] ?? '';
}

/** Remembers that steps are at work: an interrupt lets the one that runs come to its end. */
export function noteWork({ kind }: RunEvent, { work }: Io): void {
  if (work && (kind === 'step-started' || kind === 'applying')) work.steps = true;
}
