import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { folder, hardenJson } from '../../e2e/support/harden.ts';
import { bootHost, type LabHost, labUnavailable } from '../../lab/lab.ts';

vi.setConfig({ testTimeout: 300_000 });

const unavailable = await labUnavailable();

describe.skipIf(unavailable)('Lynis on a real host', () => {
  let host: LabHost;

  beforeAll(async () => {
    host = await bootHost();
  });
  afterAll(() => host?.stop());

  test('that does not have it: not run, never passed', async () => {
    const ran = await hardenJson('audit', ['--only', 'lynis'], host);
    expect(ran.exitCode).toBe(1);
    expect(ran.document.hosts[0]?.audits).toMatchObject([
      { tool: 'lynis', status: 'not-run', reason: expect.stringMatching(/apt: \{ name: lynis \}/) },
    ]);
  });

  test('a report that could not be written is refused before anything runs', async () => {
    const ran = await hardenJson('audit', ['--only', 'lynis', '--report', '/not/there/a.html'], host);
    expect(ran.exitCode).toBe(64);
    expect(ran.document.error).toMatch(/--report: .*cannot be written/);
  });

  test('that has it from Debian: its index is the score, and nothing of it stays', async () => {
    const { exitCode, stderr } = await host.exec(
      'apt-get -q update >&2 && DEBIAN_FRONTEND=noninteractive apt-get -qy install lynis >&2',
    );
    expect(exitCode, stderr).toBe(0);
    const directory = await folder({});
    const files = [
      '--report',
      `${directory}/a.html`,
      '--junit',
      `${directory}/a.xml`,
      '--sarif',
      `${directory}/a.sarif`,
    ];
    const ran = await hardenJson('audit', ['--only', 'lynis', ...files], host);
    expect(ran.exitCode, ran.stderr).toBe(0);
    for (const name of ['a.html', 'a.xml', 'a.sarif'])
      expect(await readFile(`${directory}/${name}`, 'utf8')).toContain('SSH-7408');
    const audit = ran.document.hosts[0]?.audits?.[0];
    if (audit?.status !== 'done') throw new Error('it did not run');
    expect(audit.score).toBeGreaterThan(30);
    expect(audit.checks).toBeGreaterThan(200);
    expect(audit.results.find(({ id }) => id === 'SSH-7408')).toMatchObject({ result: 'INFO' });
    expect((await host.exec('ls -d /run/harden-lynis* /var/log/lynis*')).stdout).toBe('');
  });
});
