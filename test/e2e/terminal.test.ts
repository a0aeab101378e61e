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
function onTerminal([columns, rows]: readonly [number, number], args: readonly string[], tail = '') {
  const line = `stty cols ${columns} rows ${rows}; node ${CLI} ${args.join(' ')} ${tail}`;
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
      'slow.yml':
        'tasks:\n  - { name: sleeps, command: { cmd: "sleep 4; touch /root/slept", creates: /root/slept } }\n  - { name: writes c, copy: { dest: /root/c, content: c } }\n',
    });
  });
  afterAll(() => host?.stop());

  test('a result that goes into a file is the document alone, and progress is drawn', async () => {
    const file = join(directory, 'result.json');
    const args = ['apply', join(directory, 'a.yml'), '--yes', '--json', ...hostArgs(host)];
    const ran = await onTerminal([80, 40], args, `>${file}`);
    expect(ran.exitCode, ran.stdout).toBe(0);
    const document = JSON.parse(await readFile(file, 'utf8')) as RunDocument;
    expect(document.summary).toMatchObject({ changed: 1, failed: 0 });
    expect(ran.stdout).toMatch(/✔.* 1\/1 as wanted, and proved/);
  });

  test('nobody is asked about what was not shown, with --json either', async () => {
    const file = join(directory, 'declined.json');
    for (const [args, shown] of [
      [['apply', join(directory, 'b.yml')], '+ writes b'],
      [['rollback'], 'writes a'],
    ] as const) {
      const run = onTerminal([80, 40], [...args, '--json', ...hostArgs(host)], `>${file}`);
      let asked = false;
      run.stdout.on('data', (chunk: Buffer) => {
        if (!asked && chunk.toString().includes('Enter a value')) setTimeout(() => run.stdin.write('no\r'), 300);
        asked ||= chunk.toString().includes('Enter a value');
      });
      const ended = await run;
      expect(ended.exitCode, ended.stdout).toBe(1);
      expect(ended.stdout).toContain(shown);
      expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({ version: 1 });
    }
  });

  for (const size of [
    [0, 40],
    [80, 0],
  ] as const) {
    test(`one that does not say how large it is (${size.join(' by ')}) gets lines`, async () => {
      await host.exec('rm -f /root/b');
      const ran = await onTerminal(size, ['apply', join(directory, 'b.yml'), '--yes', ...hostArgs(host)]);
      expect(ran.exitCode, ran.stdout).toBe(0);
      expect(ran.stdout).toContain('changed: writes b');
    });
  }

  for (const keys of [1, 2]) {
    test(`an interrupt is told at once, and the cursor is there at the end (Ctrl-C ${keys} times)`, async () => {
      await host.exec('rm -f /root/slept');
      const run = onTerminal([80, 40], ['apply', join(directory, 'slow.yml'), '--yes', ...hostArgs(host)]);
      let said = '';
      let pressed = 0;
      run.stdout.on('data', (chunk: Buffer) => {
        said += chunk.toString();
        const seen = pressed === 0 ? /0:0\d sleeps/.test(said) : said.includes('Interrupted: the running step ends');
        if (!seen || pressed === keys) return;
        pressed += 1;
        run.stdin.write('\x03');
      });
      const ended = await run;
      expect(ended.exitCode, said).toBe(130);
      const told = said.indexOf('Interrupted: the running step ends');
      expect(told, said).toBeGreaterThan(0);
      if (keys === 1) expect(said.slice(told), said).toMatch(/interrupted; left undone: writes c/);
      expect(said.lastIndexOf('\x1b[?25h')).toBeGreaterThan(said.lastIndexOf('\x1b[?25l'));
    });
  }

  test('an interrupt tells what is left, also where another host has ended', async () => {
    await host.exec('flock /run/harden/lock true; rm -f /root/slept /root/c');
    const refused = ['-H', 'root@127.0.0.1:1'];
    const run = onTerminal([80, 10], ['apply', join(directory, 'slow.yml'), '--yes', ...refused, ...hostArgs(host)]);
    let said = '';
    let pressed = false;
    run.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (pressed || !/0\/2 0:0\d sleeps/.test(said)) return;
      pressed = true;
      run.stdin.write('\x03');
    });
    const ended = await run;
    expect(ended.exitCode, said).toBe(130);
    expect(said).toContain('interrupted; left undone: writes c');
    expect(said).toContain('1 of 2 changes made');
    expect(said).not.toMatch(/TypeError|bug in harden/);
  });

  test('a rollback of several hosts asks for one after the other', async () => {
    expect((await harden(['history', ...hostArgs(host)])).stdout).toContain('b.yml');
    const run = onTerminal([80, 40], ['rollback', ...hostArgs(host), ...hostArgs(host, 'admin0').slice(0, 2)]);
    let said = '';
    let asked = 0;
    // A question may be drawn several times.
    const questions = () => new Set(said.match(/Put this back on \S+/g)).size;
    const openAtAnswer: number[] = [];
    run.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (questions() === asked) return;
      asked = questions();
      // By then a question of the other host would be open too, and take the answer.
      setTimeout(() => {
        openAtAnswer.push(questions());
        run.stdin.write('no\r');
      }, 1500);
    });
    const ended = await run;
    expect(ended.exitCode, said).toBe(1);
    expect(openAtAnswer, said).toEqual([1, 2]);
    expect(said.match(/nothing was rolled back/g)).toHaveLength(2);
  });
});
