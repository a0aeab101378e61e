import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Script } from 'node:vm';
import type { CodeCache } from './code-cache.ts';

interface Chunk {
  exports: unknown;
}

/** A chunk's text as a function of what Node gives to a CommonJS module. */
type ChunkFunction = (
  exports: unknown,
  require: (id: string) => unknown,
  module: Chunk,
  filename: string,
  dirname: string,
) => void;

/** Runs a CommonJS bundle; the chunks that it requires by a relative path are compiled with `cache`, all else is Node's. */
export function runBundle(entry: string, cache: CodeCache | undefined): void {
  const nodeRequire = createRequire(entry);
  const chunks = new Map<string, Chunk>();

  function load(file: string): unknown {
    const known = chunks.get(file);
    if (known) return known.exports;
    const chunk: Chunk = { exports: {} };
    chunks.set(file, chunk);
    const folder = dirname(file);
    const require = (id: string): unknown => (id.startsWith('.') ? load(join(folder, id)) : nodeRequire(id));
    compile(file, cache)(chunk.exports, require, chunk, file, folder);
    return chunk.exports;
  }

  load(entry);
}

function compile(file: string, cache: CodeCache | undefined): ChunkFunction {
  const text = readFileSync(file);
  // On the first line, so that the lines of a stack trace are the file's.
  const wrapped = `(function (exports, require, module, __filename, __dirname) {${text.toString()}\n})`;
  const script = cache?.compile(file, text, wrapped) ?? new Script(wrapped, { filename: file });
  return script.runInThisContext() as ChunkFunction;
}
