/** A mark in a stream: `NUL nonce SP kind SP args… NUL`. */
export interface Mark {
  readonly kind: string;
  readonly args: readonly string[];
}

const NUL = Buffer.from([0]);

/** Cuts a byte stream at its marks; what lies between two marks is delivered byte-exact, however the stream was chunked. */
export class FrameReader {
  private readonly prefix: Buffer;
  private tail: Buffer = Buffer.alloc(0);
  private data: Buffer[] = [];
  private readonly onMark: (mark: Mark, dataBefore: Buffer) => void;

  /** `onMark` gets each mark with all the bytes since the mark before. */
  constructor(nonce: string, onMark: (mark: Mark, dataBefore: Buffer) => void) {
    this.prefix = Buffer.from(`\0${nonce} `);
    this.onMark = onMark;
  }

  push(chunk: Buffer): void {
    let rest = this.tail.length === 0 ? chunk : Buffer.concat([this.tail, chunk]);
    for (;;) {
      const start = rest.indexOf(this.prefix);
      if (start === -1) break;
      const end = rest.indexOf(NUL, start + this.prefix.length);
      if (end === -1) {
        this.data.push(rest.subarray(0, start));
        this.tail = rest.subarray(start);
        return;
      }
      this.data.push(rest.subarray(0, start));
      const [kind = '', ...args] = rest.toString('latin1', start + this.prefix.length, end).split(' ');
      const before = Buffer.concat(this.data);
      this.data = [];
      this.onMark({ kind, args }, before);
      rest = rest.subarray(end + 1);
    }
    // A prefix may be cut by the chunk's end: keep as much as could be the start of one.
    const keep = Math.min(rest.length, this.prefix.length - 1);
    this.data.push(rest.subarray(0, rest.length - keep));
    this.tail = rest.subarray(rest.length - keep);
  }

  /** Takes what came since the last mark: it belongs to somebody else. */
  take(): Buffer {
    const rest = this.remainder();
    this.data = [];
    this.tail = Buffer.alloc(0);
    return rest;
  }

  /** What came since the last mark: the noise of a stream that ended early. */
  remainder(): Buffer {
    return Buffer.concat([...this.data, this.tail]);
  }
}
