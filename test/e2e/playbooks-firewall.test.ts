import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { bootHost, type LabHost, labUnavailable } from '../lab/lab.ts';
import { reaches } from '../support/reaches.ts';
import { folder, harden, hostArgs } from './support/harden.ts';

vi.setConfig({ testTimeout: 240_000, hookTimeout: 300_000 });

const unavailable = await labUnavailable();

// what docker-host.yml did before there was ufw_docker
const BEFORE = `
name: The firewall as it was
tasks:
  - apt: { name: ufw }
  - blockinfile:
      path: /etc/ufw/after.rules
      marker: '# {mark} harden: containers'
      block: |
        *filter
        :ufw-user-forward - [0:0]
        :DOCKER-USER - [0:0]
        -A DOCKER-USER -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN
        -A DOCKER-USER -i docker0 -j RETURN
        -A DOCKER-USER -i br-+ -j RETURN
        -A DOCKER-USER -j ufw-user-forward
        -A DOCKER-USER -o docker0 -j DROP
        -A DOCKER-USER -o br-+ -j DROP
        -A DOCKER-USER -j RETURN
        COMMIT
    notify: reload ufw
  - ufw:
      rules: [{ rule: allow, port: 22, proto: tcp, comment: ssh }]
      default: { incoming: deny, outgoing: allow, routed: deny }
      state: enabled
handlers:
  reload ufw: { run: ufw reload }
`;

const ways = [
  { suite: 'bookworm', user: 'root', before: true },
  { suite: 'trixie', user: 'admin0', before: false },
] as const;

describe.skipIf(unavailable)('the playbook for the firewall', () => {
  describe.each(ways)('$suite as $user', ({ suite, user, before }) => {
    let host: LabHost;
    const run = (command: string, file: string, ...options: string[]) =>
      harden([command, file, ...options, ...hostArgs(host, user)]);

    beforeAll(async () => {
      host = await bootHost({
        suite,
        docker: true,
        setup: `tar -C /bin -c busybox | docker import - busybox >/dev/null
docker run -d --restart always --name web -p 8080:80 busybox /busybox httpd -f -p 80
docker run -d --restart always --name inner -p 8081:9999 busybox /busybox httpd -f -p 9999`,
      });
    });
    afterAll(() => host?.stop());

    test.skipIf(!before)('takes over from the block that was written by hand', async () => {
      const file = `${await folder({ 'before.yml': BEFORE })}/before.yml`;
      expect(await run('apply', file, '--yes')).toMatchObject({ exitCode: 0 });
      expect(await reaches(host.address, 8081)).toBe(false);
    });

    test('is applied and proved, and then nothing differs', async () => {
      const applied = await run('apply', 'playbooks/firewall.yml', '--yes');
      expect(applied, applied.stderr).toMatchObject({ exitCode: 0 });
      const again = await run('plan', 'playbooks/firewall.yml', '--detailed-exitcode');
      expect(again, again.stdout + again.stderr).toMatchObject({ exitCode: 0 });
      expect((await host.exec('ufw status verbose')).stdout).toMatch(
        /Status: active[\s\S]*deny \(incoming\).*deny \(routed\)/,
      );
    });

    test('only what is named is open, in containers too, and a route rule opens the rest', async () => {
      expect(await reaches(host.address, 8080)).toBe(true);
      expect(await reaches(host.address, 8081)).toBe(false);
      const more = ['-e', 'container_ports=80,9999'];
      expect(await run('apply', 'playbooks/firewall.yml', '--yes', ...more)).toMatchObject({ exitCode: 0 });
      expect(await reaches(host.address, 8081)).toBe(true);
    });

    test('rollback shuts it again', async () => {
      expect(await harden(['rollback', '--yes', ...hostArgs(host, user)])).toMatchObject({ exitCode: 0 });
      expect(await reaches(host.address, 8081)).toBe(false);
      expect(await reaches(host.address, 8080)).toBe(true);
    });

    test('a firewall that would be gone after the next boot is a difference', async () => {
      await host.exec('systemctl disable ufw.service');
      const planned = await run('plan', 'playbooks/firewall.yml');
      expect(planned.stdout).toContain('enabled, but not from the next boot on');
      expect(await run('apply', 'playbooks/firewall.yml', '--yes')).toMatchObject({ exitCode: 0 });
      expect((await host.exec('systemctl is-enabled ufw.service')).stdout.trim()).toBe('enabled');
      expect(await harden(['rollback', '--yes', ...hostArgs(host, user)])).toMatchObject({ exitCode: 0 });
      expect((await host.exec('systemctl is-enabled ufw.service')).stdout.trim()).toBe('disabled');
    });
  });
});
