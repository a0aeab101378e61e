import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { commandTask } from '../../src/tasks/command/index.ts';
import { debian12Facts, describeInvalid, describeTask } from '../support/describe-task.ts';

describeTask(commandTask, [
  {
    name: 'a text alone is the command, and runs every time',
    params: 'systemctl daemon-reload',
    given: '',
    expect: {
      before: { done: false },
      action: 'update',
      script: [`'systemctl daemon-reload' >"$harden_tmp/command"`, 'umask 022'],
      findings: [/warn: nothing tells whether this has been done/],
      undo: null,
    },
  },
  {
    name: 'a list is run without a shell',
    params: { cmd: ['touch', '/a b'], creates: '/a b', chdir: '/srv' },
    given: '',
    expect: {
      script: ["command touch '/a b'\n", 'cd -- /srv\n'],
      needs: ['command:touch', 'path:/srv'],
      provides: ['path:/a b'],
      findings: [],
    },
  },
  {
    name: 'a guard that says done',
    params: { cmd: 'x', creates: '/x' },
    given: 'done\n',
    expect: { before: { done: true }, action: 'none', findings: [] },
  },
  {
    name: 'unless that fails means that there is work',
    params: { cmd: 'x', unless: 'false' },
    given: '1 \n',
    expect: { keys: ['done'], findings: [] },
  },
  {
    name: 'unless that cannot run is told',
    params: { cmd: 'x', unless: 'nonsuch' },
    given: '127 sh: 1: eval: nonsuch: not found\n',
    expect: { keys: ['done'], findings: [/warn: unless could not run: sh: 1: eval: nonsuch: not found/] },
  },
]);

describeInvalid(commandTask, [
  { name: 'an empty command', params: ' ', message: 'write a command' },
  { name: 'a relative guard', params: { cmd: 'x', creates: 'x' }, message: 'the whole path' },
  {
    name: 'a variable with a hostile name',
    params: { cmd: 'x', environment: { 'A;B': '1' } },
    message: 'the name of a variable has',
  },
]);

describe('on a shell', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'harden-command-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function run(script: string, input = '') {
    const { status, stdout, stderr } = spawnSync('dash', ['-c', script], {
      encoding: 'utf8',
      input,
      env: { PATH: process.env.PATH, harden_tmp: folder },
    });
    return { status, stdout, stderr };
  }
  function state(params: unknown) {
    const p = commandTask.params.parse(params);
    return commandTask.read(run(`(\n${commandTask.probe(p, debian12Facts)}\n)`).stdout, p);
  }
  function apply(params: unknown) {
    const p = commandTask.params.parse(params);
    const change = { action: 'update' as const, before: { done: false }, after: { done: true }, keys: ['done'] };
    return run(`set -eu\n(\n${commandTask.apply(change, p, debian12Facts)}\n)\n`);
  }

  test.each([
    [{ cmd: 'x', creates: '/etc/passwd' }, { done: true }],
    [{ cmd: 'x', creates: '/etc/nonsuch' }, { done: false }],
    [{ cmd: 'x', removes: '/etc/nonsuch' }, { done: true }],
    [{ cmd: 'x', removes: '/etc/passwd' }, { done: false }],
    [{ cmd: 'x', unless: 'true' }, { done: true }],
    [{ cmd: 'x', unless: 'test -e passwd', chdir: '/etc' }, { done: true }],
    [{ cmd: 'x', unless: 'true', chdir: '/etc/nonsuch' }, { done: false }],
    [{ cmd: 'x', unless: 'echo done; false' }, { done: false }],
    [{ cmd: 'x', unless: 'exit 3' }, { done: false }],
    [{ cmd: 'x', creates: '/etc/nonsuch', unless: 'true' }, { done: true }],
    [
      { cmd: 'x', unless: 'if' },
      { done: false, unless: expect.stringContaining('Syntax error') },
    ],
  ])('%j is %j', (params, expected) => expect(state(params)).toEqual(expected));

  test('the text, its variables and its input arrive as they are', () => {
    const { status, stdout } = apply({
      cmd: 'printf "%s|" "$A" "$PWD"; cat; umask',
      chdir: '/etc',
      environment: { A: "it's\n\n" },
      stdin: 'in $(put) \\n',
    });
    expect({ status, stdout }).toEqual({ status: 0, stdout: "it's\n\n|/etc|in $(put) \\n0022\n" });
  });

  test('a failure in the middle of a text counts only as sh counts it', () => {
    expect(apply('false; echo on').stdout).toBe('on\n');
    expect(apply('exit 7').status).toBe(7);
    expect(apply({ cmd: 'exit 7', stdin: 'x' }).status).toBe(7);
    expect(apply({ cmd: 'exit 7', timeout: 9 }).status).toBe(7);
  });

  test('a broken text fails by itself', () => {
    const { status, stderr } = apply("echo 'unfinished");
    expect(status).toBe(2);
    expect(stderr).toContain('Unterminated quoted string');
  });

  test('what takes too long is ended', () => {
    const { status, stderr } = apply({ cmd: ['sleep', '20'], timeout: 1 });
    expect({ status, stderr }).toEqual({ status: 124, stderr: 'ended: still running after 1 seconds\n' });
  });

  test('the text is in no arguments', () => {
    expect(apply("tr '\\0' ' ' </proc/$$/cmdline # hunter2").stdout).not.toContain('hunter2');
    expect(readFileSync(join(folder, 'command'), 'utf8')).toContain('hunter2');
  });
});
