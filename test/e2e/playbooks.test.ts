import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { bootHost, type LabHost, labUnavailable } from '../lab/lab.ts';
import { folder, harden, hostArgs } from './support/harden.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 600_000 });

const unavailable = await labUnavailable();

const extraOrigins = join(
  await folder({ 'docker.yml': "extra_origins: ['origin=Docker,archive=${distro_codename}']\n" }),
  'docker.yml',
);

interface Shipped {
  readonly playbook: string;
  readonly docker?: boolean;
  /** Run on the host before. */
  readonly setup?: string;
  /** More options of plan and apply. */
  readonly options?: (host: LabHost) => readonly string[];
  /** Who logs in once it has been applied. */
  readonly after?: string;
  /** What the host must say then: a command, and its output. */
  readonly says: readonly (readonly [command: string, output: string | RegExp])[];
}

/** The playbooks that come with harden and need no kernel of their own; docker-host.yml, and those for a whole machine, have files of their own. */
const shipped: readonly Shipped[] = [
  {
    playbook: 'ssh.yml',
    options: (host) => ['-e', `admin_key_file=${host.keyFile}.pub`],
    after: 'admin',
    says: [
      [
        'sshd -T | grep -E "^(permitrootlogin|passwordauthentication|authenticationmethods) "',
        'permitrootlogin no\npasswordauthentication no\nauthenticationmethods publickey',
      ],
      ['id -nG admin', 'admin adm sudo'],
      ["su - admin -c 'sudo -n id -un'", 'root'],
      ['stat -c "%U %a" /etc/ssh/sshd_config', 'root 600'],
    ],
  },
  {
    playbook: 'ssh-crypto.yml',
    says: [
      [
        "sshd -T | grep -E '^(kexalgorithms|macs|ciphers|hostkeyalgorithms|casignaturealgorithms) ' | grep -oE 'nistp|ecdsa|group1[4-]|exchange|sha1|md5|umac-64|cbc' || echo none",
        'none',
      ],
      ["sshd -T | sed -n 's/^kexalgorithms \\([a-z0-9]*\\)-.*/\\1/p'", /^(sntrup761x25519|mlkem768x25519)$/],
      ['sshd -T | grep requiredrsasize', 'requiredrsasize 3072'],
    ],
  },
  {
    playbook: 'updates.yml',
    options: () => ['-e', 'automatic_reboot=true', '-e', 'automatic_reboot_time=04:30', '--vars-file', extraOrigins],
    says: [
      [
        'unattended-upgrade --dry-run --debug 2>&1 | grep "Allowed origins"',
        /^Allowed origins are: origin=Debian,codename=(\w+),label=Debian-Security, origin=Debian,codename=\1-security,label=Debian-Security, origin=Docker,archive=\1$/,
      ],
      [
        'apt-config dump | grep -E "Automatic-Reboot"',
        'Unattended-Upgrade::Automatic-Reboot "true";\nUnattended-Upgrade::Automatic-Reboot-Time "04:30";',
      ],
      ['systemctl is-active apt-daily.timer apt-daily-upgrade.timer', 'active\nactive'],
    ],
  },
  {
    playbook: 'containers.yml',
    docker: true,
    setup: `mkdir -p /srv/image/bin /srv/image/www && cp /bin/busybox /srv/image/bin/ && ln -s busybox /srv/image/bin/sh
echo hello >/srv/image/www/index.html
tar -C /srv/image -c . | docker import --change 'CMD ["/bin/busybox","httpd","-f","-p","8080","-h","/www"]' - web:1`,
    options: () => [
      ...['-e', 'image=web:1', '-e', 'pull=missing', '-e', 'allowed_registry=docker.io/library'],
      ...['-e', 'healthcheck=busybox wget -q -O /dev/null http://127.0.0.1:8080/'],
    ],
    says: [
      ['busybox wget -q -O - http://127.0.0.1:8080/', 'hello'],
      ["docker ps --format '{{.Names}} {{.Status}}'", /^web Up .* \(healthy\)$/],
      [
        "docker inspect -f '{{.Config.User}} {{.HostConfig.ReadonlyRootfs}} {{.HostConfig.CapDrop}} {{.HostConfig.SecurityOpt}}' web",
        '101:101 true [ALL] [no-new-privileges]',
      ],
      ["docker network inspect -f '{{json .Options}}' web", '{"com.docker.network.bridge.enable_icc":"false"}'],
    ],
  },
  {
    playbook: 'sysctl.yml',
    says: [
      ['sysctl -n net.ipv4.conf.all.log_martians net.ipv4.conf.all.send_redirects net.ipv4.tcp_syncookies', '1\n0\n1'],
      ['grep -h kptr_restrict /etc/sysctl.d/*.conf', /kernel.kptr_restrict ?= ?2/],
    ],
  },
];

const cases = shipped.flatMap((one) => (['bookworm', 'trixie'] as const).map((suite) => ({ ...one, suite })));

describe.skipIf(unavailable).each(cases)(
  'playbooks/$playbook on $suite',
  ({ playbook, suite, docker = false, setup = ':', options, after = 'root', says }) => {
    let host: LabHost;
    beforeAll(async () => {
      host = await bootHost({ suite, docker, setup });
    });
    afterAll(() => host?.stop());

    test('is applied and proved; then the host says so itself, and nothing differs', async () => {
      const file = `playbooks/${playbook}`;
      const more = options?.(host) ?? [];
      const applied = await harden(['apply', file, '--yes', ...more, ...hostArgs(host)]);
      expect(applied, applied.stdout + applied.stderr).toMatchObject({ exitCode: 0 });
      expect(applied.stderr).toContain('proved: nothing differs');
      for (const [command, output] of says) {
        const { stdout } = await host.exec(command);
        if (typeof output === 'string') expect({ command, stdout }).toEqual({ command, stdout: output });
        else expect(stdout).toMatch(output);
      }
      const again = await harden(['apply', file, '--yes', ...more, ...hostArgs(host, after)]);
      expect(again, again.stdout + again.stderr).toMatchObject({ exitCode: 0 });
      expect(again.stdout).toContain('Nothing differs');
    });
  },
);
