import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { AuditResult } from '../../src/audit/result.ts';
import { labUnavailable } from '../lab/lab.ts';
import { bootVm, type LabVm } from '../lab/vm.ts';
import { folder, harden, hardenJson, hostArgs } from './support/harden.ts';

// docker-bench-security takes a minute and a half under emulation, and ten times that on a machine that has other work.
vi.setConfig({ testTimeout: 5_400_000, hookTimeout: 1_800_000 });
const patient = { timeout: 2_400_000 };

const unavailable = await labUnavailable();
// docker-bench-security cannot be fetched everywhere; the real one runs where the environment names a checkout of it.
const withBench = process.env.HARDEN_DOCKER_BENCH !== undefined;

const PLAYBOOK = 'playbooks/cis-docker.yml';
/** The head of the playbook says why. */
const DECLINED = ['1.1.1', '2.9', '2.12', '4.5'];

/** User namespaces, which the playbook leaves to whom it suits, and a container with all that section 5 asks for; its image says how to tell whether it is well. */
const WITH_CONTAINER = `tasks:
  - include: ${resolve(PLAYBOOK)}
    vars: { userns_remap: default }
  - name: An application runs in a hardened container
    command:
      unless: docker inspect app
      cmd: |
        tar -C /bin -c busybox | docker import --change 'USER 10001:10001' --change 'HEALTHCHECK CMD ["/busybox", "true"]' - app:1
        docker network create -o com.docker.network.bridge.enable_icc=false apps
        docker run -d --name app --network apps --user 10001:10001 --cap-drop ALL --security-opt no-new-privileges \\
          --security-opt apparmor=docker-default --read-only --tmpfs /tmp:rw,noexec,nosuid,size=16m --memory 64m --cpu-shares 512 \\
          --pids-limit 50 --restart on-failure:5 app:1 /busybox sleep 1000000
`;

describe.skipIf(unavailable).each(['bookworm', 'trixie'] as const)(
  'playbooks/cis-docker.yml on a machine with %s',
  (suite) => {
    let vm: LabVm;
    const said = async (command: string) => (await vm.exec(command)).stdout.trim();

    beforeAll(async () => {
      vm = await bootVm({ suite, docker: true });
    });
    afterAll(() => vm?.stop());

    const rules = () => said('auditctl -l | grep -c "key=docker\\|-k docker"');

    test('is applied and proved, and then nothing differs', async () => {
      const before =
        withBench && suite === 'bookworm' ? bench(await hardenJson('audit', [PLAYBOOK], vm, patient)) : undefined;
      const applied = await hardenJson('apply', [PLAYBOOK, '--yes'], vm, patient);
      expect(applied.exitCode, applied.stderr).toBe(0);
      const again = await harden(['plan', PLAYBOOK, '--detailed-exitcode', ...hostArgs(vm)], patient);
      expect(again.exitCode, again.stdout).toBe(0);
      expect(await said("docker info -f '{{.LiveRestoreEnabled}} {{.LoggingDriver}}'")).toBe('true local');
      expect(await rules()).toBe('17');
      if (before) {
        // 1, and 1.1.2, which counts as soon as trusted users are named.
        expect(before.score).toBe(2);
      }
      if (withBench) expectHardened(bench(applied));
    });

    test('holds after a reboot', async () => {
      await vm.reboot();
      expect(await rules()).toBe('17');
      const again = await harden(['plan', PLAYBOOK, '--detailed-exitcode', ...hostArgs(vm)], patient);
      expect(again.exitCode, again.stdout).toBe(0);
      if (withBench) expectHardened(bench(await hardenJson('audit', [PLAYBOOK], vm, patient)));
    });

    test.skipIf(suite !== 'bookworm')(
      'user namespaces are there for who asks, and a hardened container passes all that is asked of containers',
      async () => {
        const playbook = join(await folder({ 'with-container.yml': WITH_CONTAINER }), 'with-container.yml');
        const applied = await hardenJson('apply', [playbook, '--yes'], vm, patient);
        expect(applied.exitCode, applied.stderr).toBe(0);
        expect(await said("docker info -f '{{.SecurityOptions}}'; docker inspect -f '{{.State.Running}}' app")).toMatch(
          /name=userns[\s\S]*true$/,
        );
        expect(await said('ps -o uid= -C busybox')).toMatch(/^\s*[1-9]\d{5,}$/);
        if (!withBench) return;
        const audit = bench(applied);
        expect(audit.checks).toBe(117);
        expect(audit.score).toBeGreaterThanOrEqual(70);
        expect(audit.warnings.filter((id) => !DECLINED.includes(id))).toEqual([]);
      },
    );

    function expectHardened(audit: {
      readonly score: number;
      readonly checks: number;
      readonly warnings: readonly string[];
    }) {
      expect(audit.checks).toBe(86);
      expect(audit.score).toBeGreaterThanOrEqual(43);
      expect(audit.warnings.filter((id) => !DECLINED.includes(id))).toEqual([]);
    }
  },
);

function bench({ document, stderr }: { document: { hosts: readonly { audit?: AuditResult }[] }; stderr: string }) {
  const audit = document.hosts[0]?.audit;
  if (audit?.status !== 'done') throw new Error(`docker-bench-security did not run: ${stderr}`);
  const warnings = audit.results.filter(({ result }) => result === 'WARN').map(({ id }) => id);
  return { score: audit.score ?? Number.NaN, checks: audit.checks, warnings };
}
