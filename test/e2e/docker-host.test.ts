import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { bootHost, type LabHost, labUnavailable } from '../lab/lab.ts';
import { reaches } from '../support/reaches.ts';
import { harden, hostArgs } from './support/harden.ts';

vi.setConfig({ testTimeout: 240_000 });

const unavailable = await labUnavailable();

// A container has no audit of its own in the kernel that it shares.
const PLAYBOOK = ['playbooks/docker-host.yml'];

const ways = [
  { suite: 'bookworm', user: 'root', env: {}, after: 'admin' },
  { suite: 'trixie', user: 'admin1', env: { HARDEN_BECOME_PASSWORD: 'lab-secret' }, after: 'admin1' },
] as const;

/** Each lab has a key of its own. */
const withoutKeys = (text: string) => text.replace(/SHA256:\S+/g, 'SHA256:…');

describe.skipIf(unavailable)('the playbook for Docker hosts', () => {
  test('is planned for a fresh Debian 12 as the README shows it', async () => {
    const host = await bootHost({ suite: 'bookworm', docker: true });
    try {
      const options = ['-e', `admin_key_file=${host.keyFile}.pub`, ...hostArgs(host, 'root')];
      const { stdout } = await harden(['plan', 'playbooks/docker-host.yml', ...options]);
      const [, shown = ''] = /\$ harden plan .*\n.*\n([\s\S]*?)```/.exec(readFileSync('README.md', 'utf8')) ?? [];
      const parts = withoutKeys(shown)
        .trimEnd()
        .split(/^ *…\n/m);
      expect(parts.length).toBeGreaterThan(5);
      let rest = withoutKeys(stdout);
      for (const part of parts) {
        expect(rest).toContain(part);
        rest = rest.slice(rest.indexOf(part) + part.length);
      }
      expect(rest).toBe('');
    } finally {
      await host.stop();
    }
  });

  describe.each(ways)('$suite as $user', ({ suite, user, env, after }) => {
    let host: LabHost;
    let options: string[];
    const said = async (command: string) => (await host.exec(command)).stdout;

    beforeAll(async () => {
      host = await bootHost({ suite, docker: true });
      options = ['-e', `admin_key_file=${host.keyFile}.pub`];
    });
    afterAll(() => host?.stop());

    test('is applied and proved, and then nothing differs', async () => {
      const applied = await harden(['apply', ...PLAYBOOK, '--yes', ...options, ...hostArgs(host, user)], { env });
      expect(applied, applied.stderr).toMatchObject({ exitCode: 0 });
      expect(applied.stderr).toContain('proved: nothing differs');
      const again = await harden(['plan', ...PLAYBOOK, '--detailed-exitcode', ...options, ...hostArgs(host, after)], {
        env,
      });
      expect(again, again.stdout + again.stderr).toMatchObject({ exitCode: 0 });
    });

    test('root is shut out, the administrator is root by sudo alone', async () => {
      const asRoot = await harden(['plan', ...PLAYBOOK, ...options, ...hostArgs(host, 'root')]);
      expect(asRoot.exitCode).toBe(1);
      expect(await said('sshd -T | grep -E "^(permitrootlogin|passwordauthentication|authenticationmethods) "')).toBe(
        'permitrootlogin no\npasswordauthentication no\nauthenticationmethods publickey',
      );
      expect(await said('id -nG admin')).toBe('admin adm sudo docker');
      expect(await said("su - admin -c 'sudo -n id -un'")).toBe('root');
    });

    test('what the playbook says is what the system says', async () => {
      expect(await said('ufw status verbose')).toMatch(/Status: active[\s\S]*deny \(incoming\)/);
      expect(await said('sysctl -n net.ipv4.conf.all.log_martians net.ipv4.ip_forward')).toBe('1\n1');
      expect(await said("docker info -f '{{.LiveRestoreEnabled}} {{.LoggingDriver}}'")).toBe('true local');
      expect(await said('docker network inspect bridge')).toContain('"com.docker.network.bridge.enable_icc": "false"');
      expect(await said('unattended-upgrade --dry-run --debug 2>&1 | grep "Allowed origins"')).not.toContain(
        'label=Debian,',
      );
      expect(await said('systemctl is-active apt-daily.timer apt-daily-upgrade.timer docker ssh')).toBe(
        'active\nactive\nactive\nactive',
      );
    });

    test('the firewall stands before containers too: only ports that are named are open', async () => {
      // The limit that the daemon gives is more than this container may have.
      const run = 'docker run -d --ulimit nofile=1024:1024';
      const { exitCode, stderr } = await host.exec(`set -e
tar -C /bin -c busybox | docker import - busybox >/dev/null
${run} --name open -p 8080:80 busybox /busybox httpd -f -p 80
${run} --name shut -p 8081:9999 busybox /busybox httpd -f -p 9999`);
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
      expect(await said("docker inspect -f '{{.State.Running}}' open shut")).toBe('true\ntrue');
      expect(await reaches(host.address, 8080)).toBe(true);
      expect(await reaches(host.address, 8081)).toBe(false);
    });
  });
});
