import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { UserError } from '../errors.ts';

const MiB = 2 ** 20;
/** More than anybody writes; in bytes. */
export const MOST_OF_TEXT = 32 * MiB;
export const MOST_OF_CONTENT = 64 * MiB;
const chunkSize = 64 * 1024;
const pollMs = 20;
/** How long a pipe may say nothing. */
const patienceMs = 10_000;

/** The bytes of a file of the operator's. Throws a UserError for a pipe, and for what has no end in `most` bytes; what the system says is thrown as it is. */
export function readLocalFile(path: string, most: number): Buffer {
  const reader = openReader(path, most);
  try {
    while (reader.read() === 'more');
    if (reader.isPipe || reader.waits)
      throw new UserError(`${path} is a pipe or a terminal, and a file is wanted here`, {
        hint: 'Name a file: what it holds is read more than once',
      });
    return reader.bytes();
  } finally {
    reader.close();
  }
}

/** The same, where it may also be a pipe, as the shell makes one of `<(command)`; it is waited for ten seconds. */
export async function readLocalStream(path: string, most: number): Promise<Buffer> {
  const reader = openReader(path, most);
  try {
    let last = performance.now();
    for (;;) {
      const outcome = reader.read();
      // A pipe whose writer has not come yet looks as if it had ended.
      if (outcome === 'end' && !(reader.isPipe && reader.isEmpty)) return reader.bytes();
      if (outcome === 'more') last = performance.now();
      else if (performance.now() - last > patienceMs)
        if (outcome === 'end') return reader.bytes();
        else
          throw new UserError(`nothing comes from ${path}`, {
            hint: 'Name a file, or a command that ends: <(command)',
          });
      // Ctrl-C is heard in between.
      await delay(outcome === 'more' ? 0 : pollMs);
    }
  } finally {
    reader.close();
  }
}

interface Reader {
  readonly isPipe: boolean;
  readonly isEmpty: boolean;
  /** It had nothing to give yet. */
  readonly waits: boolean;
  read(): 'more' | 'end' | 'nothing yet';
  bytes(): Buffer;
  close(): void;
}

function openReader(path: string, most: number): Reader {
  // Without it, opening a pipe waits for whoever writes into it.
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const stats = fstatSync(descriptor);
  const chunks: Buffer[] = [];
  let length = 0;
  let waits = false;
  const tooLarge = () => {
    const hint = stats.isFile() ? 'Name another file' : 'It is a device, and not a file';
    return new UserError(`${path} holds more than ${most / MiB} MiB`, { hint });
  };
  return {
    isPipe: stats.isFIFO() || stats.isSocket(),
    get isEmpty() {
      return length === 0;
    },
    get waits() {
      return waits;
    },
    read() {
      if (stats.isFile() && stats.size > most) throw tooLarge();
      const chunk = Buffer.allocUnsafe(Math.max(chunkSize, stats.isFile() ? stats.size - length + 1 : 0));
      let read: number;
      try {
        read = readSync(descriptor, chunk);
      } catch (error) {
        waits = (error as NodeJS.ErrnoException).code === 'EAGAIN';
        if (!waits) throw error;
        return 'nothing yet';
      }
      if (read === 0) return 'end';
      length += read;
      if (length > most) throw tooLarge();
      chunks.push(chunk.subarray(0, read));
      return 'more';
    },
    bytes: () => Buffer.concat(chunks),
    close: () => closeSync(descriptor),
  };
}
