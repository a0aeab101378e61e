import { HostError } from '../errors.ts';
import { oneLine, visible } from '../text/clean.ts';
import { type Prompt, queue } from './prompt.ts';
import type { LineQuestion } from './prompt-line.ts';

/** Who sits at the terminal. */
export interface Terminal {
  /** Whether stdin and stderr are a person's terminal. */
  readonly interactive: boolean;
  /** Ends an open question, as if it had been declined. */
  readonly signal?: AbortSignal;
  /** Called where a question was answered with Ctrl-C. */
  interrupt?(): void;
}

// There is one keyboard, however many prompts.
const inOrder = queue();
let open = false;
const held: (() => void)[] = [];
const watchers: ((asking: boolean) => void)[] = [];

/** Tells when a question opens, before it is shown, and when it has its answer. */
export function watchQuestions(watcher: (asking: boolean) => void): void {
  watchers.push(watcher);
}

/** Writes at once, or once the open question has its answer: else it would stand in the line that is typed. */
export function besideQuestions(write: () => void): void {
  if (open) held.push(write);
  else write();
}

/** Asks on the terminal, one question at a time, through stderr: stdout stays the result's. */
export function terminalPrompt({ interactive, signal, interrupt }: Terminal): Prompt {
  const ask = (question: LineQuestion): Promise<string | undefined> =>
    inOrder(async () => {
      const { askLine } = await import('./prompt-line.ts');
      open = true;
      for (const watch of watchers) watch(true);
      try {
        const keyboard = { input: process.stdin, output: process.stderr };
        const answer = await askLine(keyboard, { ...question, signal });
        if (answer.kind === 'interrupted') interrupt?.();
        return answer.kind === 'line' ? answer.line : undefined;
      } finally {
        open = false;
        for (const watch of watchers) watch(false);
        for (const write of held.splice(0)) write();
      }
    });
  return {
    interactive,
    secret: async (question) => {
      const answer = await ask({ text: '', label: `${oneLine(question)}: `, hidden: true });
      if (answer === undefined) throw new HostError('the question was declined');
      return answer;
    },
    confirm: async (question, fingerprint) => {
      const words = ['yes', ...(fingerprint === undefined ? [] : [fingerprint])];
      const only = fingerprint === undefined ? 'Only "yes" is' : 'Only "yes", or the fingerprint itself, is';
      const text = `${indented(question)}\n  ${only} accepted; anything else declines.`;
      const answer = await ask({ text, label: '  Enter a value: ' });
      return answer !== undefined && words.includes(answer.trim());
    },
    line: (label) => ask({ text: '', label: oneLine(label).concat(' ') }),
    tell: (message) => {
      if (!open) for (const watch of watchers) watch(true);
      process.stderr.write(`${oneLine(message)}\n`);
      if (!open) for (const watch of watchers) watch(false);
    },
  };
}

/** A server writes part of some questions: each line shows what it is, and only the first begins where harden's own do. */
function indented(question: string): string {
  return visible(question.trim()).replaceAll('\n', '\n  ');
}
