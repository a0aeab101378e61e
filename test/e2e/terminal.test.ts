import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { RunDocument } from '../../src/report/document.ts';
import { bootHost, type LabHost, labUnavailable } from '../lab/lab.ts';
import { folder, harden, hostArgs } from './support/harden.ts';

vi.setConfig({ testTimeout: 60_000 });

const unavailable = (await labUnavailable()) ?? (existsSync('/usr/bin/script') ? undefined : 'no script');
const CLI = join(import.meta.dirname, '../../dist/cli.js');

/** Runs `harden` on a terminal of its own; `tail` is more shell after its arguments. */
function onTerminal(columns: number, args: readonly string[], tail = '') {
  const line = `stty cols ${columns}; node ${CLI} ${args.join(' ')} ${tail}`;
  const env = { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '/root', TERM: 'xterm' };
  return execa('script', ['-qefc', line, '/dev/null'], { reject: false, timeout: 50_000, extendEnv: false, env });
}

describe.skipIf(unavailable)('on a terminal', () => {
  let host: LabHost;
  let directory: string;

  beforeAll(async () => {
    host = await bootHost();
    directory = await folder({
      'a.yml': 'tasks:\n  - { name: writes a, copy: { dest: /root/a, content: "a\\n" } }\n',
      'b.yml': 'tasks:\n  - { name: writes b, copy: { dest: /root/b, content: "b\\n" } }\n',
    });
  });
  afterAll(() => host?.stop());

  test('a result that goes into a file is the document alone, and progress is drawn', async () => {
    const file = join(directory, 'result.json');
    const args = ['apply', join(directory, 'a.yml'), '--yes', '--json', ...hostArgs(host)];
    const ran = await onTerminal(80, args, `>${file}`);
    expect(ran.exitCode, ran.stdout).toBe(0);
    const document = JSON.parse(await readFile(file, 'utf8')) as RunDocument;
    expect(document.summary).toMatchObject({ changed: 1, failed: 0 });
    expect(ran.stdout).toMatch(/✔.* writes a/);
  });

  test('nobody is asked about what was not shown, with --json either', async () => {
    const file = join(directory, 'declined.json');
    for (const [args, shown] of [
      [['apply', join(directory, 'b.yml')], '+ writes b'],
      [['rollback'], 'writes a'],
    ] as const) {
      const run = onTerminal(80, [...args, '--json', ...hostArgs(host)], `>${file}`);
      let asked = false;
      run.stdout.on('data', (chunk: Buffer) => {
        if (!asked && chunk.toString().includes('No')) setTimeout(() => run.stdin.write('n'), 300);
        asked ||= chunk.toString().includes('No');
      });
      const ended = await run;
      expect(ended.exitCode, ended.stdout).toBe(1);
      expect(ended.stdout).toContain(shown);
      expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({ version: 1 });
    }
  });

  test('one that does not say how wide it is gets lines', async () => {
    const ran = await onTerminal(0, ['apply', join(directory, 'b.yml'), '--yes', ...hostArgs(host)]);
    expect(ran.exitCode, ran.stdout).toBe(0);
    expect(ran.stdout).toContain('changed: writes b');
  });

  test('a rollback of several hosts asks for one after the other', async () => {
    expect((await harden(['history', ...hostArgs(host)])).stdout).toContain('b.yml');
    const run = onTerminal(80, ['rollback', ...hostArgs(host), ...hostArgs(host, 'admin0').slice(0, 2)]);
    let said = '';
    let asked = 0;
    const questions = () => said.split('Put this back on').length - 1;
    const openAtAnswer: number[] = [];
    run.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (questions() === asked) return;
      asked = questions();
      // By then a question of the other host would be open too, and take the answer.
      setTimeout(() => {
        openAtAnswer.push(questions());
        run.stdin.write('n');
      }, 1500);
    });
    const ended = await run;
    expect(ended.exitCode, said).toBe(1);
    expect(openAtAnswer, said).toEqual([1, 2]);
    expect(said.match(/nothing was rolled back/g)).toHaveLength(2);
  });
});
