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
export function terminalPrompt({ interactive, signal, interrupt }: Terminal): Prompt {
  const inOrder = queue();
  const ask = <T>(question: (streams: Streams) => Promise<T>): Promise<T> =>
    inOrder(async () => {
      const keyboard = watchKeyboard(signal);
      try {
        const answer = await question({ input: process.stdin, output: process.stderr, signal: keyboard.signal });
        if (typeof answer === 'symbol' && !keyboard.signal.aborted) interrupt?.();
        return answer;
      } finally {
        keyboard.leave();
      }
    });
  return {
    interactive,
    secret: async (question) => {
      const { isCancel, password } = await import('@clack/prompts');
      const answer = await ask((streams) => password({ message: printable(question), ...streams }));
      if (isCancel(answer)) throw new HostError('the question was declined');
      return answer ?? '';
    },
    confirm: async (question) => {
      const { confirm, isCancel } = await import('@clack/prompts');
      const answer = await ask((streams) => confirm({ message: printable(question), initialValue: false, ...streams }));
      return isCancel(answer) ? false : answer;
    },
    tell: (message) => void process.stderr.write(`${printable(message)}\n`),
  };
}

interface Streams {
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
  readonly signal: AbortSignal;
}

/**
 * While a question is open: it is declined where the keyboard has ended, and hears the keys again after Ctrl-Z. In both cases
 * Node's readline pauses stdin, and clack, which knows of neither, would wait for keys that never come.
 */
function watchKeyboard(signal: AbortSignal | undefined): { readonly signal: AbortSignal; leave(): void } {
  const { stdin } = process;
  const ended = new AbortController();
  let open = true;
  const paused = (): void => {
    // An answer pauses it too, and readline makes the terminal raw again only after the pause of Ctrl-Z.
    setImmediate(() => {
      if (!open) return;
      if (stdin.isRaw) stdin.resume();
      else ended.abort();
    });
  };
  stdin.on('pause', paused);
  return {
    signal: signal ? AbortSignal.any([signal, ended.signal]) : ended.signal,
    leave: () => {
      open = false;
      stdin.off('pause', paused);
    },
  };
}

/** A server writes part of some questions: what would steer the terminal is left out. */
function printable(question: string): string {
  return question.replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, '').trim();
}
