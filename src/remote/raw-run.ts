import { Duplex } from 'node:stream';
import type { Channel } from './connection.ts';

/** How a script ended whose streams were handed out. */
export interface RawEnd {
  /** Null: the shell was gone before. */
  readonly exitCode: number | null;
  readonly stderr: string;
}

/** A script of a root shell whose stdin and stdout are a stream of bytes; the shell is free again when it has ended. */
export interface RawRun {
  /** Ending it ends nothing on the host: the script decides by what it reads. */
  readonly stream: Duplex;
  /** Settles once, never rejects. */
  readonly ended: Promise<RawEnd>;
}

/** The shell's side of a raw run. */
export interface RawSide {
  readonly run: RawRun;
  begun(): void;
  push(chunk: Buffer): void;
  end(exitCode: number | null, stderr: string): void;
}

/** A raw run over the channel; what is written before the script has begun waits. */
export function rawSide(channel: Channel): RawSide {
  let settle: (end: RawEnd) => void = () => undefined;
  const ended = new Promise<RawEnd>((resolve) => {
    settle = resolve;
  });
  let begin: () => void = () => undefined;
  const begins = new Promise<void>((resolve) => {
    begin = resolve;
  });
  let over = false;
  const stream = new Duplex({
    read: () => undefined,
    write: (chunk: Buffer, _encoding, done) => {
      void begins.then(() => {
        if (!over) channel.stdin.write(chunk);
        done();
      });
    },
    final: (done) => done(),
  });
  stream.on('error', () => undefined);
  return {
    run: { stream, ended },
    begun: () => begin(),
    push: (chunk) => void stream.push(chunk),
    end(exitCode, stderr) {
      if (over) return;
      over = true;
      begin();
      stream.push(null);
      settle({ exitCode, stderr });
    },
  };
}
