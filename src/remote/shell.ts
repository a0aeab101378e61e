import { randomBytes } from 'node:crypto';
import { HostError } from '../errors.ts';
import { Batch, type BatchOptions, type BatchResult } from './batch.ts';
import { type Become, becomeCommand, sudoPrompt } from './become.ts';
import type { Channel, Connection } from './connection.ts';
import type { Facts } from './facts.ts';
import { FrameReader, type Mark, ProtocolError } from './frames.ts';
import { type RawRun, type RawSide, rawSide } from './raw-run.ts';
import { readFacts } from './read-facts.ts';
import type { Script } from './sh.ts';
import { startWatch } from './ssh/watch.ts';

export type { BatchOptions, BatchResult, Frame } from './batch.ts';

// The most that one script may answer, and the most that a login may say before the shell is there.
const mostOfFrame = 24 * 2 ** 20;
const mostOfBoot = 256 * 2 ** 10;
// A directory service that does not answer holds up a login for half of this.
const becomeTimeoutMs = 60_000;

/** A step of `apply`: a script for a subshell of its own, or one that runs in the root shell itself (to hold a lock, to define functions); that one MUST NOT exit. */
export type ApplyScript = Script | { readonly inShell: Script };

/**
 * One root shell on one channel of one connection; scripts go in on stdin, framed answers come out.
 * A batch is one function that is called on its last line, so a batch that is cut off on its way runs nothing.
 */
export class RootShell {
  readonly facts: Facts;
  /** True where sudo asked for the login's password on the way to root. */
  readonly passwordAsked: boolean;
  private readonly connection: Connection;
  private readonly channel: Channel;
  private readonly nonce: string;
  private running: { readonly batch: Batch; readonly fail: (error: HostError) => void } | undefined;
  private rawRun: RawSide | undefined;
  private readonly divert: Booted['divert'];
  private ended: HostError | undefined;
  private readonly stderrNoise: () => string;

  private constructor(booted: Booted, connection: Connection, nonce: string) {
    this.facts = booted.facts;
    this.passwordAsked = booted.passwordAsked;
    this.connection = connection;
    this.channel = booted.channel;
    this.nonce = nonce;
    this.stderrNoise = booted.stderrNoise;
    this.divert = booted.divert;
    booted.handOver({
      mark: (stream, mark, data) => this.onMark(stream, mark, data),
      broken: (error) => this.broken(error),
    });
    void this.channel.exit.then(() => this.onExit());
    this.channel.stdin.on('error', () => {});
  }

  /** Becomes root on `connection` and waits for the shell; otherwise closes it and rejects with a HostError that says in one sentence what kept it from it. */
  static async open(connection: Connection, become: Become = {}): Promise<RootShell> {
    const nonce = randomBytes(12).toString('hex');
    try {
      const channel = await connection.open(becomeCommand(nonce));
      return new RootShell(await boot(channel, become, nonce, connection), connection, nonce);
    } catch (error) {
      await connection.close();
      throw error;
    }
  }

  /** How the login is called in messages. */
  get label(): string {
    return this.connection.label;
  }

  /** The host key's fingerprint, where the transport has one. */
  get hostKey(): string | undefined {
    return this.connection.hostKey;
  }

  /** Why the shell is gone; undefined while it lives. */
  get lost(): HostError | undefined {
    return this.ended ?? this.connection.lost?.();
  }

  /** Runs scripts that only read: one round trip, each in a subshell of its own with an empty stdin; a failing one stops nothing. */
  probe(scripts: readonly Script[], options: BatchOptions = {}): Promise<BatchResult> {
    // Each mark is a packet on its way to here: one script begins where the one before it ended.
    const body = scripts.map((script, index) => `(\n${script}\n) </dev/null\n${this.mark('end', index, '$?')}`);
    if (scripts.length === 0) return Promise.resolve({ frames: [] });
    const text = `harden_batch() {\n${[options.ahead ?? '', this.mark('begin', 0), ...body].join('\n')}\n}\nharden_batch\n${this.mark('done', 0)}\n`;
    return this.send('probe', scripts.length, text, options);
  }

  /**
   * Runs scripts one after the other and stops at the first failure, or before the next one when `stop` was called or this
   * process is gone. Their output is kept on the host until they end, so that losing the connection breaks no script half-way.
   */
  apply(scripts: readonly ApplyScript[], options: BatchOptions = {}): Promise<BatchResult> {
    const body = scripts.map((script, index) =>
      [
        `[ ! -e "$harden_io/stop" ] || return 0`,
        this.mark('begin', index),
        typeof script === 'string'
          ? `(\nexec 9>&- 8<&- 7<&-\ntrap - PIPE HUP INT TERM\n${script}\n) </dev/null >"$harden_io/out" 2>"$harden_io/err"`
          : `{\n${script.inShell}\n} </dev/null >"$harden_io/out" 2>"$harden_io/err"`,
        'harden_rc=$?',
        'cat "$harden_io/out" 2>/dev/null; cat "$harden_io/err" >&2 2>/dev/null',
        this.mark('end', index, '$harden_rc'),
        '[ "$harden_rc" -eq 0 ] || return 0',
      ].join('\n'),
    );
    // The reader sees the end of stdin (this process died) or a line while the batch runs: a sign of life, stop, or go on.
    const before = [
      'trap "" PIPE HUP INT TERM',
      `harden_io=$(mktemp -d /run/harden-io.XXXXXX) || { ${this.mark('begin', 0)}; echo 'nothing can be written to /run' >&2; ${this.mark('end', 0, '1')}; ${this.mark('applied', 0)}; read -r harden_line; return 0; }`,
      'exec 8<&0',
      `{ while read -r harden_line <&8; do case $harden_line in go) exit 0 ;; stop) : >"$harden_io/stop" ;; alive) ${options.beat?.script ?? ':'} ;; esac; done; : >"$harden_io/stop"; } </dev/null >/dev/null 2>&1 9>&- &`,
      'harden_reader=$!',
    ];
    const after = [this.mark('applied', 0), 'wait "$harden_reader" 2>/dev/null', 'rm -rf "$harden_io"', 'exec 8<&-'];
    const name = 'harden_steps';
    // The last line is one: the reader must find nothing of it on stdin.
    return this.send(
      'apply',
      scripts.length,
      `${name}() {\n${body.join('\n')}\n}\nharden_apply() {\n${[...before, name, ...after].join('\n')}\n}\nharden_apply; ${this.mark('done', 0)}\n`,
      options,
    );
  }

  /**
   * Runs a script that has the shell's own stdin and stdout, as a stream that is handed out. The script MUST NOT read on once the
   * other side has nothing more to say: what it does not read, the shell takes for its next script.
   */
  raw(script: Script): RawRun {
    if (this.running || this.rawRun) throw new Error('a batch is already running in this shell');
    const side = rawSide(this.channel);
    if (this.ended) side.end(null, this.ended.message);
    else {
      this.rawRun = side;
      const end = `harden_rc=$?; printf '\\000${this.nonce} end 0 %s\\000' "$harden_rc" >&2`;
      this.channel.stdin.write(`harden_raw() {\n${this.mark('begin', 0)}\n(\n${script}\n)\n${end}\n}\nharden_raw\n`);
    }
    return side.run;
  }

  /** Lets the running script finish and starts no other; the batch then resolves with fewer frames. */
  stop(): void {
    if (this.running?.batch.stop()) this.channel.stdin.write('stop\n');
  }

  /** Ends the shell and its connection. */
  async close(): Promise<void> {
    this.channel.stdin.end();
    await this.connection.close();
  }

  private send(kind: 'probe' | 'apply', count: number, text: Script, options: BatchOptions): Promise<BatchResult> {
    if (this.running || this.rawRun) throw new Error('a batch is already running in this shell');
    if (this.ended) return Promise.reject(this.ended);
    return new Promise((resolve, reject) => {
      const leave = (settle: () => void) => {
        this.running?.batch.end();
        this.running = undefined;
        settle();
      };
      const batch = new Batch(kind, count, options, {
        send: (line) => this.channel.stdin.write(line),
        broken: (error) => this.broken(error),
        over: (result) => leave(() => resolve(result)),
      });
      this.running = { batch, fail: (error) => leave(() => reject(error)) };
      this.channel.stdin.write(text);
    });
  }

  /** Shell text that prints one mark on both streams. */
  private mark(kind: string, index: number, status?: string): Script {
    // Three digits: printf would take a digit of the nonce into a shorter octal escape.
    const format = `'\\000${this.nonce} ${kind} ${index}${status ? ' %s' : ''}\\000'`;
    const value = status ? ` "${status}"` : '';
    // $? must be read once: the first printf changes it.
    return status === '$?'
      ? `harden_rc=$?; printf ${format} "$harden_rc"; printf ${format} "$harden_rc" >&2`
      : `printf ${format}${value}; printf ${format}${value} >&2`;
  }

  private onMark(stream: 'stdout' | 'stderr', mark: Mark, data: Buffer): void {
    if (this.ended) return;
    if (this.rawRun) {
      this.onRawMark(this.rawRun, stream, mark, data);
      return;
    }
    if (!this.running) {
      // The beginning of a raw run, overtaken by its end.
      if (mark.kind === 'begin') return;
      throw new ProtocolError('the host answered what it was not asked');
    }
    this.running.batch.take(stream, mark, data);
  }

  private onRawMark(side: RawSide, stream: 'stdout' | 'stderr', mark: Mark, data: Buffer): void {
    if (mark.kind === 'begin' && stream === 'stdout') {
      this.divert((chunk) => side.push(chunk));
      side.begun();
    } else if (mark.kind === 'end') {
      this.divert(undefined);
      this.rawRun = undefined;
      side.end(Number(mark.args[1]), data.toString('utf8'));
    }
  }

  /** The shell is not to be talked to any more: what it still says is not read. */
  private broken(error: HostError): void {
    if (this.ended) return;
    this.ended = new HostError(`${this.label}: ${error.message}`, { hint: error.hint });
    this.running?.fail(this.ended);
    this.rawRun?.end(null, this.ended.message);
    this.rawRun = undefined;
    this.channel.stdout.destroy();
    this.channel.stderr.destroy();
    void this.connection.close();
  }

  private onExit(): void {
    if (this.ended) return;
    const noise = this.stderrNoise().trim().split('\n').at(-1);
    this.ended =
      this.connection.lost?.() ?? new HostError(`the root shell on ${this.label} ended${noise ? `: ${noise}` : ''}`);
    this.running?.fail(this.ended);
    this.rawRun?.end(null, this.ended.message);
    this.rawRun = undefined;
  }
}

interface Receiver {
  mark(stream: 'stdout' | 'stderr', mark: Mark, data: Buffer): void;
  broken(error: HostError): void;
}

interface Booted {
  readonly channel: Channel;
  readonly facts: Facts;
  readonly passwordAsked: boolean;
  /** Routes every later mark to the shell, and what is wrong with one. */
  handOver(to: Receiver): void;
  stderrNoise(): string;
  /** Where stdout goes instead of being cut at its marks; undefined: to its marks again. */
  divert(sink: ((chunk: Buffer) => void) | undefined): void;
}

function boot(channel: Channel, become: Become, nonce: string, connection: Connection): Promise<Booted> {
  return new Promise((resolve, reject) => {
    let deliver: Receiver | undefined;
    const diverted: { to?: ((chunk: Buffer) => void) | undefined } = {};
    let stderr = '';
    let prompts = 0;
    const prompt = sudoPrompt(nonce);
    let over = false;
    const fail = (error: unknown) => {
      over = true;
      settled();
      channel.stdin.end();
      reject(error);
    };
    const milliseconds = become.timeoutMs ?? becomeTimeoutMs;
    const watch = startWatch(milliseconds, () => fail(silent(connection.label, milliseconds)));
    const stopped = () => fail(new HostError(`${connection.label}: connecting was stopped`));
    const settled = () => {
      watch.stop();
      become.signal?.removeEventListener('abort', stopped);
    };
    become.signal?.addEventListener('abort', stopped);
    if (become.signal?.aborted) stopped();
    const out = new FrameReader(
      nonce,
      (mark, data) => {
        if (deliver) return deliver.mark('stdout', mark, data);
        if (mark.kind === 'nosudo') {
          fail(
            new HostError(`${connection.label} is not root, and the host has no sudo`, {
              hint: 'Log in as root, or install sudo and give this login the right to use it',
            }),
          );
        } else if (mark.kind === 'facts') {
          try {
            const facts = readFacts(data.toString('utf8'));
            settled();
            resolve({
              channel,
              facts,
              passwordAsked: prompts > 0,
              handOver: (next) => {
                deliver = next;
                out.limit = err.limit = mostOfFrame;
              },
              divert: (to) => {
                diverted.to = to;
              },
              stderrNoise: () => err.remainder().toString('utf8').slice(-2000),
            });
          } catch (error) {
            fail(error);
          }
        }
      },
      mostOfBoot,
    );
    const err = new FrameReader(nonce, (mark, data) => deliver?.mark('stderr', mark, data), mostOfBoot);
    const read = (reader: FrameReader, chunk: Buffer): boolean => {
      if (over) return false;
      try {
        reader.push(chunk);
        return true;
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
        if (deliver) deliver.broken(error);
        else fail(new HostError(`${connection.label}: ${error.message}`, { hint: error.hint }));
        over = true;
        return false;
      }
    };
    channel.stdout.on('data', (chunk: Buffer) => {
      const raw = diverted.to;
      if (raw) return raw(chunk);
      if (read(out, chunk)) afterMark(diverted, out);
    });
    channel.stderr.on('data', (chunk: Buffer) => {
      if (!read(err, chunk) || deliver) return;
      stderr += chunk.toString('utf8');
      const seen = stderr.split(prompt).length - 1;
      if (seen > prompts) {
        prompts = seen;
        void answerPrompt();
      }
    });
    void channel.exit.then(() => {
      if (!deliver) fail(connection.lost?.() ?? bootError(stderr, connection.label, prompt));
    });

    async function answerPrompt(): Promise<void> {
      try {
        const password = await watch.hold(Promise.resolve(become.password?.(prompts)));
        if (password === undefined && prompts > 1)
          return fail(new HostError(`sudo on ${connection.label} did not accept the password`));
        if (password === undefined) {
          return fail(
            new HostError(`sudo on ${connection.label} asks for a password`, {
              hint: 'Give it with -K (--ask-become-pass) or in HARDEN_BECOME_PASSWORD',
            }),
          );
        }
        channel.stdin.write(`${password}\n`);
      } catch (error) {
        fail(error);
      }
    }
  });
}

function silent(label: string, milliseconds: number): HostError {
  return new HostError(
    `no root shell on ${label}: the login succeeded, and no shell came in ${milliseconds / 1000} seconds`,
    {
      hint: 'A startup file of the login shell (such as .bashrc), a forced command or sudo may wait for something: try "ssh HOST sudo id"',
    },
  );
}

/** What follows the mark that began a raw run is the run's already. */
function afterMark({ to }: { to?: ((chunk: Buffer) => void) | undefined }, out: FrameReader): void {
  to?.(out.take());
}

/** What sudo, or a login shell that is none, says on its way out: as one sentence. */
function bootError(stderr: string, label: string, prompt: string): HostError {
  const text = stderr.replaceAll(prompt, '').trim();
  if (/not in the sudoers file|is not allowed to (execute|run)|may not run sudo|I'm sorry .* I'm afraid/i.test(text)) {
    return new HostError(`${label} may not use sudo on this host`, {
      hint: 'Add the login to the sudo group, or log in as root',
    });
  }
  if (/must have a tty|no tty present/i.test(text)) {
    return new HostError(`sudo on ${label} wants a terminal (requiretty)`, {
      hint: `Remove requiretty from sudoers for this login (Defaults:${label.split('@')[0]} !requiretty), or log in as root`,
    });
  }
  if (/incorrect password|Authentication failed|Maximum \d+ incorrect/i.test(text))
    return new HostError(`sudo on ${label} did not accept the password`);
  if (/password change required|password (?:has|is) expired/i.test(text))
    return new HostError(`${label}: the password has expired`, { hint: 'Log in once with ssh and set a new one' });
  // What sudo says last of a sudoers file that it does not trust are consequences, not the cause.
  const last = text
    .split('\n')
    .filter((line) => line !== '' && !/^sudo: (?:error initializing audit plugin|no valid sudoers sources)/.test(line))
    .at(-1);
  return new HostError(`no root shell on ${label}${last ? `: ${last}` : ': the login ended without a word'}`, {
    hint: last ? undefined : 'A forced command, or a login shell such as nologin, ends it like this',
  });
}
