import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { bootHost, type LabHost, labUnavailable } from '../lab/lab.ts';
import { folder, harden, hardenJson, hostArgs } from './support/harden.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 600_000 });

const unavailable = await labUnavailable();

// What Ubuntu 24.04 does unlike Debian: its name, its origins, and ssh.socket, whose ports a generator takes out of sshd_config.
const LIKE_UBUNTU = `apt-get -q update >/dev/null && apt-get -q -y install unattended-upgrades iproute2 >/dev/null
cat >/etc/os-release <<'END'
PRETTY_NAME="Ubuntu 24.04.1 LTS"
NAME="Ubuntu"
VERSION_ID="24.04"
VERSION_CODENAME=noble
ID=ubuntu
ID_LIKE=debian
END
mkdir -p /usr/lib/systemd/system-generators
cat >/usr/lib/systemd/system-generators/sshd-socket-generator <<'END'
#!/bin/sh
# stands in for Ubuntu's: the ports of sshd_config become those of ssh.socket
mkdir -p /run/sshd "$1/ssh.socket.d"
{ echo '[Socket]'; echo 'ListenStream='; /usr/sbin/sshd -T 2>/dev/null | sed -n 's/^port /ListenStream=/p'; } >"$1/ssh.socket.d/addresses.conf"
END
chmod 0755 /usr/lib/systemd/system-generators/sshd-socket-generator
systemctl daemon-reload
systemctl disable -q --now ssh.service
systemctl enable -q --now ssh.socket`;

const PLAYBOOK = `tasks:
  - sshd: { options: { Port: 2222, MaxAuthTries: 4, X11Forwarding: no } }
  - unattended_upgrades:
      extra_origins: ['origin=Docker,archive=\${distro_codename}']
      automatic_reboot: true
      automatic_reboot_time: "02:00"
      mail: root
      mail_report: only-on-error
  - listening: { allow: [{ port: 2222 }] }
`;

describe.skipIf(unavailable)('a host that is like Ubuntu', () => {
  let host: LabHost;
  let directory: string;
  const said = async (command: string) => (await host.exec(command)).stdout;

  beforeAll(async () => {
    directory = await folder({ 'playbook.yml': PLAYBOOK });
    host = await bootHost({ setup: LIKE_UBUNTU });
  });
  afterAll(() => host?.stop());

  test('gets its port through ssh.socket, and its updates from its own origins', async () => {
    const playbook = join(directory, 'playbook.yml');
    const applied = await harden(['apply', playbook, '--yes', ...hostArgs(host)]);
    expect(applied, applied.stdout + applied.stderr).toMatchObject({ exitCode: 0 });
    expect(applied.stderr).toContain('proved: nothing differs');
    expect(await said("ss -H -ltn | awk '{ print $4 }' | grep -E ':(22|2222)$' | sort -u")).toMatch(
      /^(\*|0\.0\.0\.0):2222/,
    );
    expect(await said('systemctl is-active ssh.socket')).toBe('active');
    const moved = { ...host, port: 2222 };
    const known = (await said('cat /etc/ssh/ssh_host_ed25519_key.pub')).split(' ').slice(0, 2).join(' ');
    const knownHosts = join(await folder({ known_hosts: `[${host.address}]:2222 ${known}\n` }), 'known_hosts');
    const again = await harden([
      'plan',
      playbook,
      '--detailed-exitcode',
      ...hostArgs({ ...moved, knownHostsFile: knownHosts }),
    ]);
    expect(again, again.stdout + again.stderr).toMatchObject({ exitCode: 0 });
  });

  test('unattended-upgrade itself says what it allows', async () => {
    const debug = await said('unattended-upgrade --dry-run --debug 2>&1');
    expect(debug).toContain(
      'Allowed origins are: o=Ubuntu,a=noble, o=Ubuntu,a=noble-security, o=UbuntuESMApps,a=noble-apps-security, o=UbuntuESM,a=noble-infra-security, origin=Docker,archive=noble\n',
    );
    expect(await said('apt-config dump | grep -E "Automatic-Reboot|Mail"')).toBe(
      'Unattended-Upgrade::Automatic-Reboot "true";\nUnattended-Upgrade::Automatic-Reboot-Time "02:00";\nUnattended-Upgrade::Mail "root";\nUnattended-Upgrade::MailReport "only-on-error";',
    );
  });
});

describe.skipIf(unavailable)('a host that harden is not for', () => {
  let host: LabHost;
  let playbook: string;

  beforeAll(async () => {
    playbook = join(
      await folder({ 'playbook.yml': 'tasks:\n  - file: { path: /srv, state: directory }\n' }),
      'playbook.yml',
    );
    host = await bootHost({ setup: 'mv /usr/bin/apt-get /usr/bin/apt-get.away' });
  });
  afterAll(() => host?.stop());

  test.each([
    ['ubuntu-core', 'Ubuntu Core 22', 'the host runs Ubuntu Core 22, whose image is replaced as a whole'],
    ['fedora', 'Fedora CoreOS 41.20241109.3.0', 'the host runs Fedora CoreOS 41.20241109.3.0, whose image'],
    ['rancheros', 'RancherOS v1.5.8', 'the host runs RancherOS v1.5.8, whose image is replaced as a whole'],
    ['alpine', 'Alpine Linux v3.20', 'the host runs Alpine Linux v3.20 and has no apt'],
  ])('%s: is told so at plan, and nothing is done', async (id, name, sentence) => {
    await host.exec(`printf 'ID=%s\\nPRETTY_NAME="%s"\\n' '${id}' '${name}' >/etc/os-release`);
    for (const command of ['plan', 'apply'] as const) {
      const { exitCode, document } = await hardenJson(
        command,
        [playbook, ...(command === 'apply' ? ['--yes'] : [])],
        host,
      );
      expect({ exitCode, host: document.hosts[0] }).toMatchObject({
        exitCode: 1,
        host: { status: 'failed', error: expect.stringContaining(sentence) },
      });
    }
    expect((await host.exec('ls /var/lib/harden')).exitCode).not.toBe(0);
  });
});
