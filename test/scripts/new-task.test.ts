import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { registerType } from '../../scripts/register-type.ts';

const REGISTRY = 'src/tasks/index.ts';
const COPIED = ['src', 'scripts', 'test/support', 'package.json', 'tsconfig.json', 'biome.json', 'vitest.config.ts'];

describe('a new task type', { timeout: 60_000 }, () => {
  let copy: string;
  beforeAll(() => {
    copy = mkdtempSync(join(tmpdir(), 'harden-new-task-'));
    for (const path of COPIED) cpSync(path, join(copy, path), { recursive: true });
    cpSync('test/tasks/group.test.ts', join(copy, 'test/tasks/group.test.ts'));
    symlinkSync(resolve('node_modules'), join(copy, 'node_modules'));
  });
  afterAll(() => rmSync(copy, { recursive: true, force: true }));

  function run(command: string, ...args: string[]): { status: number | null; output: string } {
    const { status, stdout, stderr } = spawnSync(join(copy, 'node_modules/.bin', command), args, {
      cwd: copy,
      encoding: 'utf8',
      env: { ...process.env, PATH: `${resolve('node_modules/.bin')}:${process.env.PATH}` },
    });
    return { status, output: stdout + stderr };
  }

  test('is written, registered, typed, formatted, tested and offered at once', () => {
    expect(run('tsx', 'scripts/new-task.ts', 'docker_thing')).toMatchObject({ status: 0 });
    expect(run('tsx', 'src/cli.ts', 'tasks', 'docker_thing').output).toContain('The first line of a file.');
    expect(run('vitest', 'run', 'test/tasks/docker-thing.test.ts')).toMatchObject({ status: 0 });
    expect(run('tsc', '--noEmit').output).not.toContain('docker-thing');
    const formatted = run(
      'biome',
      'check',
      '--vcs-enabled=false',
      'src/tasks/docker-thing.ts',
      'test/tasks/docker-thing.test.ts',
      REGISTRY,
    );
    expect(formatted).toMatchObject({ status: 0 });
  });

  test.each([
    ['group', 'src/tasks/group.ts'],
    ['docker_network', 'src/tasks/docker-network/index.ts'],
  ])('overwrites no type that is there: %s', (name, file) => {
    const before = readFileSync(join(copy, file), 'utf8');
    const { status, output } = run('tsx', 'scripts/new-task.ts', name);
    expect(status).toBe(64);
    expect(output).toBe(`There is a task type ${name} already: ${file}\n`);
    expect(readFileSync(join(copy, file), 'utf8')).toBe(before);
  });

  test.each(['Docker', 'docker-thing', '../evil', '1st', ''])('is not called %j', (name) => {
    expect(run('tsx', 'scripts/new-task.ts', name)).toMatchObject({ status: 64 });
  });
});

describe('registerType', () => {
  const registry = readFileSync(REGISTRY, 'utf8');
  const imports = (source: string) =>
    [...source.matchAll(/from '\.\/(.*)\.ts'/g)].map(([, file]) => file?.replace(/\/index$/, ''));
  const listed = (source: string) => [...source.matchAll(/^ {2}(\w+)Task,$/gm)].map(([, name]) => name);

  test.each([
    { file: 'aaa', constant: 'aaaTask', name: 'aaa' },
    { file: 'group-thing', constant: 'groupThingTask', name: 'groupThing' },
    { file: 'zzz', constant: 'zzzTask', name: 'zzz' },
  ])('puts $file into its place, once', ({ file, constant, name }) => {
    const source = registerType(registry, file, constant);
    expect(imports(source)).toEqual([...imports(registry), file].sort());
    expect(listed(source)).toEqual([...listed(registry), name].sort());
    expect(registerType(source, file, constant)).toBe(source);
  });
});
