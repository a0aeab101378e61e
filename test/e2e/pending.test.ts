import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { bootHost, type LabHost, labUnavailable } from '../lab/lab.ts';
import { folder, harden, hostArgs } from './support/harden.ts';

vi.setConfig({ testTimeout: 60_000 });

describe.skipIf(await labUnavailable())('a handler that fails', () => {
  let host: LabHost;
  let directory: string;
  const run = (...args: readonly string[]) => harden([...args, ...hostArgs(host)], { cwd: directory });

  beforeAll(async () => {
    host = await bootHost();
    directory = await folder({
      'a.yml': `tasks:
  - { name: writes a, copy: { dest: /root/a, content: a }, notify: [turn swap on, say so] }
handlers:
  turn swap on: { run: 'echo no swap here >&2; exit 7' }
  say so: { run: 'touch /root/said' }
`,
      'b.yml': 'tasks:\n  - { name: writes b, copy: { dest: /root/b, content: b } }\n',
    });
    await run('apply', 'a.yml', '--yes');
  });
  afterAll(() => host?.stop());

  test('is told whose it is, asked about, dropped by name, recorded, and run no more', async () => {
    const listed = await run('pending');
    expect(listed.stdout).toMatch(/! turn swap on\n +left by "writes a" of \d{8}T\S+ \(\S+, applying a\.yml\)/);
    expect(listed.stdout).toContain('no swap here');
    expect((await run('apply', 'b.yml', '--yes')).exitCode).toBe(1);

    const unasked = await run('pending', '--drop', 'turn swap on');
    expect(unasked).toMatchObject({
      exitCode: 64,
      stderr: expect.stringContaining('no terminal to ask on. Add --yes'),
    });
    const typo = await run('pending', '--drop', 'turn swp on', '--yes');
    expect(typo).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('Did you mean `turn swap on`?') });

    expect((await run('pending', '--drop', 'turn swap on', '--yes')).stdout).toContain('dropped "turn swap on"');
    const record = await host.exec('cat /var/lib/harden/runs/*/dropped');
    expect(record.stdout).toMatch(/ \S+@\S+ dropped the handler "turn swap on"$/);
    expect((await run('apply', 'b.yml', '--yes')).exitCode).toBe(0);
    // the other one was still due
    expect((await host.exec('cat /root/said')).exitCode).toBe(0);
    expect((await run('pending')).stdout).toContain('no handler is pending');
  });

  test('ends nowhere in a question that nobody can answer, in rollback as in apply', async () => {
    for (const command of [['rollback'], ['apply', 'a.yml'], ['pending', '--drop', 'x', '--yes', '--drop', '']]) {
      await host.exec('rm -f /root/a');
      expect((await run(...command)).exitCode, command.join(' ')).toBe(64);
    }
  });
});
