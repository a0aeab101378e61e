import { spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { askFiles, type FileRead } from '../../src/engine/ask-files.ts';
import { HOST_FILES } from '../../src/engine/host-files/index.ts';
import type { Script } from '../../src/remote/sh.ts';
import { fileRead, type ReadFileOptions, readFile, sha256 } from '../../src/tasks/support/read-file.ts';
import { testFolder } from '../support/remote.ts';

const TEXT = 'one\ntwo\n';

const FILES = [
  'a',
  'a.conf',
  'with space',
  'two  spaces',
  'a\nnewline',
  'a\ttab',
  'back\\slash',
  "quote'd",
  '*',
  '[a]',
  '$(x)',
  'ü',
];

/** A folder with what a path can be; the names are such as one could be taken for a part of another. */
function tree(): readonly string[] {
  const folder = testFolder();
  const at = (name: string): string => join(folder, name);
  for (const name of FILES) writeFileSync(at(name), TEXT);
  writeFileSync(at('empty'), '');
  mkdirSync(at('folder/a'), { recursive: true });
  symlinkSync('a', at('link'));
  symlinkSync('nowhere', at('dangling'));
  const others = ['empty', 'folder', 'folder/a', 'link', 'dangling', 'missing'];
  return [...[...FILES, ...others].map(at), `${at('folder')}/`, '/dev/null', '/proc/version'];
}

/** What the probes print when they run as a batch does it, each in a subshell; `after`: what happens to the shell in between. */
function run(ahead: Script, probes: readonly Script[], after = ''): readonly string[] {
  const script = [HOST_FILES, ahead, after, ...probes.map((probe) => `(\n${probe}\n) </dev/null\nprintf '\\001'`)].join(
    '\n',
  );
  const { stdout, stderr, status } = spawnSync('sh', ['-s'], { input: `${script}\n`, encoding: 'utf8' });
  expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
  return stdout.split('\u0001').slice(0, -1);
}

const EVERY_WAY: readonly ReadFileOptions[] = [
  {},
  { content: 'facts' },
  { content: { unless: sha256(TEXT) } },
  { content: { unless: sha256('') } },
  { noFollow: true },
  { noFollow: true, content: 'facts' },
];

describe('files that are asked for at once', () => {
  it.each(EVERY_WAY)('are read as each would be by itself: %o', (options) => {
    const paths = tree();
    const probes = paths.map((path) => readFile(path, options));
    const ahead = askFiles(paths.flatMap((path) => fileRead(path, options)));
    expect(run(ahead, probes)).toEqual(run('', probes));
  });

  it('take no further process, where they are there and as they are to be', () => {
    const folder = testFolder();
    const paths = ['x', 'x.y', 'z'].map((name) => join(folder, name));
    for (const path of paths) writeFileSync(path, TEXT);
    const options = { content: { unless: sha256(TEXT) } };
    const probes = paths.map((path) => readFile(path, options));
    const reads: readonly FileRead[] = paths.flatMap((path) => fileRead(path, options));
    const blind = 'PATH=/nowhere';
    expect(run(askFiles(reads), probes, blind)).toEqual(run('', probes));
    expect(run('', probes.slice(0, 1), blind)).toEqual(['']);
  });

  it('do not wait for one that nobody writes to', () => {
    const pipe = join(testFolder(), 'pipe');
    expect(spawnSync('mkfifo', [pipe]).status).toBe(0);
    const paths = [pipe, '/etc/hostname'];
    const [first] = run(
      askFiles(paths.map((path) => ({ path, hash: true }))),
      paths.map((path) => readFile(path)),
    );
    expect(first).toContain(' fifo\n');
  });

  it('are as many as one command can take; the others are read by themselves', () => {
    const paths = Array.from({ length: 3000 }, (_, at) => `/usr/share/nothing/${'long'.repeat(50)}/${at}`);
    const last = ['/etc/hostname', '/etc/hosts'];
    const ahead = askFiles([...paths, ...last].map((path) => ({ path, hash: true })));
    expect(
      run(
        ahead,
        last.map((path) => readFile(path)),
      ),
    ).toEqual(
      run(
        '',
        last.map((path) => readFile(path)),
      ),
    );
  });

  it('are none where one would be asked for alone, and what an earlier batch learnt is forgotten', () => {
    const path = join(testFolder(), 'a');
    mkdirSync(path);
    const before = askFiles([{ path }, { path: '/etc/hosts' }]);
    const alone = askFiles([{ path }, { path, hash: true }]);
    const probe = readFile(path, { content: 'facts' });
    expect(run(`${before}\nrmdir '${path}'\n${alone}`, [probe])).toEqual(['']);
  });
});
