import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { folder, harden, hostArgs } from '../e2e/support/harden.ts';
import { bootHost, type LabHost, labUnavailable } from '../lab/lab.ts';

vi.setConfig({ testTimeout: 240_000, hookTimeout: 300_000 });

const unavailable = await labUnavailable();

const PLAYBOOK = `tasks:
  - docker_daemon: { options: { userns-remap: default, live-restore: true } }
  - name: An application runs
    command:
      unless: docker inspect app
      cmd: |
        tar -C /bin -c busybox | docker import - app:1
        docker run -d --name app --network none app:1 /busybox sleep 1000000
`;

describe.skipIf(unavailable).each(['bookworm', 'trixie'] as const)('docker_daemon on a host with %s', (suite) => {
  let host: LabHost;
  beforeAll(async () => {
    host = await bootHost({ suite, docker: true });
  });
  afterAll(() => host?.stop());

  test('a dockerd that does not come back gets its old file back, behind a link too', async () => {
    const old = '{ "log-opts": { "max-size": "5m" } }';
    await host.exec(
      `mkdir -p /etc/docker; echo '${old}' >/srv/daemon.json; ln -s /srv/daemon.json /etc/docker/daemon.json`,
    );
    const text = 'tasks:\n  - docker_daemon: { options: { log-driver: nothing-like-it } }\n';
    const playbook = `${await folder({ 'playbook.yml': text })}/playbook.yml`;
    const applied = await harden(['apply', playbook, '--yes', ...hostArgs(host)]);
    expect(applied.exitCode).toBe(1);
    expect(applied.stderr).toContain('the old one is back, and docker runs with it');
    const { stdout } = await host.exec(
      'readlink /etc/docker/daemon.json; cat /srv/daemon.json; docker info -f "{{.LoggingDriver}}"',
    );
    expect(stdout).toBe(`/srv/daemon.json\n${old}\njson-file`);
    // Nothing is left that a restart, which may stop containers, would bring into force.
    expect(applied.stderr).not.toContain('pending');
    expect((await host.exec('ls -A /var/lib/harden/pending')).stdout).toBe('');
    await host.exec('rm /etc/docker/daemon.json; rm -r /var/lib/harden');
  });

  test('a limit that the host cannot give is refused, and what does not come by this task is proved by a container', async () => {
    const daemon = `${await folder({ 'playbook.yml': 'tasks:\n  - docker_daemon: { options: { default-ulimits: { nofile: 12000 } } }\n' })}/playbook.yml`;
    const other = `tasks:
  - name: Settings by hand
    copy: { dest: /etc/docker/daemon.json, content: '{"default-ulimits":{"nofile":{"Name":"nofile","Soft":12000,"Hard":12000}}}' }
    notify: again
handlers:
  again: { run: systemctl reset-failed docker; systemctl restart docker }
`;
    const copied = `${await folder({ 'playbook.yml': other })}/playbook.yml`;
    // Neither dockerd nor containerd may raise a limit on such a host, as in a container (LXC).
    await host.exec(`mkdir -p /etc/docker /etc/systemd/system/containerd.service.d
printf '[Service]\\nLimitNOFILE=8192\\nCapabilityBoundingSet=~CAP_SYS_RESOURCE\\n' >/etc/systemd/system/containerd.service.d/files.conf
systemctl reset-failed docker; systemctl daemon-reload && systemctl restart containerd docker`);
    const planned = await harden(['plan', daemon, ...hostArgs(host)]);
    expect(planned.stdout).toContain('nofile asks for 12000, and containerd on this host can give at most 8192');
    const applied = await harden(['apply', copied, '--yes', ...hostArgs(host)]);
    expect(applied.exitCode, applied.stderr).toBe(1);
    expect(applied.stderr).toMatch(/not proved: nothing differs, .* Docker starts no container: .*rlimit/s);
    const undone = await harden(['rollback', '--yes', ...hostArgs(host)]);
    expect(undone.exitCode, undone.stderr).toBe(0);
    await host.exec(
      'rm -r /etc/systemd/system/containerd.service.d; systemctl daemon-reload; systemctl reset-failed docker; systemctl restart containerd docker',
    );
    for (const playbook of [copied, daemon]) {
      const again = await harden(['apply', playbook, '--yes', ...hostArgs(host)]);
      expect(again, again.stderr).toMatchObject({ exitCode: 0 });
    }
    // nothing is left of the proof
    expect((await host.exec('docker ps -aq; docker images -aq')).stdout).toBe('');
    await host.exec(
      'rm -rf /etc/docker/daemon.json /var/lib/harden; systemctl reset-failed docker; systemctl restart docker; systemctl reset-failed docker',
    );
  });

  test('where user namespaces move Docker’s data, what comes after is made where it then is, and once', async () => {
    const playbook = `${await folder({ 'playbook.yml': PLAYBOOK })}/playbook.yml`;
    const applied = await harden(['apply', playbook, '--yes', ...hostArgs(host)]);
    expect(applied, applied.stderr).toMatchObject({ exitCode: 0 });
    expect(applied.stderr).not.toContain('further pass');
    expect((await host.exec('ps -o uid= -C busybox')).stdout).toMatch(/^\s*[1-9]\d{5,}\s*$/);
    const again = await harden(['plan', playbook, '--detailed-exitcode', ...hostArgs(host)]);
    expect(again, again.stdout).toMatchObject({ exitCode: 0 });
  });
});
