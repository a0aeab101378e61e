import { type Prompt, queue } from './prompt.ts';

/** Who sits at the terminal. */
export interface Terminal {
  /** Whether stdin and stderr are a person's terminal. */
  readonly interactive: boolean;
  /** Ends an open question, as if it had been declined. */
  readonly signal?: AbortSignal;
}

/** Asks on the terminal, one question at a time, through stderr: stdout stays the result's. */
export function terminalPrompt({ interactive, signal }: Terminal): Prompt {
  const inOrder = queue();
  const streams = { input: process.stdin, output: process.stderr, ...(signal ? { signal } : {}) };
  return {
    interactive,
    secret: (question) =>
      inOrder(async () => {
        const { isCancel, password } = await import('@clack/prompts');
        const answer = await password({ message: printable(question), ...streams });
        if (isCancel(answer)) throw new Error('the question was declined');
        return answer ?? '';
      }),
    confirm: (question) =>
      inOrder(async () => {
        const { confirm, isCancel } = await import('@clack/prompts');
        const answer = await confirm({ message: printable(question), initialValue: false, ...streams });
        return !isCancel(answer) && answer;
      }),
    tell: (message) => void process.stderr.write(`${printable(message)}\n`),
  };
}

/** A server writes part of some questions: what would steer the terminal is left out. */
function printable(question: string): string {
  return question.replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, '').trim();
}
