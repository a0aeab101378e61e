import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { bootHost, type LabHost, labUnavailable } from '../lab/lab.ts';
import { folder, harden, hardenJson, hostArgs, startHarden } from './support/harden.ts';

vi.setConfig({ testTimeout: 120_000 });

const unavailable = await labUnavailable();

function manyFiles(count: number, word: string): string {
  const tasks = Array.from(
    { length: count },
    (_, at) => `  - copy: { dest: /srv/file-${at}, content: "${word} ${at}\\n" }`,
  );
  return `name: files\ntasks:\n${tasks.join('\n')}\n`;
}

describe.skipIf(unavailable)('one conversation with the host', () => {
  let host: LabHost;

  beforeAll(async () => {
    host = await bootHost({ setup: 'echo LogLevel VERBOSE >>/etc/ssh/sshd_config && systemctl reload ssh' });
  });
  afterAll(() => host?.stop());

  async function counted(work: () => Promise<unknown>): Promise<{ connections: number; sessions: number }> {
    const lines = async (pattern: string) =>
      Number(
        (
          await host.exec(
            `journalctl -u ssh -o cat | grep -v '^Connection from ${host.address} ' | grep -c '${pattern}'`,
          )
        ).stdout,
      );
    // The host asks its own sshd whether it answers, when the check of the next boot is set up: no conversation of ours.
    const before = [await lines('^Connection from [0-9]'), await lines('^Starting session')];
    await work();
    return {
      connections: (await lines('^Connection from [0-9]')) - before[0]!,
      sessions: (await lines('^Starting session')) - before[1]!,
    };
  }

  for (const count of [5, 60]) {
    test(`${count} tasks: one TCP connection and one channel for plan, and two more of each for apply: one looks at the next boot before, one proves the way in`, async () => {
      const directory = await folder({ 'files.yml': manyFiles(count, `for ${count}`) });
      const plan = await counted(async () => {
        const ran = await harden(['plan', `${directory}/files.yml`, ...hostArgs(host)]);
        expect(ran.exitCode, ran.stderr).toBe(0);
      });
      expect(plan).toEqual({ connections: 1, sessions: 1 });
      const apply = await counted(async () => {
        const ran = await harden(['apply', '--yes', `${directory}/files.yml`, ...hostArgs(host)]);
        expect(ran.exitCode, ran.stderr).toBe(0);
      });
      expect(apply).toEqual({ connections: 3, sessions: 3 });
      const again = await counted(async () => {
        const ran = await harden(['apply', '--yes', `${directory}/files.yml`, ...hostArgs(host)]);
        expect(ran.exitCode, ran.stderr).toBe(0);
      });
      expect(again, 'nothing differs').toEqual({ connections: 1, sessions: 1 });
    });
  }

  test('a 50-cloud-init.conf that allows passwords does not win', async () => {
    await host.exec(
      "echo 'PasswordAuthentication yes' >/etc/ssh/sshd_config.d/50-cloud-init.conf && systemctl reload ssh",
    );
    const directory = await folder({ 'sshd.yml': 'tasks:\n  - sshd: { options: { PasswordAuthentication: no } }\n' });
    const ran = await harden(['apply', '--yes', `${directory}/sshd.yml`, ...hostArgs(host)]);
    expect(ran.exitCode, ran.stderr).toBe(0);
    expect((await host.exec('sshd -T')).stdout).toContain('passwordauthentication no\n');
  });

  test('a saved plan is applied as saved, and refused with 3 when the host or the playbook has moved on', async () => {
    const directory = await folder({ 'a.yml': 'tasks:\n  - copy: { dest: /srv/saved, content: "one\\n" }\n' });
    const args = [`${directory}/a.yml`, '--out', `${directory}/plan.json`, ...hostArgs(host)];
    expect((await harden(['plan', ...args])).exitCode).toBe(0);
    await host.exec('echo other >/srv/saved');
    const moved = await hardenJson('apply', ['--yes', `${directory}/plan.json`], host);
    expect(moved.exitCode).toBe(3);
    expect(moved.document.error).toContain('has moved on');
    expect(moved.document.hosts).toMatchObject([{ status: 'failed' }]);
    expect((await host.exec('cat /srv/saved')).stdout).toBe('other');
    const planned = await hardenJson('plan', ['a.yml', '--out', 'plan.json'], host, { cwd: directory });
    expect(planned.exitCode, planned.stderr).toBe(0);
    const applied = await hardenJson('apply', ['--yes', 'plan.json'], host, { cwd: directory });
    expect(applied.exitCode, applied.stderr).toBe(0);
    const unmarked = applied.document.hosts[0]?.tasks.map(({ status, ...task }) => task);
    expect(unmarked).toEqual(planned.document.hosts[0]?.tasks);
    expect((await host.exec('cat /srv/saved')).stdout).toBe('one');
    const stale = await harden(['apply', '--yes', `${directory}/plan.json`, ...hostArgs(host)]);
    expect(stale.exitCode).toBe(3);
  });

  test('no task of a refused plan is said to be in order', async () => {
    const directory = await folder({
      'refused.yml':
        'tasks:\n  - copy: { dest: /srv/first, content: x }\n  - copy: { dest: /nowhere/second, content: x }\n',
    });
    const ran = await hardenJson('apply', ['--yes', `${directory}/refused.yml`], host);
    expect(ran.exitCode).toBe(1);
    expect(ran.document.hosts).toMatchObject([
      {
        status: 'failed',
        tasks: [{ status: 'not-run' }, { status: 'not-run', error: expect.stringContaining('/nowhere') }],
      },
    ]);
  });

  test('a risk that was taken is told by the plan, by what is saved of it, and again when that is applied', async () => {
    const directory = await folder({ 'off.yml': 'tasks:\n  - service: { name: ssh, enabled: false }\n' });
    const [playbook, saved, risk] = [
      `${directory}/off.yml`,
      `${directory}/plan.json`,
      'nobody could log in after the next boot',
    ];
    const refused = await harden(['plan', playbook, ...hostArgs(host)]);
    expect(refused.exitCode).toBe(1);
    expect(refused.stdout + refused.stderr).toMatch(new RegExp(`${risk}.*--i-know ssh-off-at-boot`, 's'));
    const taken = ['--i-know', 'ssh-off-at-boot'];
    const planned = await harden(['plan', playbook, '--out', saved, ...taken, ...hostArgs(host)]);
    expect(planned.exitCode, planned.stderr).toBe(0);
    expect(planned.stdout + planned.stderr).toContain(risk);
    expect(JSON.parse(await readFile(saved, 'utf8'))).toMatchObject({
      iKnow: ['ssh-off-at-boot'],
      hosts: [{ tasks: [{ findings: [{ level: 'warn', message: expect.stringContaining(risk) }] }] }],
    });
    const applied = await harden(['apply', '--yes', saved, ...hostArgs(host)]);
    expect(applied.exitCode, applied.stderr).toBe(0);
    expect(applied.stdout + applied.stderr).toMatch(new RegExp(`${risk}.*Accepted with --i-know`, 's'));
    expect((await host.exec('systemctl is-enabled ssh; systemctl -q enable ssh')).stdout).toBe('disabled');
  });

  for (const signal of ['SIGINT', 'SIGKILL'] as const) {
    test(`${signal} between a change and its handler: the next apply runs the handler and ends in proof`, async () => {
      const mark = `/srv/handled-${signal}`;
      const directory = await folder({
        'h.yml': `tasks:
  - copy: { dest: /srv/config-${signal}, content: "x\\n" }
    notify: restart it
  - command: { cmd: "touch /srv/begun-${signal}; sleep 4; touch /srv/slow-${signal}", creates: /srv/slow-${signal} }
  - name: never reached
    command: { cmd: "touch /srv/never-${signal}", creates: /srv/never-${signal} }
handlers:
  restart it: { run: "echo ran >>${mark}" }
`,
      });
      const run = startHarden(['apply', '--yes', `${directory}/h.yml`, ...hostArgs(host)]);
      await expect
        .poll(async () => (await host.exec(`test -e /srv/begun-${signal}`)).exitCode, { timeout: 20_000 })
        .toBe(0);
      run.kill(signal);
      const ended = await run;
      if (signal === 'SIGINT') {
        expect(ended.exitCode).toBe(130);
        expect(ended.stderr).toContain('left undone: never reached');
        expect((await host.exec(`test -e /srv/slow-${signal}`)).exitCode, 'the running step ends').toBe(0);
      }
      expect((await host.exec(`test -e /srv/never-${signal}`)).exitCode, 'no other starts').not.toBe(0);
      expect((await host.exec(`test -e ${mark}`)).exitCode).not.toBe(0);
      await expect
        .poll(async () => (await host.exec(`test -e /srv/slow-${signal}`)).exitCode, { timeout: 20_000 })
        .toBe(0);
      const planned = await hardenJson('plan', [`${directory}/h.yml`], host);
      expect(planned.document.hosts[0]?.handlers).toEqual([{ name: 'restart it', pending: true }]);
      const next = await hardenJson('apply', ['--yes', `${directory}/h.yml`], host);
      expect(next.exitCode, next.stderr).toBe(0);
      expect((await host.exec(`cat ${mark}`)).stdout).toBe('ran');
      const again = await harden(['plan', '--detailed-exitcode', `${directory}/h.yml`, ...hostArgs(host)]);
      expect(again.exitCode, again.stdout).toBe(0);
    });
  }

  test('an interrupted rollback ends the step that runs, names what is left, and goes on when it is asked again', async () => {
    await host.exec(
      `printf '[Service]\\nExecStart=/bin/sleep infinity\\nExecStop=/bin/sh -c "touch /srv/stopping; sleep 4"\\n' >/etc/systemd/system/slow-stop.service && systemctl daemon-reload`,
    );
    const directory = await folder({
      'r.yml': `tasks:
  - name: the first
    copy: { dest: /srv/undone-last, content: "x\\n" }
  - name: the slow one
    service: { name: slow-stop, state: started }
  - name: the last
    copy: { dest: /srv/undone-first, content: "x\\n" }
`,
    });
    const applied = await hardenJson('apply', ['--yes', `${directory}/r.yml`], host);
    expect(applied.exitCode, applied.stdout).toBe(0);
    const runs = JSON.parse((await harden(['history', '--json', ...hostArgs(host)])).stdout);
    const id: string = runs.hosts[0].runs[0].id;
    const run = startHarden(['rollback', id, '--yes', ...hostArgs(host)]);
    await expect.poll(async () => (await host.exec('test -e /srv/stopping')).exitCode, { timeout: 20_000 }).toBe(0);
    run.kill('SIGINT');
    const ended = await run;
    expect(ended.exitCode).toBe(130);
    expect(ended.stderr).toContain('interrupted; left undone: roll back: the first. harden rollback');
    expect((await host.exec('systemctl is-active slow-stop; ls /srv/undone-*')).stdout).toBe(
      'inactive\n/srv/undone-last',
    );
    const again = await harden(['rollback', id, '--yes', ...hostArgs(host)]);
    expect(again.exitCode, again.stderr).toBe(0);
    expect((await host.exec('test -e /srv/undone-last')).exitCode).toBe(1);
  });

  test('a step that fails stops the run with its own words; what came before stands, and the next apply goes on', async () => {
    const directory = await folder({
      'f.yml': `tasks:
  - copy: { dest: /srv/before, content: "x\\n" }
  - name: The broken one
    command: { cmd: "echo no such luck >&2; test -e /srv/luck", creates: /srv/luck2 }
  - copy: { dest: /srv/after, content: "x\\n" }
`,
    });
    const ran = await hardenJson('apply', ['--yes', `${directory}/f.yml`], host);
    expect(ran.exitCode).toBe(1);
    expect(ran.document.hosts[0]?.tasks.map(({ status }) => status)).toEqual(['changed', 'failed', 'not-run']);
    const history = await harden(['history', ...hostArgs(host)]);
    const [, id = ''] = /^ {2}(\S+) {2}1 changed, 1 failed \[failed\] {2}.*f\.yml$/m.exec(history.stdout) ?? [];
    expect(id, history.stdout).not.toBe('');
    const shown = JSON.parse((await harden(['show', id, '--json', ...hostArgs(host)])).stdout);
    expect(shown.hosts[0].run.steps.map(({ state }: { state: string }) => state)).toEqual(['done', 'failed']);
    expect(ran.document.hosts[0]?.error).toContain('no such luck');
    expect(ran.document.summary).toEqual({ hosts: 1, changed: 0, unchanged: 0, failed: 1, unreachable: 0 });
  });

  test('two runs at once: the second is told who holds the host', async () => {
    const directory = await folder({
      's.yml': 'tasks:\n  - command: { cmd: "touch /srv/holding; sleep 8; touch /srv/held", creates: /srv/held }\n',
    });
    const first = startHarden(['apply', '--yes', `${directory}/s.yml`, ...hostArgs(host)]);
    await expect.poll(async () => (await host.exec('test -e /srv/holding')).exitCode, { timeout: 20_000 }).toBe(0);
    const second = await harden(['apply', '--yes', `${directory}/s.yml`, ...hostArgs(host)]);
    expect(second.exitCode).toBe(1);
    expect(second.stderr).toMatch(/another run is at work on this host: .+@.+ since 20.+, applying /);
    expect((await first).exitCode).toBe(0);
  });
});
