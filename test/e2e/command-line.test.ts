import { existsSync } from 'node:fs';
import { lstat, readFile, symlink } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { RunDocument } from '../../src/report/document.ts';
import { folder, harden, startHarden } from './support/harden.ts';

vi.setConfig({ testTimeout: 60_000 });

const CLI = join(import.meta.dirname, '../../dist/cli.js');

/** Runs `harden` within a line of shell, where "$@" is the command. */
function inShell(line: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return execa('bash', ['-c', line, 'bash', 'node', CLI, ...args], { reject: false, env });
}

describe('the command line, without a host', () => {
  let silent: Server;
  let directory: string;
  let nobody: readonly string[];

  beforeAll(async () => {
    directory = await folder({
      'good.yml': 'tasks:\n  - file: { path: /srv/x, state: directory }\n',
      'edited.plan': '{ "harden_plan": 1, "tool": 5 }\n',
      'hosts.yml': `hosts:\n${['a', 'b', 'c'].map((name) => `  ${name}: { address: 127.0.0.1, port: 1 }\n`).join('')}`,
      'cut.plan': '{ "harden_plan": 1, "tool": "0.',
    });
    // Takes connections, and says nothing.
    silent = createServer((socket) => socket.on('error', () => {}));
    await new Promise<void>((listening) => silent.listen(0, '127.0.0.1', listening));
    nobody = ['-H', `root@127.0.0.1:${(silent.address() as AddressInfo).port}`];
  });
  afterAll(() => {
    silent?.close();
  });

  test('a task type with a typo is told once what was meant', async () => {
    const ran = await harden(['tasks', 'sshdd']);
    expect(ran).toMatchObject({
      exitCode: 64,
      stderr: 'harden: there is no task type "sshdd". Did you mean `sshd`?',
    });
  });

  test.each([
    [
      ['-l', 'a', '-l', 'c'],
      ['a', 'c'],
    ],
    [
      ['-l', 'all', '--limit', '!b'],
      ['a', 'c'],
    ],
    [['-l', 'b'], ['b']],
  ])('%j chooses %j', async (limits, chosen) => {
    const { stdout } = await harden(['plan', 'good.yml', '-i', 'hosts.yml', ...limits, '--json'], { cwd: directory });
    expect((JSON.parse(stdout) as RunDocument).hosts.map(({ host }) => host)).toEqual(chosen);
  });

  test('a password for sudo that is empty is none', async () => {
    const env = { HARDEN_BECOME_PASSWORD: '' };
    expect(await harden(['plan', 'good.yml', '-K', ...nobody], { cwd: directory, env })).toMatchObject({
      exitCode: 64,
      stderr:
        'harden: -K asks for the sudo password, and there is no terminal to ask on. Give it in HARDEN_BECOME_PASSWORD.',
    });
  });

  test('a document and a shell script do not share stdout', async () => {
    const ran = await harden(['plan', join(directory, 'good.yml'), '--json', '--script', ...nobody]);
    expect(ran.exitCode).toBe(64);
    expect(ran.stdout).toBe('');
    expect(ran.stderr).toContain("'--script' cannot be used with option '--json'");
  });

  for (const { option, value, says } of [
    { option: '--min-score', value: 'high', says: 'It must be a number' },
    { option: '--min-score', value: '', says: 'It names nothing' },
    { option: '--fail-on', value: ' , ', says: 'It names nothing' },
    { option: '--only', value: '', says: 'It names nothing' },
  ]) {
    test(`${option} '${value}' switches no gate off, and chooses not everything`, async () => {
      const ran = await harden(['audit', option, value, ...nobody]);
      expect(ran.exitCode).toBe(64);
      expect(ran.stderr).toContain(says);
    });
  }

  test('a score that is asked for is one of an audit that runs', async () => {
    const ran = await harden(['audit', '--only', 'containers', '--min-score', '5', ...nobody]);
    expect(ran).toMatchObject({
      exitCode: 64,
      stderr:
        'harden: --min-score is for cis_docker and docker_bench, and neither is among these audits. Add cis_docker to --only.',
    });
  });

  for (const command of ['show', 'rollback']) {
    test(`${command} '' chooses no run`, async () => {
      const ran = await harden([command, '', ...nobody]);
      expect(ran.exitCode).toBe(64);
      expect(ran.stderr).toContain('It names nothing');
    });
  }

  for (const file of ['edited.plan', 'cut.plan']) {
    test(`${file}: a saved plan that cannot be read is told in the document too`, async () => {
      const ran = await harden(['apply', join(directory, file), '--json', '--yes', ...nobody]);
      expect(ran.exitCode).toBe(64);
      const document = JSON.parse(ran.stdout) as RunDocument;
      expect(document).toMatchObject({ version: 1, command: 'apply', hosts: [] });
      expect(document.error).toMatch(/is a saved plan .*edited/);
    });
  }

  test.each([
    ['history', []],
    ['show', ['2026']],
    ['rollback', ['--yes']],
  ])('%s --json tells in a document too why there is no host', async (command, more) => {
    const ran = await harden([command, ...more, '--json', '-i', join(directory, 'hosts.yml'), '-l', 'd']);
    expect(ran.exitCode).toBe(64);
    expect(JSON.parse(ran.stdout)).toEqual({ version: 1, hosts: [], error: expect.stringContaining('`d`') });
    expect(ran.stderr).toContain('`d` is no host or group');
  });

  test('a report that would take the place of a directory is refused before anything is asked', async () => {
    const ran = await harden(['audit', '--report', directory, ...nobody]);
    expect(ran).toMatchObject({
      exitCode: 64,
      stderr: `harden: --report: ${directory} is a directory. Name a file in it.`,
    });
  });

  test('two reports in one file are refused before anything is asked', async () => {
    const file = join(directory, 'found');
    const ran = await harden(['audit', '--report', file, '--sarif', `${directory}/./found`, ...nobody]);
    expect(ran).toMatchObject({
      exitCode: 64,
      stderr: `harden: --report and --sarif name the same file, ${directory}/./found. Name one for each: the second would replace the first.`,
    });
  });

  describe('interrupted, every command ends with 130', () => {
    const commands = (): readonly (readonly string[])[] => [
      ['plan', join(directory, 'good.yml')],
      ['plan', join(directory, 'good.yml'), '--json'],
      ['apply', join(directory, 'good.yml'), '--yes'],
      ['audit'],
      ['history', '--json'],
      ['rollback', '--yes'],
    ];
    for (const at of [0, 1, 2, 3, 4, 5]) {
      test(['plan', 'plan --json', 'apply', 'audit', 'history', 'rollback'][at]!, async () => {
        const connected = new Promise((resolve) => silent.once('connection', resolve));
        const run = startHarden([...commands()[at]!, ...nobody]);
        await connected;
        run.kill('SIGINT');
        const ended = await run;
        expect(ended.exitCode, ended.stderr).toBe(130);
        if (commands()[at]!.includes('--json')) expect(JSON.parse(ended.stdout)).toMatchObject({ version: 1 });
      });
    }
  });

  // An open question gets the key itself, and no signal comes.
  test.skipIf(!existsSync('/usr/bin/script'))('Ctrl-C at a question ends with 130 too, and with no stack', async () => {
    const line = `stty cols 80; node ${CLI} plan ${join(directory, 'good.yml')} -K -H root@127.0.0.1:1`;
    const run = execa('script', ['-qefc', line, '/dev/null'], { reject: false, timeout: 30_000 });
    let asked = false;
    run.stdout.on('data', (chunk: Buffer) => {
      if (asked || !chunk.toString().includes('sudo password')) return;
      asked = true;
      run.stdin.write('\x03');
    });
    const ended = await run;
    expect(ended.exitCode, ended.stdout).toBe(130);
    expect(ended.stdout).toContain('Interrupted');
    expect(ended.stdout).not.toContain('bug in harden');
  });

  test.skipIf(!existsSync('/dev/full'))('a result that cannot be written is a failure', async () => {
    const ran = await inShell('"$@" >/dev/full', ['tasks']);
    expect(ran).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/the result could not be written: ENOSPC/),
    });
  });

  test('a reader that has left changes nothing of how it ends', async () => {
    const out = await inShell('"$@" | true; exit "${PIPESTATUS[0]}"', ['validate', join(directory, 'missing.yml')]);
    expect(out.exitCode).toBe(64);
    // Progress goes to nobody; the result does not.
    const refused = ['plan', join(directory, 'good.yml'), '--json', '-H', 'root@127.0.0.1:1'];
    const err = await inShell('{ "$@" 2>&1 >&3 | true; exit "${PIPESTATUS[0]}"; } 3>&1', refused);
    expect(err.exitCode).toBe(1);
    expect((JSON.parse(err.stdout) as RunDocument).summary.unreachable).toBe(1);
  });

  test('a plan is saved through a link and into a pipe, and takes the place of neither', async () => {
    const link = join(directory, 'link.plan');
    await symlink(join(directory, 'real.plan'), link);
    await execa('touch', [join(directory, 'real.plan')]);
    const save = (file: string) => ['plan', join(directory, 'good.yml'), '--out', file, '-H', 'root@127.0.0.1:1'];
    expect((await harden(save(link))).exitCode).toBe(1);
    expect((await lstat(link)).isSymbolicLink()).toBe(true);
    expect(JSON.parse(await readFile(link, 'utf8'))).toMatchObject({ harden_plan: 1, hosts: [] });
    const pipe = join(directory, 'pipe');
    const ran = await inShell(`mkfifo ${pipe}; cat ${pipe} & "$@" >/dev/null; wait; [ -p ${pipe} ]`, save(pipe));
    expect(ran.exitCode, ran.stderr).toBe(0);
    expect(JSON.parse(ran.stdout)).toMatchObject({ harden_plan: 1 });
  });
});
