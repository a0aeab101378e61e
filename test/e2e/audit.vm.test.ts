import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { labUnavailable } from '../lab/lab.ts';
import { bootVm, type LabVm } from '../lab/vm.ts';
import { BADLY_RUN, CONTAINERS, changedFiles, FILES } from './support/badly-run.ts';
import { folder, hardenJson } from './support/harden.ts';

// Everything is ten times slower, and docker-bench-security takes a minute and a half.
vi.setConfig({ testTimeout: 2_400_000, hookTimeout: 900_000 });
const patience = { timeout: 1_000_000 };

const unavailable =
  (await labUnavailable()) ??
  (process.env.HARDEN_DOCKER_BENCH ? undefined : 'HARDEN_DOCKER_BENCH names no checkout of docker-bench-security');

describe.skipIf(unavailable)('a pristine Debian 12 with Docker, its own kernel and three badly run containers', () => {
  let vm: LabVm;
  beforeAll(async () => {
    vm = await bootVm({ suite: 'bookworm', docker: true, setup: BADLY_RUN });
  });
  afterAll(() => vm?.stop());

  test('audit, --suggest, apply, audit: the predicted score is the real one, and nothing else has changed', async () => {
    const suggestion = join(await folder({}), 'suggestion.yml');
    const audited = await hardenJson('audit', ['--suggest', suggestion, '--only', 'docker_bench'], vm, patience);
    expect(audited, audited.stderr).toMatchObject({ exitCode: 0 });
    const [found, predicted] = [audited.document.hosts[0]?.audit, audited.document.hosts[0]?.suggestion];
    if (found?.status !== 'done' || !predicted) throw new Error(audited.stdout);
    const files = (await vm.exec(FILES)).stdout;
    const containers = (await vm.exec(CONTAINERS)).stdout;

    const applied = await hardenJson('apply', [suggestion, '--yes'], vm, patience);
    expect(applied.exitCode, applied.stderr).toBe(0);
    const after = applied.document.hosts[0]?.audit;
    if (after?.status !== 'done') throw new Error(applied.stdout);
    expect(after.score).toBe(predicted.predicted);
    const differing = after.results.flatMap(({ id, result }) => {
      const from = found.results.find((check) => check.id === id)?.result;
      return from === result ? [] : [{ id, from, to: result }];
    });
    expect(differing).toEqual(predicted.changes);
    // 14 watches, the daemon's five keys, a mode, and the checks of a daemon.json that is new.
    expect(Number(after.score) - Number(found.score)).toBeGreaterThanOrEqual(40);

    expect((await vm.exec(CONTAINERS)).stdout).toBe(containers);
    // What comes with the package of auditd is named by dpkg itself.
    const named = (await vm.exec('dpkg -L auditd libauparse0 2>/dev/null')).stdout.split('\n');
    // Debian 12 names /sbin what lies in /usr/sbin.
    const ours = named.flatMap((path) => [path, `/usr${path}`]);
    const others = changedFiles(files, (await vm.exec(FILES)).stdout).filter(
      (path) =>
        !ours.includes(path) &&
        !/^\/(var\/lib\/dpkg|var\/lib\/systemd|var\/lib\/update|etc\/ld\.so\.cache|etc\/rc\d\.d|usr\/lib\/.*libauparse)/.test(
          path,
        ),
    );
    expect(others).toEqual([
      '/etc/audit/audit.rules',
      '/etc/audit/audit.rules.prev',
      '/etc/audit/rules.d/50-harden.rules',
      '/etc/default/docker',
      '/etc/docker/daemon.json',
      '/etc/systemd/system/multi-user.target.wants/auditd.service',
      '/etc/tmpfiles.d/audit-50-harden.conf',
    ]);
    expect((await vm.exec('auditctl -l | wc -l')).stdout.trim()).not.toBe('0');
  });
});
