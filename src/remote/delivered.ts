import type { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';

/** Resolves when each stream has been read to its end or given up; one that its owner has not begun to read by the next turn of the event loop is not waited for. */
export async function delivered(streams: readonly Readable[]): Promise<void> {
  await setImmediate();
  await new Promise<void>((resolve) => {
    const check = (): void => {
      if (streams.every((stream) => stream.closed || stream.readableFlowing === null)) resolve();
    };
    for (const stream of streams) stream.once('close', check);
    check();
  });
}
