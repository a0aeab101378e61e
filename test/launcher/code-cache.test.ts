import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { CodeCache } from '../../src/launcher/code-cache.ts';
import { testFile, testFolder } from '../support/remote.ts';

const TEXT = Buffer.from('(function () { return 6 * 7; })');

/** Compiles and calls a chunk as a run does, and keeps what there is to keep; whether V8 took what was kept before. */
function run(file: string, home: string, text: Buffer = TEXT, chunk = 'chunk.cjs'): boolean {
  const cache = CodeCache.open(file, home);
  const script = cache.compile(chunk, text, text.toString());
  expect(script.runInThisContext()()).toBe(42);
  cache.save();
  return script.cachedDataRejected === false;
}

function place(): { home: string; file: string } {
  const home = testFolder();
  return { home, file: join(home, '.cache', 'harden', 'code', 'plan-x64') };
}

describe('the code of an earlier run', () => {
  it('is kept for the user alone, and taken by the next run, which leaves the file as it is', () => {
    const { home, file } = place();
    expect(run(file, home)).toBe(false);
    const kept = statSync(file);
    expect(kept.mode & 0o777).toBe(0o600);
    expect(statSync(join(home, '.cache', 'harden', 'code')).mode & 0o777).toBe(0o700);
    expect(run(file, home)).toBe(true);
    expect(statSync(file).mtimeMs).toBe(kept.mtimeMs);
    expect(readdirSync(join(home, '.cache', 'harden', 'code'))).toEqual(['plan-x64']);
  });

  it('is not taken for another text of the same length, and makes room for that', () => {
    const { home, file } = place();
    run(file, home);
    const other = Buffer.from(TEXT.toString().replace('6 * 7', '7 * 6'));
    expect(run(file, home, other)).toBe(false);
    expect(run(file, home, other)).toBe(true);
  });

  it('of one that loaded other chunks is kept beside, until a chunk has become another', () => {
    const { home, file } = place();
    expect(['a', 'b', 'a', 'b'].map((chunk) => run(file, home, TEXT, chunk))).toEqual([false, false, true, true]);
    run(file, home, Buffer.from(`${TEXT};`), 'a');
    expect(run(file, home, TEXT, 'b')).toBe(false);
  });

  it.each<[string, (bytes: Buffer) => Buffer]>([
    ['empty', () => Buffer.alloc(0)],
    ['cut off', (bytes) => bytes.subarray(0, bytes.length - 1)],
    [
      'damaged by one bit',
      (bytes) => Buffer.concat([bytes.subarray(0, -9), Buffer.from([bytes.at(-9)! ^ 1]), bytes.subarray(-8)]),
    ],
    ['something else', () => Buffer.from('not the code of anything')],
  ])('is not taken from a file that is %s', (_what, damage) => {
    const { home, file } = place();
    run(file, home);
    writeFileSync(file, damage(readFileSync(file)));
    expect(run(file, home)).toBe(false);
    expect(run(file, home)).toBe(true);
  });

  it.each([0o620, 0o602])('is not taken from a file that others may write (%o)', (mode) => {
    const { home, file } = place();
    run(file, home);
    chmodSync(file, mode);
    expect(run(file, home)).toBe(false);
  });

  it("is neither taken from somebody else's file, nor left in somebody else's home", () => {
    const { home, file } = place();
    run(file, home);
    const other = place();
    const me = process.geteuid!();
    const as = vi.spyOn(process, 'geteuid').mockReturnValue(me + 1);
    try {
      expect(run(file, home)).toBe(false);
      run(other.file, other.home);
    } finally {
      as.mockRestore();
    }
    expect(existsSync(join(other.home, '.cache'))).toBe(false);
  });

  it.each<[string, (home: string) => string]>([
    ['below a file', (home) => testFile(home, '.cache', '')],
    ['below a folder that the kernel makes no other in', () => '/proc/nothing'],
    ['where a folder has its name', (home) => folderIn(home, 'harden/code/plan-x64/full')],
  ])('that cannot be kept, %s, is missed without a word', (_where, base) => {
    const home = testFolder();
    const file = join(base(home), 'harden', 'code', 'plan-x64');
    expect(run(file, home)).toBe(false);
    expect(run(file, home)).toBe(false);
  });
});

function folderIn(home: string, path: string): string {
  mkdirSync(join(home, path), { recursive: true });
  return home;
}
