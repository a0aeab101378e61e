import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readGitTree } from '../../../src/audit/docker-bench/git-tree.ts';
import { DOCKER_BENCH_COMMIT, dockerBenchFiles } from '../../../src/audit/docker-bench/source.ts';

function checkout(): string {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  mkdirSync(join(folder, 'tests/deep'), { recursive: true });
  mkdirSync(join(folder, 'tests.d'));
  writeFileSync(join(folder, 'docker-bench-security.sh'), '#!/bin/sh\n', { mode: 0o755 });
  writeFileSync(join(folder, 'tests/1.sh'), 'one\n');
  writeFileSync(join(folder, 'tests/deep/2.sh'), 'two\n');
  writeFileSync(join(folder, 'tests.d/x'), '');
  writeFileSync(join(folder, 'tests-x'), Buffer.from([0, 255]));
  symlinkSync('../elsewhere', join(folder, 'link'));
  return folder;
}

test('a tree has the id that git gives it: names in git’s order, modes, contents and links', async () => {
  const folder = checkout();
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', folder, '-c', 'core.autocrlf=false', ...args], { encoding: 'utf8' }).trim();
  git('init', '-q');
  git('add', '-A');
  expect((await readGitTree(folder)).id).toBe(git('write-tree'));
});

describe('a cache', () => {
  function cache(mode = 0o700): { cache: string; kept: string } {
    const folder = mkdtempSync(join(tmpdir(), 'cache-'));
    const kept = join(folder, `docker-bench-security-${DOCKER_BENCH_COMMIT}`);
    mkdirSync(kept);
    writeFileSync(join(kept, 'docker-bench-security.sh'), '#!/bin/sh\n');
    chmodSync(folder, mode);
    return { cache: folder, kept };
  }

  test('with anything but the files of the commit is not run', async () => {
    await expect(dockerBenchFiles(cache())).rejects.toThrow('was changed since');
  });

  test('in a folder that everybody can write is not run', async () => {
    await expect(dockerBenchFiles(cache(0o777))).rejects.toThrow('can be written by everybody');
  });

  test('that everybody can write is not run', async () => {
    const made = cache();
    chmodSync(made.kept, 0o777);
    await expect(dockerBenchFiles(made)).rejects.toThrow('can be written by everybody');
  });

  test.runIf(process.geteuid?.() === 0)('of somebody else is not run', async () => {
    const made = cache();
    execFileSync('chown', ['65534', made.kept]);
    await expect(dockerBenchFiles(made)).rejects.toThrow('belongs to another user');
  });
});
