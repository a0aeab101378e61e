import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { bootHost, type LabHost, labUnavailable } from '../lab/lab.ts';
import { folder, hostArgs } from './support/harden.ts';

vi.setConfig({ testTimeout: 60_000 });

const unavailable = (await labUnavailable()) ?? (existsSync('/usr/bin/script') ? undefined : 'no script');
const HARDEN = `node ${join(import.meta.dirname, '../../dist/cli.js')}`;

/** What a person waits for, and then types, some milliseconds later; nothing typed: the terminal is closed. */
type Typing = readonly (readonly [seen: RegExp, keys?: string, after?: number])[];

describe.skipIf(unavailable)('a question on a terminal', () => {
  let host: LabHost;
  let playbook: string;

  beforeAll(async () => {
    host = await bootHost();
    const directory = await folder({
      'a.yml': 'tasks:\n  - { name: writes a, copy: { dest: /root/a, content: a } }\n',
    });
    playbook = join(directory, 'a.yml');
  });
  afterAll(() => host?.stop());

  /** Runs a command line on a terminal of its own, whose settings after it are its last line. */
  async function onTerminal(line: string, typing: Typing, env: Readonly<Record<string, string>> = {}) {
    const run = execa(
      'script',
      ['-qefc', `stty cols 200 rows 40; ${line}; code=$?; stty -a | tr '\\n' ' '; exit $code`, '/dev/null'],
      {
        reject: false,
        timeout: 30_000,
        extendEnv: false,
        env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '/root', TERM: 'xterm', ...env },
      },
    );
    const left = [...typing];
    let said = '';
    let from = 0;
    let waiting = false;
    const look = (): void => {
      const [seen, keys, after = 300] = left[0] ?? [];
      const match = waiting ? undefined : seen?.exec(said.slice(from));
      if (!match) return;
      left.shift();
      from += match.index + match[0].length;
      waiting = true;
      setTimeout(() => {
        waiting = false;
        if (keys === undefined) run.kill('SIGKILL');
        else run.stdin.write(keys);
        look();
      }, after);
    };
    run.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      look();
    });
    const { exitCode } = await run;
    return { exitCode, said };
  }

  function expectSane(said: string): void {
    expect(said.split('\n').at(-1)).toMatch(/ icanon .* echo /);
    expect(said.lastIndexOf('\x1b[?25h'), said).toBeGreaterThanOrEqual(said.lastIndexOf('\x1b[?25l'));
  }

  const plan = (user: string, ...more: readonly string[]) =>
    ['plan', playbook, ...hostArgs(host, user), ...more].join(' ');

  test('is declined with Ctrl-D, the one before any host as well', async () => {
    for (const more of [[], ['-K']]) {
      const { exitCode, said } = await onTerminal(`${HARDEN} ${plan('admin1', ...more)}`, [[/sudo password/, '\x04']]);
      expect(exitCode, said).toBe(1);
      expect(said).toContain('the question was declined');
      expectSane(said);
    }
  });

  test('takes a typed yes, and nothing that was typed before it', async () => {
    const apply = `${HARDEN} ${plan('root').replace(/^plan/, 'apply')}`;
    for (const { early, answer, code } of [
      { early: 'yes\r', answer: '\r', code: 1 },
      { early: 'y', answer: 'y\r', code: 1 },
      { early: 'no\ryes\rno\r', answer: 'yes\r', code: 0 },
    ]) {
      const { exitCode, said } = await onTerminal(apply, [
        [/connecting/, early, 0],
        [/Enter a value: /, answer],
      ]);
      expect(exitCode, said).toBe(code);
      expect(said).toContain(code === 0 ? '1 changed' : 'nothing was applied');
      expectSane(said);
    }
  });

  test('of a host key takes yes, and the rest of the line is no answer to the next', async () => {
    const known = join(await folder({}), 'known');
    const line = `${HARDEN} plan ${playbook} -H root@${host.address} --known-hosts ${known} --identity ${host.keyFile} -K`;
    const { exitCode, said } = await onTerminal(line, [
      [/sudo password: /, 'x\ryes\r'],
      [/Enter a value: /, 'y\r'],
    ]);
    expect(exitCode, said).toBe(1);
    expect(said).toContain('its host key was not accepted');
    expectSane(said);
  });

  test('for a password of sudo that is wrong is asked again, three times in all', async () => {
    for (const { typed, code } of [
      { typed: ['wrong', host.sudoPassword], code: 0 },
      { typed: ['wrong', 'wrong', 'wrong'], code: 1 },
    ]) {
      const { exitCode, said } = await onTerminal(
        `${HARDEN} ${plan('admin1')}`,
        typed.map((word, at) => [at === 0 ? /sudo password: / : /It was not accepted. sudo password: /, `${word}\r`]),
      );
      expect(exitCode, said).toBe(code);
      if (code === 1) expect(said).toContain('did not accept the password');
      expectSane(said);
    }
  });

  test('hears the keys after Ctrl-Z and fg', async () => {
    const { exitCode, said } = await onTerminal('bash --norc -i', [
      [/bash-[\d.]+[#$] /, `${HARDEN} ${plan('admin1', '-K')}\r`],
      [/sudo password: /, '\x1a'],
      [/Stopped[\s\S]*bash-[\d.]+[#$] /, 'fg\r'],
      [/cli\.js/, `${host.sudoPassword}\r`],
      [/with changes pending[\s\S]*bash-[\d.]+[#$] /, 'exit\r'],
    ]);
    expect(exitCode, said).toBe(0);
    expect(said).not.toContain(host.sudoPassword);
    expectSane(said);
  });

  test('of the ssh command leaves nothing behind where the terminal is closed', async () => {
    const temporary = await folder({});
    const strange = ['plan', playbook, '-H', `root@${host.address}`, '--known-hosts', join(temporary, 'known')].join(
      ' ',
    );
    for (const line of [`${strange} --connection openssh`, `${plan('admin1')} --connection openssh`]) {
      const seen = line.startsWith(strange) ? /continue connecting/ : /sudo password/;
      const { said } = await onTerminal(`${HARDEN} ${line}`, [[seen]], { TMPDIR: temporary });
      expect(said).toMatch(seen);
      await expect.poll(() => readdir(temporary), { timeout: 5000 }).toEqual([]);
    }
  });
});
