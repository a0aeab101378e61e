import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { bootHost, type LabHost, labUnavailable } from '../lab/lab.ts';
import { folder, hardenJson } from './support/harden.ts';

vi.setConfig({ testTimeout: 240_000 });

// docker-bench-security cannot be fetched everywhere; the real one runs where the environment names a checkout of it.
const unavailable =
  (await labUnavailable()) ?? (process.env.HARDEN_DOCKER_BENCH ? undefined : 'no HARDEN_DOCKER_BENCH');

const PLAYBOOK = `
tasks:
  - docker_daemon:
      options:
        icc: false
        log-driver: local
        live-restore: true
        userland-proxy: false
        no-new-privileges: true
        userns-remap: default
        default-ulimits: { nofile: { Name: nofile, Soft: 16384, Hard: 16384 } }
  - file: { path: /etc/docker, state: directory, owner: root, group: root, mode: "0755" }
  - file: { path: /etc/docker/daemon.json, owner: root, group: root, mode: "0644" }
audit:
  docker_bench: true
`;

describe.skipIf(unavailable)('the real docker-bench-security', () => {
  for (const suite of ['bookworm', 'trixie'] as const) {
    describe(suite, () => {
      let host: LabHost;
      beforeAll(async () => {
        host = await bootHost({ suite, docker: true });
      });
      afterAll(() => host?.stop());

      test('closes the apply, and its score rises by at least 12 through docker_daemon and file alone', async () => {
        const before = await hardenJson('audit', [], host);
        expect(before.exitCode, before.stderr).toBe(0);
        const playbook = `${await folder({ 'docker.yml': PLAYBOOK })}/docker.yml`;
        const applied = await hardenJson('apply', [playbook, '--yes'], host);
        expect(applied.exitCode, applied.stderr).toBe(0);
        const [first, then] = [before, applied].map(({ document }) => document.hosts[0]?.audit);
        if (first?.status !== 'done' || then?.status !== 'done') throw new Error('the audit did not run');
        expect(Number(then.score) - Number(first.score)).toBeGreaterThanOrEqual(12);
        expect(then.previous?.score).toBe(first.score);
        expect((await host.exec('ls -d /run/harden-bench*')).exitCode).not.toBe(0);
      });

      test('a threshold that is missed ends the run with 4', async () => {
        const high = await hardenJson('audit', ['--min-score', '1000'], host);
        expect(high.exitCode).toBe(4);
        const named = await hardenJson('audit', ['--fail-on', '2.12'], host);
        expect(named.exitCode).toBe(4);
      });
    });
  }
});
