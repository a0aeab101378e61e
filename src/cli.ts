import { writeSync } from 'node:fs';
import { homedir } from 'node:os';
import { ExitCode, UserError } from './errors.ts';
import { runProgram } from './program.ts';
import { besideQuestions, watchQuestions } from './remote/prompt-terminal.ts';
import type { Io } from './report/io.ts';
import { drawn } from './report/paint.ts';
import { screenOn } from './report/screen.ts';
import { Masker } from './text/masker.ts';

// Everybody on this machine can read the arguments of a process, and -e name=value may hold a secret.
const args = process.argv.slice(2);
process.title = `harden ${args[0] ?? ''}`.trim();

const interrupt = new AbortController();

const masker = new Masker();
const screen = canRedraw() ? screenOn(process.stderr) : undefined;
if (screen) watchQuestions(screen.pause);

const io: Io = {
  out: (text) => aside(() => process.stdout.write(drawn(text))),
  err: (text) => aside(() => process.stderr.write(drawn(masker.text(text)))),
  live: screen,
  work: { steps: false },
  masker,
  interactive: process.stdin.isTTY === true && process.stderr.isTTY === true,
  colour: wantsColour(),
  columns: process.stderr.columns || 80,
  env: process.env,
  home: process.env.HOME || homedir(),
  cwd: process.cwd(),
  signal: interrupt.signal,
  interrupt: onSignal,
};

/** Writes where neither an open question nor what is drawn in place is in the way. */
function aside(write: () => void): void {
  besideQuestions(() => (screen ? screen.aside(write) : write()));
}

/** Lines cannot be drawn again on a terminal that does not say how large it is. */
function canRedraw(): boolean {
  const { isTTY, columns, rows } = process.stderr;
  return isTTY === true && columns > 0 && rows > 0 && process.env.TERM !== 'dumb' && !process.env.CI;
}

function wantsColour(): boolean {
  if (process.env.NO_COLOR) return false;
  if (process.env.FORCE_COLOR) return process.env.FORCE_COLOR !== '0';
  return process.stdout.isTTY === true && process.stderr.isTTY === true && process.env.TERM !== 'dumb';
}

function onSignal(): void {
  if (interrupt.signal.aborted) {
    // The progress view has hidden the cursor.
    if (io.live) writeSync(process.stderr.fd, '\u001b[?25h');
    process.exit(ExitCode.Interrupted);
  }
  interrupt.abort();
  io.err(
    io.work?.steps
      ? '\nInterrupted: the running step ends, no other starts. Ctrl-C again leaves at once.\n'
      : '\nInterrupted before anything was changed.\n',
  );
}
process.on('SIGINT', onSignal);
process.on('SIGTERM', onSignal);
// A terminal that is closed tells so more than once, and nobody asked to leave at once.
process.on('SIGHUP', () => {
  if (!interrupt.signal.aborted) onSignal();
});
// Where a reader (head, less, a closed terminal) has left, nobody is there to be told; what has begun on hosts goes on to its end.
let lost: NodeJS.ErrnoException | undefined;
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') lost ??= error;
});
process.stderr.on('error', () => {});

void main();

async function main(): Promise<void> {
  try {
    process.exitCode = await runProgram(args, io);
  } catch (error) {
    process.exitCode = explain(error);
  }
  // An agent's socket or a connection that did not close must not keep a finished run alive.
  // The stream tells of an error only after this callback.
  process.stdout.write('', () => setImmediate(leave));
}

function leave(): void {
  if (lost) {
    io.err(`harden: the result could not be written: ${lost.message}.\n`);
    process.exitCode ||= ExitCode.Failed;
  }
  process.stderr.write('', () => process.exit());
}

function explain(error: unknown): ExitCode {
  if (interrupt.signal.aborted) return ExitCode.Interrupted;
  if (error instanceof UserError) {
    io.err(`harden: ${error.paragraph}\n`);
    return error.exitCode;
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  io.err(
    `harden: this is a bug in harden, not a mistake of yours. Please report it with the lines below, after removing what is private.\n${stack}\n`,
  );
  return ExitCode.Failed;
}
