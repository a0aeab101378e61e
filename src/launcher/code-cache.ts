import {
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname } from 'node:path';
import { Script } from 'node:vm';
import { crc32 } from 'node:zlib';

/** Where in the file one chunk's code is, and of which text it was made. */
interface Entry {
  readonly text: number;
  readonly at: number;
  readonly length: number;
}

interface Compiled {
  readonly text: number;
  readonly script: Script;
}

/**
 * The code that V8 compiled for the chunks of a bundle, kept in one file: the checksum of all that follows (4 bytes), the
 * length of the index (4), the index as JSON, the code. A file that is missing, damaged, made of other text or by another V8
 * is as good as none, and one that cannot be written changes nothing.
 */
export class CodeCache {
  readonly #file: string;
  readonly #home: string;
  readonly #index: Readonly<Record<string, Entry>>;
  readonly #code: Buffer;
  readonly #compiled = new Map<string, Compiled>();
  #complete = true;
  /** False once a chunk has turned out to be another one, or V8 to be another: then all that was kept is of the past. */
  #current = true;

  private constructor(file: string, home: string, index: Readonly<Record<string, Entry>>, code: Buffer) {
    this.#file = file;
    this.#home = home;
    this.#index = index;
    this.#code = code;
  }

  /** Opens what an earlier run kept in `file`, which is written below the user's `home` only where that is the user's own. */
  static open(file: string, home: string): CodeCache {
    try {
      const bytes = readOwn(file);
      const head = 8 + bytes.readUInt32LE(4);
      if (bytes.readUInt32LE(0) !== crc32(bytes.subarray(4))) throw new Error('damaged');
      return new CodeCache(file, home, JSON.parse(bytes.toString('utf8', 8, head)), bytes.subarray(head));
    } catch {
      return new CodeCache(file, home, {}, Buffer.alloc(0));
    }
  }

  /** Compiles `source`, which a chunk's `text` was made into, with the code kept for that text where V8 takes it. */
  compile(chunk: string, text: Buffer, source: string): Script {
    const name = basename(chunk);
    const sum = crc32(text);
    const entry = this.#index[name];
    const cachedData = entry?.text === sum ? this.#kept(entry) : undefined;
    const script = new Script(source, { filename: chunk, ...(cachedData && { cachedData }) });
    this.#compiled.set(name, { text: sum, script });
    const taken = script.cachedDataRejected === false;
    if (!taken) this.#complete = false;
    if (entry && !taken) this.#current = false;
    return script;
  }

  /** Keeps the code of this run, with each function that it called, unless all of it came from the file. */
  save(): void {
    if (this.#complete) return;
    const unfinished = `${this.#file}.${process.pid}`;
    try {
      // With sudo the home may still be the user's, who could then not write there any more.
      if (!isOwn(statSync(this.#home))) return;
      makeFolder(dirname(this.#file), 3);
      writeFileSync(unfinished, this.#bytes(), { mode: 0o600, flag: 'wx' });
      renameSync(unfinished, this.#file);
    } catch {
      remove(unfinished);
    }
  }

  #bytes(): Buffer {
    const index: Record<string, Entry> = {};
    const code: Buffer[] = [];
    let at = 0;
    const add = (chunk: string, text: number, data: Buffer): void => {
      index[chunk] = { text, at, length: data.length };
      code.push(data);
      at += data.length;
    };
    for (const [chunk, { text, script }] of this.#compiled) add(chunk, text, script.createCachedData());
    // What another run of the command loaded, and this one did not.
    if (this.#current)
      for (const [chunk, entry] of Object.entries(this.#index))
        if (!this.#compiled.has(chunk)) add(chunk, entry.text, this.#kept(entry));
    const names = Buffer.from(JSON.stringify(index));
    const head = Buffer.alloc(8);
    head.writeUInt32LE(names.length, 4);
    const bytes = Buffer.concat([head, names, ...code]);
    bytes.writeUInt32LE(crc32(bytes.subarray(4)));
    return bytes;
  }

  #kept({ at, length }: Entry): Buffer {
    return this.#code.subarray(at, at + length);
  }
}

/** Makes a folder and at most `levels - 1` above it: Node's own way never ends where the kernel makes none, as below /proc. */
function makeFolder(folder: string, levels: number): void {
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return;
    if (code !== 'ENOENT' || levels === 1) throw error;
    makeFolder(dirname(folder), levels - 1);
    mkdirSync(folder, { mode: 0o700 });
  }
}

function remove(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch {
    // It is not there, or nothing can be changed there.
  }
}

/** The file's bytes; throws where somebody else could have written it: what it holds is run. */
function readOwn(file: string): Buffer {
  // A FIFO would wait for its writer, and a link may lead to what is ours and no code.
  const descriptor = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stats = fstatSync(descriptor);
    if (!stats.isFile() || !isOwn(stats) || (stats.mode & 0o022) !== 0) throw new Error('not ours');
    return readFileSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function isOwn({ uid }: { readonly uid: number }): boolean {
  return process.geteuid === undefined || process.geteuid() === uid;
}
