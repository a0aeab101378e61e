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
