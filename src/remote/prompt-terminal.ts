import { HostError } from '../errors.ts';
import { type Prompt, queue } from './prompt.ts';

/** Who sits at the terminal. */
export interface Terminal {
  /** Whether stdin and stderr are a person's terminal. */
  readonly interactive: boolean;
  /** Ends an open question, as if it had been declined. */
  readonly signal?: AbortSignal;
  /** Called where a question was answered with Ctrl-C. */
  interrupt?(): void;
}

/** Asks on the terminal, one question at a time, through stderr: stdout stays the result's. */
export function terminalPrompt(terminal: Terminal): Prompt {
  const { interactive, signal } = terminal;
  const inOrder = queue();
  const declined = (): void => {
    if (!signal?.aborted) terminal.interrupt?.();
  };
  const streams = { input: process.stdin, output: process.stderr, ...(signal ? { signal } : {}) };
  return {
    interactive,
    secret: (question) =>
      inOrder(async () => {
        const { isCancel, password } = await import('@clack/prompts');
        const answer = await password({ message: printable(question), ...streams });
        if (!isCancel(answer)) return answer ?? '';
        declined();
        throw new HostError('the question was declined');
      }),
    confirm: (question) =>
      inOrder(async () => {
        const { confirm, isCancel } = await import('@clack/prompts');
        const answer = await confirm({ message: printable(question), initialValue: false, ...streams });
        if (!isCancel(answer)) return answer;
        declined();
        return false;
      }),
    tell: (message) => void process.stderr.write(`${printable(message)}\n`),
  };
}

/** A server writes part of some questions: what would steer the terminal is left out. */
function printable(question: string): string {
  return question.replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, '').trim();
}
