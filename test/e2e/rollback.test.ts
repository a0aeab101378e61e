import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { bootHost, type LabHost, labUnavailable } from '../lab/lab.ts';
import { folder, harden, hostArgs, startHarden } from './support/harden.ts';

vi.setConfig({ testTimeout: 60_000 });

const unavailable = await labUnavailable();

// More restarts than systemd allows a service in a minute would leave it dead.
const PLAYBOOK = `
handlers:
  restart: { run: "echo restarted >>/root/restarts" }
tasks:
  - each: [1, 2, 3, 4, 5]
    copy: { dest: "/root/file-{{item}}", content: x }
    notify: restart
`;

describe.skipIf(unavailable)('a rollback', () => {
  let host: LabHost;
  let playbook: string;

  beforeAll(async () => {
    host = await bootHost();
    playbook = join(await folder({ 'playbook.yml': PLAYBOOK }), 'playbook.yml');
  });
  afterAll(() => host?.stop());

  const restarts = async () => Number((await host.exec('cat /root/restarts 2>/dev/null | wc -l')).stdout);

  test('runs each handler once, there and back', async () => {
    expect((await harden(['apply', playbook, '--yes', ...hostArgs(host)])).exitCode).toBe(0);
    expect(await restarts()).toBe(1);
    for (const files of [0, 5, 0]) {
      const before = await restarts();
      const ran = await harden(['rollback', '--yes', ...hostArgs(host)]);
      expect(ran.exitCode, ran.stderr).toBe(0);
      expect(await restarts()).toBe(before + 1);
      expect(Number((await host.exec('ls /root | grep -c file-')).stdout)).toBe(files);
    }
  });

  test('that is interrupted brings into force what it has undone', async () => {
    expect((await harden(['apply', playbook, '--yes', ...hostArgs(host)])).exitCode).toBe(0);
    // Each copy of what is kept takes a second.
    await host.exec(
      'printf "#!/bin/sh\\nsleep 1\\nexec /bin/cp \\"\\$@\\"\\n" >/usr/local/bin/cp; chmod +x /usr/local/bin/cp',
    );
    const before = await restarts();
    const run = startHarden(['rollback', '--yes', ...hostArgs(host)]);
    await new Promise<void>((begun) => run.stderr?.once('data', () => begun()));
    run.kill('SIGINT');
    const ended = await run;
    await host.exec('rm /usr/local/bin/cp');
    expect(ended.exitCode, ended.stderr).toBe(130);
    expect(ended.stderr).toContain('interrupted; left undone');
    expect(await restarts()).toBe(before + 1);
  });
});
