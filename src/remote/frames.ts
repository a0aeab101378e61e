import { HostError } from '../errors.ts';

/** A mark in a stream: `NUL nonce SP kind SP args… NUL`. */
export interface Mark {
  readonly kind: string;
  readonly args: readonly string[];
}

/** An answer that no shell of harden's gives: another program writes into its output, or the host means harm. */
export class ProtocolError extends HostError {
  constructor(message: string) {
    super(message, {
      hint: 'Something on the host writes into what its shell answers, or the host is not to be trusted: nothing of the answer was used',
    });
  }
}

const NUL = Buffer.from([0]);
/** The longest mark that is one, in bytes after its nonce. */
const longestMark = 100;

/** Cuts a byte stream at its marks; what lies between two marks is delivered byte-exact, however the stream was chunked. */
export class FrameReader {
  private readonly prefix: Buffer;
  private tail: Buffer = Buffer.alloc(0);
  private data: Buffer[] = [];
  private held = 0;
  private readonly onMark: (mark: Mark, dataBefore: Buffer) => void;
  /** The most bytes between two marks. */
  limit: number;

  /** `onMark` gets each mark with all the bytes since the mark before. */
  constructor(nonce: string, onMark: (mark: Mark, dataBefore: Buffer) => void, limit = Number.POSITIVE_INFINITY) {
    this.prefix = Buffer.from(`\0${nonce} `);
    this.onMark = onMark;
    this.limit = limit;
  }

  /** Throws a ProtocolError where more than the limit came without a mark, or a mark has no end; the reader is of no use then. */
  push(chunk: Buffer): void {
    let rest = this.tail.length === 0 ? chunk : Buffer.concat([this.tail, chunk]);
    for (;;) {
      const start = rest.indexOf(this.prefix);
      if (start === -1) break;
      const end = rest.indexOf(NUL, start + this.prefix.length);
      this.keep(rest.subarray(0, start));
      if ((end === -1 ? rest.length : end) - start - this.prefix.length > longestMark)
        throw new ProtocolError('the host gave a mark without an end');
      if (end === -1) {
        this.tail = rest.subarray(start);
        return;
      }
      const [kind = '', ...args] = rest.toString('latin1', start + this.prefix.length, end).split(' ');
      const before = Buffer.concat(this.data);
      this.data = [];
      this.held = 0;
      this.onMark({ kind, args }, before);
      rest = rest.subarray(end + 1);
    }
    // A prefix may be cut by the chunk's end: keep as much as could be the start of one.
    const keep = Math.min(rest.length, this.prefix.length - 1);
    this.keep(rest.subarray(0, rest.length - keep));
    this.tail = rest.subarray(rest.length - keep);
  }

  /** Takes what came since the last mark: it belongs to somebody else. */
  take(): Buffer {
    const rest = Buffer.concat([...this.data, this.tail]);
    this.data = [];
    this.held = 0;
    this.tail = Buffer.alloc(0);
    return rest;
  }

  /** The end of what came since the last mark: the noise of a stream that ended early. */
  remainder(): Buffer {
    return Buffer.concat([...this.data.slice(-2), this.tail]);
  }

  private keep(bytes: Buffer): void {
    this.held += bytes.length;
    if (this.held > this.limit)
      throw new ProtocolError(`the host answered more than ${size(this.limit)} to one question`);
    this.data.push(bytes);
  }
}

/** A number of bytes, for people. */
export function size(bytes: number): string {
  return bytes >= 2 ** 20 ? `${Math.round(bytes / 2 ** 20)} MiB` : `${Math.round(bytes / 2 ** 10)} KiB`;
}
