import type { HostError } from '../errors.ts';
import { type Mark, ProtocolError, size } from './frames.ts';
import type { Script } from './sh.ts';

/** What one script of a batch did. */
export interface Frame {
  readonly exitCode: number;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  readonly milliseconds: number;
}

export interface BatchOptions {
  /** probe only: runs before the scripts in the shell itself, which they inherit; MUST print nothing, read nothing and not exit. */
  readonly ahead?: Script;
  /** Called when a script starts on the host, as soon as its mark arrives. */
  readonly onStart?: (index: number) => void;
  /** apply only: what the host does at each sign of life that reaches it from here, and how often one is sent; a dead client or a dead network sends none. */
  readonly beat?: { readonly script: Script; readonly milliseconds: number };
  /** Called when a script has ended and its output is complete. */
  readonly onEnd?: (index: number, frame: Frame) => void;
  /** For how long no script may start or end, in milliseconds: ten minutes for what only reads, six hours for what changes something. */
  readonly quietMs?: number;
}

/** How a batch ended: frames of the scripts that ran, in order; fewer than were sent when one failed or the run was stopped. */
export interface BatchResult {
  readonly frames: readonly Frame[];
}

/** What a batch may answer in all, in bytes. */
const mostOfBatch = 64 * 2 ** 20;

type StreamName = 'stdout' | 'stderr';

interface Half {
  readonly exitCode: number;
  readonly data: Buffer;
}

/** What is asked of the shell while a batch runs. */
export interface BatchShell {
  send(text: string): void;
  /** The host said what no batch says, or nothing for too long. */
  broken(error: HostError): void;
  /** The batch has come to its end. */
  over(result: BatchResult): void;
}

/** The answers of one batch. The scripts answer in order, each once on each stream: every other mark is refused with a ProtocolError. */
export class Batch {
  readonly kind: 'probe' | 'apply';
  private readonly count: number;
  private readonly options: BatchOptions;
  private readonly shell: BatchShell;
  private readonly halves: Readonly<Record<StreamName, Half[]>> = { stdout: [], stderr: [] };
  private readonly done: Set<StreamName> = new Set();
  private readonly results: Frame[] = [];
  /** When each script began, by its own mark or by the end of the one before it. */
  private readonly starts: number[] = [];
  private bytes = 0;
  private stopping = false;
  private beating: NodeJS.Timeout | undefined;
  private quiet: NodeJS.Timeout | undefined;

  constructor(kind: 'probe' | 'apply', count: number, options: BatchOptions, shell: BatchShell) {
    this.kind = kind;
    this.count = count;
    this.options = options;
    this.shell = shell;
    this.heard();
  }

  /** True where the batch was not told to stop before. */
  stop(): boolean {
    const first = !this.stopping;
    this.stopping = true;
    return first;
  }

  /** Ends its timers; safe to call twice. */
  end(): void {
    clearInterval(this.beating);
    clearTimeout(this.quiet);
  }

  /** Takes a mark, with what came before it; throws a ProtocolError. */
  take(stream: StreamName, { kind, args: [first = '', second = ''] }: Mark, data: Buffer): void {
    this.bytes += data.length;
    if (this.bytes > mostOfBatch)
      throw new ProtocolError(`the host answered more than ${size(mostOfBatch)} to one batch of questions`);
    this.heard();
    const next = this.halves[stream].length;
    const isNext = first === String(next) && next < this.count;
    if (this.done.has(stream)) throw unasked();
    if (kind === 'begin' && isNext) {
      this.begun(next);
      if (stream === 'stdout') this.startBeating();
    } else if (kind === 'end' && isNext && /^\d{1,3}$/.test(second)) {
      this.begun(next);
      this.halves[stream].push({ exitCode: Number(second), data });
      this.ended(next);
    } else if (kind === 'applied' && this.kind === 'apply') {
      if (stream !== 'stdout') return;
      clearInterval(this.beating);
      this.shell.send('go\n');
    } else if (kind === 'done') {
      this.done.add(stream);
      if (this.done.size === 2) this.over();
    } else throw unasked();
  }

  private begun(index: number): void {
    if (this.starts[index] !== undefined) return;
    this.starts[index] = performance.now();
    this.options.onStart?.(index);
  }

  private ended(index: number): void {
    const { stdout, stderr } = this.halves;
    const [out, err] = [stdout[index], stderr[index]];
    if (!out || !err) return;
    if (out.exitCode !== err.exitCode) throw unasked();
    const milliseconds = performance.now() - (this.starts[index] ?? 0);
    const frame: Frame = { exitCode: out.exitCode, stdout: out.data, stderr: err.data, milliseconds };
    this.results.push(frame);
    this.options.onEnd?.(index, frame);
  }

  private over(): void {
    const { results } = this;
    const mayBeFewer = this.kind === 'apply' && (this.stopping || results.at(-1)?.exitCode !== 0);
    const whole = results.length === this.count || (mayBeFewer && (this.stopping || results.length > 0));
    if (!whole) throw new ProtocolError('the host left questions without an answer');
    this.shell.over({ frames: results });
  }

  private startBeating(): void {
    const { beat } = this.options;
    if (beat) this.beating ??= setInterval(() => this.shell.send('alive\n'), beat.milliseconds);
  }

  /** Something came to its end: the time in which the next has to begins anew. */
  private heard(): void {
    clearTimeout(this.quiet);
    const limit = this.options.quietMs ?? (this.kind === 'probe' ? 10 : 6 * 60) * 60_000;
    this.quiet = setTimeout(
      () =>
        this.shell.broken(
          new ProtocolError(
            `the host has said nothing for ${Math.round(limit / 1000)} seconds, and was waited for no longer`,
          ),
        ),
      limit,
    );
  }
}

function unasked(): ProtocolError {
  return new ProtocolError('the host answered what it was not asked');
}
