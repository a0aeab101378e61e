import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { bootHost, type LabHost, labUnavailable } from '../lab/lab.ts';
import { folder, harden, hardenJson, hostArgs } from './support/harden.ts';

vi.setConfig({ testTimeout: 180_000 });

const unavailable = await labUnavailable();

const PLAYBOOK = `
name: Every kind of change
vars: { who: deploy }
tasks:
  - name: Packages
    apt: { name: [ufw, unattended-upgrades], state: present, update_cache: true, cache_valid_time: 3600 }
  - name: A group
    group: { name: ops }
  - name: An account
    user: { name: "{{who}}", shell: /bin/bash, groups: [ops, adm], comment: Deploys }
  - name: A directory
    file: { path: /srv/app/data, state: directory, owner: "{{who}}", group: ops, mode: "0750" }
  - name: A file in it
    copy: { dest: /srv/app/data/config, content: "key = value\\n", owner: "{{who}}", mode: "0640" }
  - name: A line
    lineinfile: { path: /etc/issue.net, regexp: "^Debian", line: Authorised use only }
  - name: A block
    blockinfile: { path: /etc/hosts, block: 10.0.0.1 app.internal }
  - name: Sysctl
    sysctl: { name: net.ipv4.conf.all.accept_redirects, value: 0 }
  - name: No passwords
    sshd: { options: { PasswordAuthentication: no, X11Forwarding: no } }
  - name: Cron stays off
    service: { name: cron, state: stopped, enabled: false }
`;

// Debian's sudo itself marks an account that has used it with a password (.sudo_as_admin_successful).
/** Path, kind, owner, mode, size, content and change time of everything but what a running system writes by itself. */
const FINGERPRINT = `find / -xdev \\( -path /proc -o -path /sys -o -path /run -o -path /tmp -o -path /dev -o -path /var/log -o -path /var/lib/systemd -o -path /var/tmp \\) -prune -o ! -type d ! -name .sudo_as_admin_successful -printf '%p %y %u %g %m %s %T@ %l\\n' | sort; find / -xdev \\( -path /proc -o -path /sys -o -path /run -o -path /tmp -o -path /dev -o -path /var/log -o -path /var/lib/systemd -o -path /var/tmp \\) -prune -o -type d -printf '%p %u %g %m\\n' | sort; ls -Ad /run/*harden* /tmp/* /dev/shm/* 2>/dev/null`;

const logins = [
  { user: 'root', env: {} },
  { user: 'admin0', env: {} },
  { user: 'admin1', env: { HARDEN_BECOME_PASSWORD: 'lab-secret' } },
] as const;

describe.skipIf(unavailable)('a pristine host without python3', () => {
  for (const suite of ['bookworm', 'trixie'] as const) {
    for (const login of logins) {
      describe(`${suite}, reached as ${login.user}`, () => {
        let host: LabHost;
        let playbook: string;

        beforeAll(async () => {
          host = await bootHost({ suite });
          playbook = `${await folder({ 'playbook.yml': PLAYBOOK })}/playbook.yml`;
        });
        afterAll(() => host?.stop());

        test('plan writes nothing, apply does what plan listed, and a second plan is empty', async () => {
          expect((await host.exec('command -v python3')).exitCode).not.toBe(0);
          const before = (await host.exec(FINGERPRINT)).stdout;
          const planned = await hardenJson('plan', [playbook], host, login);
          expect(planned.stderr).not.toContain('bug');
          expect(planned.exitCode).toBe(0);
          expect(planned.document.hosts[0]?.status).toBe('changes');
          expect((await host.exec(FINGERPRINT)).stdout).toBe(before);

          const applied = await hardenJson('apply', [playbook, '--yes'], host, login);
          expect(applied.document.hosts[0]?.error).toBeUndefined();
          expect(applied.exitCode).toBe(0);
          const listed = (document: typeof planned.document) =>
            document.hosts[0]?.tasks.map(({ index, name, type, id, action, changes }) => ({
              index,
              name,
              type,
              id,
              action,
              changes,
            }));
          expect(listed(applied.document)).toEqual(listed(planned.document));
          expect(
            applied.document.hosts[0]?.tasks
              .filter(({ action }) => action !== 'none')
              .every(({ status }) => status === 'changed'),
          ).toBe(true);

          const again = await harden(['plan', playbook, '--detailed-exitcode', ...hostArgs(host, login.user)], login);
          expect(again.exitCode, again.stdout).toBe(0);
        });

        test('the host itself says so', async () => {
          const look = async (command: string) => (await host.exec(command)).stdout.trim();
          expect(await look("dpkg-query -W -f='${db:Status-Status} ' ufw unattended-upgrades")).toBe(
            'installed installed',
          );
          expect(await look('id -nG deploy | tr " " "\\n" | sort | tr "\\n" " "')).toBe('adm deploy ops');
          expect(await look('getent passwd deploy | cut -d: -f5-')).toBe('Deploys:/home/deploy:/bin/bash');
          expect(await look('stat -c "%U %G %a" /srv/app/data /srv/app/data/config')).toBe(
            'deploy ops 750\ndeploy root 640',
          );
          expect(await look('cat /srv/app/data/config')).toBe('key = value');
          expect(await look('head -n1 /etc/issue.net')).toBe('Authorised use only');
          expect(await look('getent hosts app.internal')).toContain('10.0.0.1');
          expect(await look('sysctl -n net.ipv4.conf.all.accept_redirects')).toBe('0');
          expect(await look('sshd -T | grep -E "^(passwordauthentication|x11forwarding) "')).toBe(
            'passwordauthentication no\nx11forwarding no',
          );
          expect(await look('systemctl is-enabled cron; systemctl is-active cron')).toBe('disabled\ninactive');
        });
      });
    }
  }
});
