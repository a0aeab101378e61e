import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SNAPSHOT_FUNCTIONS, SNAPSHOT_RESTORE } from '../../src/engine/snapshot/index.ts';
import { bootHost, type LabHost, labUnavailable, said } from '../lab/lab.ts';

const unavailable = await labUnavailable();

/** What is done to a host, and what the comparison calls it. */
const BREAKS: readonly (readonly [string, string])[] = [
  ['chmod 0755 /usr/bin/sudo', '/usr/bin/sudo'],
  ['chmod 0644 /usr/bin/bash', '/usr/bin/bash'],
  ['chmod 0700 /usr', '/usr'],
  ['chmod 0700 /', '/'],
  ['chmod 0600 /dev/null', '/dev/null'],
  ['rm -r /run/sshd', '/run/sshd'],
  ['echo exit 1 >/etc/bash.bashrc', '/etc/bash.bashrc'],
  ['echo closed >/etc/nologin', '/etc/nologin'],
  ['echo closed >/run/nologin', '/run/nologin'],
  ['rm /etc/ssh/sshd_config', '/etc/ssh/sshd_config'],
  ["echo 'DenyUsers *' >/etc/ssh/sshd_config.d/deny.conf", '/etc/ssh/sshd_config.d/deny.conf'],
  ['rm /etc/ssh/ssh_host_*', '/etc/ssh/ssh_host_ed25519_key'],
  ['rm -r /etc/pam.d', '/etc/pam.d'],
  ['sed -i s/files/sss/ /etc/nsswitch.conf', '/etc/nsswitch.conf'],
  ['chage -E 0 root', '/etc/shadow'],
  ['ln -sf /dev/null /etc/systemd/system/ssh.service', '/etc/systemd/system/ssh.service'],
  [
    'rm /etc/systemd/system/multi-user.target.wants/ssh.service',
    '/etc/systemd/system/multi-user.target.wants/ssh.service',
  ],
  [
    "sed -i 's/^ExecStart=.*/ExecStart=false/' /usr/lib/systemd/system/ssh.service",
    '/usr/lib/systemd/system/ssh.service',
  ],
  [
    'mkdir /etc/systemd/system/ssh.service.d && echo x >/etc/systemd/system/ssh.service.d/x.conf',
    '/etc/systemd/system/ssh.service.d',
  ],
  [': >/root/.ssh/authorized_keys', '/root/.ssh/authorized_keys'],
  ['chmod 0777 /home/admin0', '/home/admin0'],
  ['echo exec false >/home/admin0/.bash_login', '/home/admin0/.bash_login'],
  ['mount -t tmpfs tmpfs /root/.ssh', 'mount /root/.ssh'],
  ['mount -t tmpfs tmpfs /var', 'mount /var'],
  ['hostname other', 'the host name'],
  ['ip rule add prio 5 from 192.0.2.1 blackhole', 'routing rules'],
  ['ip route add blackhole 10.213.77.1', 'the route to 10.213.77.1'],
  ['ip address flush dev host0', 'addresses of host0'],
  ['iptables -I INPUT -p tcp --dport 22 -j DROP', 'the packet filter of iptables-nft'],
  ['iptables-legacy -P INPUT DROP', 'the packet filter of iptables-legacy'],
  [
    "nft 'add table inet strict; add chain inet strict in { type filter hook input priority 0; policy drop; }'",
    'the packet filter of nft',
  ],
  ['systemctl stop ssh', 'port 22: nobody listens'],
];

/** After which no program can be started, or not all. */
const DEEP: readonly string[] = [
  'chmod 0644 "$(readlink -f /lib64/ld-linux-x86-64.so.2)"',
  'ln -sf /usr/bin/false /usr/bin/sh',
  'cp /usr/bin/false /usr/bin/sudo',
  'rm /usr/lib/x86_64-linux-gnu/libpam.so.0* /usr/lib/x86_64-linux-gnu/libc.so.6',
  'mount --bind /usr /usr && mount -o remount,bind,noexec /usr',
  'rm -rf /srv/run',
];

/** What the process that waits does: it asks for what the undo needs, then for all. */
const WAIT = `cd /srv/run
${SNAPSHOT_RESTORE}
foothold_start ./snapshot
echo waits >>/srv/log
# a program that cannot be started any more is a sign too
while [ ! -e /srv/go ]; do sleep 0.2 || break; done
foothold_repair >>/srv/log
restore_snapshot ./snapshot >>/srv/log
echo "ended with $?" >>/srv/log`;

describe.skipIf(unavailable).each(['bookworm', 'trixie'] as const)(
  'the snapshot of what a login hangs on, on a host with %s',
  (suite) => {
    let host: LabHost;
    const compare = async () =>
      (await said(host, '. /srv/functions; harden_compare /srv/run/snapshot')).split('\n').filter(Boolean);
    const take = () =>
      said(
        host,
        `rm -rf /srv/run /srv/log /srv/go; mkdir -p /srv/run; printf 'admin0\\n10.213.77.1\\n22\\n' >/srv/run/login; . /srv/functions; harden_snapshot /srv/run/snapshot`,
      );

    beforeAll(async () => {
      // with Docker comes the packet filter's tool
      host = await bootHost({ suite, docker: true });
      await host.exec('cat >/srv/wait', { input: WAIT });
      await host.exec('cat >/srv/functions', { input: `${SNAPSHOT_FUNCTIONS}\n` });
    }, 300_000);
    afterAll(() => host?.stop());

    test('tells what a step broke, once, and puts all of it back', async () => {
      const docker = await said(host, 'iptables-save -t nat | grep -v "^#" | sed "s/ \\[.*//"; iptables -S FORWARD');
      expect(await take()).toBe('');
      expect(await said(host, 'stat -c %a:%U /srv/run/snapshot /srv/run/snapshot/content')).toBe('700:root\n600:root');
      expect(await compare()).toEqual([]);
      await said(
        host,
        'setsid sh /srv/wait </dev/null >/dev/null 2>&1 & i=0; while [ ! -s /srv/log ] && [ $i -lt 100 ]; do sleep 0.1; i=$((i+1)); done',
      );
      for (const [command] of BREAKS) await host.exec(`{ ${command}; } 2>&1`);
      const told = await compare();
      expect(BREAKS.map(([, label]) => label).filter((label) => !told.includes(label))).toEqual([]);
      expect(await compare()).toEqual([]);
      await host.exec(': >/srv/go');
      const log = await ended(host);
      expect(log).toMatch(/ended with 0$/);
      await said(host, 'rm -f /srv/run/snapshot/last');
      expect(await compare()).toEqual([]);
      expect(
        await said(host, 'sshd -T >/dev/null && systemctl is-active ssh && ss -Htln "sport = :22" | wc -l'),
      ).toMatch(/^active\n[12]$/);
      expect(await said(host, 'iptables-save -t nat | grep -v "^#" | sed "s/ \\[.*//"; iptables -S FORWARD')).toBe(
        docker,
      );
    }, 120_000);

    test.each(DEEP)(
      'needs no program for what the undo needs: %s',
      async (command) => {
        await take();
        await said(
          host,
          'setsid sh /srv/wait </dev/null >/dev/null 2>&1 & i=0; while [ ! -s /srv/log ] && [ $i -lt 100 ]; do sleep 0.1; i=$((i+1)); done',
        );
        // a builtin of the shell that did it asks for the undo
        await host.exec(`{ ${command}; } 2>&1; : >/srv/go`);
        expect(await ended(host)).toMatch(/ended with 0$/);
        expect(await said(host, 'sudo -n id -u && sh -c "id -u" && sshd -T | grep -c port')).toMatch(/^0\n0\n/);
        if (command !== 'rm -rf /srv/run')
          expect((await said(host, 'rm -f /srv/run/snapshot/last')) + (await compare()).join()).toBe('');
      },
      120_000,
    );
  },
);

async function ended(host: LabHost): Promise<string> {
  const { readFile } = await import('node:fs/promises');
  const { setTimeout } = await import('node:timers/promises');
  for (let tries = 0; tries < 150; tries++) {
    const log = await readFile(`${host.root}/srv/log`, 'utf8').catch(() => '');
    if (/ended with \d+\n$/.test(log)) return log.trim();
    await setTimeout(200);
  }
  return 'it did not end';
}
