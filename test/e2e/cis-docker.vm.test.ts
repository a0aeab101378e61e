import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { AuditResult } from '../../src/audit/result.ts';
import { labUnavailable } from '../lab/lab.ts';
import { bootVm, type LabVm } from '../lab/vm.ts';
import { harden, hardenJson, hostArgs } from './support/harden.ts';

vi.setConfig({ testTimeout: 900_000, hookTimeout: 900_000 });

const unavailable = await labUnavailable();
// docker-bench-security cannot be fetched everywhere; the real one runs where the environment names a checkout of it.
const withBench = process.env.HARDEN_DOCKER_BENCH !== undefined;

const PLAYBOOK = 'playbooks/cis-docker.yml';
/** The head of the playbook says why. */
const DECLINED = ['1.1.1', '2.9', '2.12', '4.5'];

describe.skipIf(unavailable)('playbooks/cis-docker.yml on a whole machine', () => {
  let vm: LabVm;
  const said = async (command: string) => (await vm.exec(command)).stdout.trim();

  beforeAll(async () => {
    vm = await bootVm({ docker: true });
  });
  afterAll(() => vm?.stop());

  const rules = () => said('auditctl -l | grep -c "key=docker\\|-k docker"');

  test('is applied and proved, and then nothing differs', async () => {
    const before = withBench ? bench(await hardenJson('audit', [PLAYBOOK], vm, { timeout: 900_000 })) : undefined;
    const applied = await hardenJson('apply', [PLAYBOOK, '--yes'], vm, { timeout: 900_000 });
    expect(applied.exitCode, applied.stderr).toBe(0);
    const again = await harden(['plan', PLAYBOOK, '--detailed-exitcode', ...hostArgs(vm)], { timeout: 900_000 });
    expect(again.exitCode, again.stdout).toBe(0);
    expect(await said("docker info -f '{{.LiveRestoreEnabled}} {{.LoggingDriver}}'")).toBe('true local');
    expect(await rules()).toBe('17');
    if (before) {
      // 1, and 1.1.2, which counts as soon as trusted users are named.
      expect(before.score).toBe(2);
      expectHardened(bench(applied));
    }
  });

  test('holds after a reboot', async () => {
    await vm.reboot();
    expect(await rules()).toBe('17');
    const again = await harden(['plan', PLAYBOOK, '--detailed-exitcode', ...hostArgs(vm)], { timeout: 900_000 });
    expect(again.exitCode, again.stdout).toBe(0);
    if (withBench) expectHardened(bench(await hardenJson('audit', [PLAYBOOK], vm, { timeout: 900_000 })));
  });

  function expectHardened(audit: {
    readonly score: number;
    readonly checks: number;
    readonly warnings: readonly string[];
  }) {
    expect(audit.checks).toBe(86);
    expect(audit.score).toBeGreaterThanOrEqual(43);
    expect(audit.warnings.filter((id) => !DECLINED.includes(id))).toEqual([]);
  }
});

function bench({ document, stderr }: { document: { hosts: readonly { audit?: AuditResult }[] }; stderr: string }) {
  const audit = document.hosts[0]?.audit;
  if (audit?.status !== 'done') throw new Error(`docker-bench-security did not run: ${stderr}`);
  const warnings = audit.results.filter(({ result }) => result === 'WARN').map(({ id }) => id);
  return { score: audit.score ?? Number.NaN, checks: audit.checks, warnings };
}
