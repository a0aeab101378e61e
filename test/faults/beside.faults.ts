import { afterAll, describe, expect, test } from 'vitest';
import { bootHost, type LabHost, labUnavailable } from '../lab/lab.ts';
import { type Row, survived } from './support/row.ts';
import { apply, comesTrue, type FaultRun, GUARD_SECONDS } from './support/run.ts';

const unavailable = await labUnavailable();

interface Beside {
  readonly host: string;
  /** Runs on the host before. */
  readonly setup?: string;
  readonly run?: FaultRun;
  /** Where the login's keys are. */
  readonly home?: string;
}

const BESIDE: readonly Beside[] = [
  { host: '`--connection openssh`', run: { args: ['--connection', 'openssh'] } },
  {
    host: 'sudo asks for a password',
    run: { user: 'admin1', env: { HARDEN_BECOME_PASSWORD: 'lab-secret' } },
    home: '/home/admin1',
  },
  {
    host: '`MaxSessions 1`',
    setup: "echo 'MaxSessions 1' >/etc/ssh/sshd_config.d/one.conf; systemctl reload ssh",
  },
  { host: 'ssh.socket accepts', setup: 'systemctl -q disable --now ssh.service; systemctl -q enable --now ssh.socket' },
  { host: 'neither nft nor iptables', setup: 'rm -f /usr/sbin/nft /usr/sbin/*tables* /sbin/nft' },
  { host: 'no systemd', setup: 'mv /run/systemd/system /run/systemd/system.away' },
  { host: 'no perl', setup: 'mv /usr/bin/perl /usr/bin/perl.away' },
  {
    host: 'dropbear in the place of sshd',
    setup: `apt-get -q update
DEBIAN_FRONTEND=noninteractive apt-get -qy install dropbear-bin
dropbearconvert openssh dropbear /etc/ssh/ssh_host_ed25519_key /etc/dropbear-key
systemctl -q disable --now ssh
systemd-run -q --unit=lab-dropbear --service-type=forking dropbear -p 22 -r /etc/dropbear-key -P /run/dropbear.pid`,
  },
];

describe.skipIf(unavailable).concurrent('hosts that are not the usual one', () => {
  const rows: Row[] = [];
  afterAll(() => {
    for (const row of rows) if (row) survived(row);
  });

  test.each(BESIDE.map((one, at) => ({ ...one, at })))(
    '$host',
    async ({ host: what, setup, run = {}, home = '/root', at }) => {
      const host: LabHost = await bootHost(setup === undefined ? {} : { setup });
      try {
        const good = await apply(host, 'tasks:\n  - copy: { dest: /srv/good, content: "x\\n" }\n', run);
        expect(good.exitCode, good.stderr).toBe(0);
        const lost = `tasks:\n  - command: { cmd: "echo >${home}/.ssh/authorized_keys", creates: /srv/never }\n`;
        const ran = await apply(host, lost, run);
        expect(ran.exitCode, ran.stderr).toBe(1);
        const kept = what !== 'no perl';
        if (kept) {
          await comesTrue(host, `grep -q ssh-ed25519 ${home}/.ssh/authorized_keys`, GUARD_SECONDS + 75);
          expect((await apply(host, 'tasks:\n  - copy: { dest: /srv/next, content: "x\\n" }\n', run)).exitCode).toBe(0);
        } else expect(good.stderr).toContain('no perl here');
        rows[at] = {
          section: 'beside',
          fault: `${what}: a command empties the login’s keys`,
          host: kept ? 'as before, undone by itself' : 'not promised, and said: what a command did is not undone',
          next: kept ? 'exit 1; the old login works' : 'exit 1 and the reason',
          seconds: ran.seconds,
        };
      } finally {
        await host.stop();
      }
    },
  );
});
