import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { bootHost, type LabHost, labUnavailable } from '../lab/lab.ts';
import { folder, harden, hostArgs } from './support/harden.ts';
import journal from './support/journal-0.1.0.json' with { type: 'json' };

vi.setConfig({ testTimeout: 120_000 });

const unavailable = await labUnavailable();

// The journal, by path under /var/lib/harden: harden 0.1.0 itself wrote it, in a run that came to its end and one that was killed with its guard armed and a handler due.
const [WHOLE, KILLED] = ['20261201T100000Z-0001', '20261201T110000Z-0002'];

/** The playbook of the run that was killed. */
const PLAYBOOK = `handlers: { mark: { run: "echo ran >>/srv/handled" } }
tasks:
  - copy: { dest: /etc/ssh/sshd_config.d/zz.conf, content: "MaxAuthTries 5\\n" }
    notify: mark
  - command: { cmd: "touch /srv/slow", creates: /srv/slow }
  - copy: { dest: /srv/last, content: "last\\n" }
`;

/** The host as those two runs left it. */
const AS_LEFT = `mkdir -p /srv/made && cd /srv
echo new >conf; echo made >made/deep; echo a >attributes; chmod 0600 attributes; touch slow
useradd --create-home --shell /bin/bash worker
echo MaxAuthTries 5 >/etc/ssh/sshd_config.d/zz.conf
chmod -R go= /var/lib/harden
printf '[Service]\\nType=oneshot\\nExecStart=/bin/sh /var/lib/harden/runs/${KILLED}/undo.sh guard now\\n' >/etc/systemd/system/harden-guard.service
ln -s /etc/systemd/system/harden-guard.service /etc/systemd/system/multi-user.target.wants/
systemd-run --quiet --collect --unit=harden-guard-${KILLED} --on-active=3600 /bin/sh /var/lib/harden/runs/${KILLED}/undo.sh guard 3600`;

describe.skipIf(unavailable).each(['bookworm', 'trixie'] as const)('what 0.1.0 left on a host with %s', (suite) => {
  let host: LabHost;
  let playbook: string;
  const said = async (command: string) => (await host.exec(command)).stdout;

  beforeAll(async () => {
    host = await bootHost({ suite });
    for (const [path, text] of Object.entries(journal)) {
      const file = join(host.root, 'var/lib/harden', path);
      mkdirSync(dirname(file), { recursive: true });
      // a step that kept nothing has an empty directory for it
      if (file.endsWith('/step.json')) mkdirSync(join(dirname(file), 'kept'), { recursive: true });
      writeFileSync(file, text);
    }
    const { exitCode, stderr } = await host.exec(AS_LEFT);
    expect(exitCode, stderr).toBe(0);
    playbook = join(await folder({ 'playbook.yml': PLAYBOOK }), 'playbook.yml');
  });
  afterAll(() => host?.stop());

  test('is read, and the armed guard and the handler that is due are taken over and proved', async () => {
    const plan = await harden(['plan', playbook, ...hostArgs(host)]);
    expect(plan.stderr).toMatch(/operator@laptop.* did not come to its end.*its guard is still armed/);
    expect(plan.stdout).toContain('handler: mark (left by an earlier run');
    const ran = await harden(['apply', '--yes', playbook, ...hostArgs(host)]);
    expect(ran.exitCode, ran.stderr).toBe(0);
    expect(ran.stderr).toContain('handler ran: mark');
    expect(ran.stderr).toContain('proved: nothing differs');
    expect(await said('cat /srv/handled /srv/last; ls /var/lib/harden/pending')).toBe('ran\nlast');
    expect(await said(`ls /var/lib/harden/runs/${KILLED}`)).toContain('disarmed');
    expect(
      await said(
        "systemctl list-units --all --plain --no-legend 'harden-*'; ls /etc/systemd/system | grep harden | grep -v '^harden-boot-check'",
      ),
    ).toBe('');
  });

  test('is rolled back: files, modes, accounts', async () => {
    for (const run of [KILLED, WHOLE]) {
      const back = await harden(['rollback', run!, '--yes', ...hostArgs(host)]);
      expect(back.exitCode, back.stderr).toBe(0);
    }
    expect(
      await said('stat -c %a /srv/attributes; cat /srv/conf; ls -d /srv/made /etc/ssh/sshd_config.d/zz.conf'),
    ).toBe('644\nold');
    expect((await host.exec('id worker')).exitCode).not.toBe(0);
  });
});
