import { Readable, Writable } from 'node:stream';
import type { ClientChannel } from 'ssh2';
import type { Channel, ChannelExit } from '../connection.ts';
import { delivered } from '../delivered.ts';

/** One ssh2 channel with streams of its own: ssh2's never fail a write after the channel's end, and are one object for both ways. */
export function wrapChannel(channel: ClientChannel): Channel {
  // Writing to a channel that has ended is an error of the stdin below, never a crash.
  channel.on('error', () => undefined);
  const stdin = writableOf(channel);
  const stdout = readableOf(channel, () => channel.close());
  const stderr = readableOf(channel.stderr, () => undefined);
  let end: ChannelExit = { code: null };
  channel.on('exit', (code: number | null, signal?: string) => {
    end = code === null ? { code, signal } : { code };
  });
  const exit = new Promise<ChannelExit>((resolve) => {
    channel.once('close', () => {
      stdin.destroy();
      void delivered([stdout, stderr]).then(() => resolve(end));
    });
  });
  return { stdin, stdout, stderr, exit };
}

function writableOf(channel: ClientChannel): Writable {
  // ssh2 forgets a write that waits for the other side when the channel ends.
  let waiting: ((error?: Error | null) => void) | undefined;
  const settle = (error?: Error | null): void => {
    const done = waiting;
    waiting = undefined;
    done?.(error);
  };
  const stdin = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      waiting = done;
      channel.write(chunk, settle);
    },
    final: (done) => {
      channel.end();
      done();
    },
    destroy: (error, done) => {
      channel.end();
      settle(new Error('the command has ended'));
      done(error);
    },
  });
  // As with a local process, what a command did not read any more is no error of the connection.
  stdin.on('error', () => undefined);
  return stdin;
}

function readableOf(source: Readable, abandon: () => void): Readable {
  let ended = false;
  const stream = new Readable({
    read: () => void source.resume(),
    destroy: (error, done) => {
      // What nobody reads must not hold up the channel's end.
      source.removeAllListeners('data');
      source.resume();
      if (!ended) abandon();
      done(error);
    },
  });
  source.on('data', (chunk: Buffer) => {
    if (!stream.push(chunk)) source.pause();
  });
  source.once('end', () => {
    ended = true;
    stream.push(null);
  });
  return stream;
}
