import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';

/** The keyboard and the screen of one terminal. */
export interface Keyboard {
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WritableStream;
}

export interface LineQuestion {
  /** Stands above the line; printed as it is. */
  readonly text: string;
  /** Stands before what is typed. */
  readonly label: string;
  /** What is typed is not shown. */
  readonly hidden?: boolean;
  /** Declines the question. */
  readonly signal?: AbortSignal | undefined;
}

/** How a question ended: a line; `declined` by the end of the keyboard or by the signal; `interrupted` by Ctrl-C. */
export type LineAnswer =
  | { readonly kind: 'line'; readonly line: string }
  | { readonly kind: 'declined' | 'interrupted' };

/** Without a key for so long, nothing is left of what was typed before. */
const QUIET_MS = 40;
/** A key that is held down never ends. */
const LONGEST_MS = 1000;

/** Asks for one line. Whatever was typed before the question is shown is thrown away, and so is what follows the line in one paste. */
export async function askLine(keyboard: Keyboard, question: LineQuestion): Promise<LineAnswer> {
  const { input, output } = keyboard;
  const { text, label, signal, hidden = false } = question;
  if (signal?.aborted) return { kind: 'declined' };
  // A terminal that is gone is the end of the keyboard, not a fault.
  const gone = new AbortController();
  const onError = (): void => gone.abort();
  input.on('error', onError);
  try {
    await discardTyped(input);
    if (gone.signal.aborted || signal?.aborted) return { kind: 'declined' };
    if (text !== '') output.write(`${text}\n`);
    if (hidden) output.write(label);
    const lines = createInterface({
      input,
      output: hidden ? nowhere(output) : output,
      terminal: true,
      historySize: 0,
      prompt: hidden ? '' : label,
    });
    return await new Promise<LineAnswer>((resolve) => {
      const decline = (): void => end({ kind: 'declined' });
      const end = (answer: LineAnswer): void => {
        resolve(answer);
        signal?.removeEventListener('abort', decline);
        gone.signal.removeEventListener('abort', decline);
        lines.close();
      };
      signal?.addEventListener('abort', decline);
      gone.signal.addEventListener('abort', decline);
      lines.once('line', (line) => end({ kind: 'line', line }));
      lines.once('SIGINT', () => end({ kind: 'interrupted' }));
      lines.once('close', decline);
      lines.on('error', decline);
      // After Ctrl-Z and fg readline has paused, and the screen shows the shell's words.
      lines.on('SIGCONT', () =>
        setImmediate(() => {
          if (hidden) output.write(`\n${label}`);
          lines.prompt(true);
        }),
      );
      lines.prompt();
    });
  } finally {
    input.off('error', onError);
    if (hidden) output.write('\n');
  }
}

/** Reads and forgets what the terminal holds; it is raw meanwhile, or it would keep an unfinished line back. */
async function discardTyped(input: NodeJS.ReadStream): Promise<void> {
  input.setRawMode?.(true);
  const until = performance.now() + LONGEST_MS;
  let timer: NodeJS.Timeout | undefined;
  await new Promise<void>((resolve) => {
    const later = (): void => {
      clearTimeout(timer);
      timer = setTimeout(done, Math.max(0, Math.min(QUIET_MS, until - performance.now())));
    };
    const done = (): void => {
      clearTimeout(timer);
      input.off('data', later);
      input.off('end', done);
      resolve();
    };
    input.on('data', later);
    input.once('end', done);
    input.resume();
    later();
  });
}

/** Keeps what readline would echo off the screen; it has the screen's size. */
function nowhere(output: NodeJS.WritableStream): Writable {
  const { columns } = output as NodeJS.WriteStream;
  return Object.assign(new Writable({ write: (_chunk, _encoding, done) => done() }), { columns });
}
