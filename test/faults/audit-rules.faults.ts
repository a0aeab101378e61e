import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { harden, hostArgs, startHarden } from '../e2e/support/harden.ts';
import { labUnavailable } from '../lab/lab.ts';
import { bootVm, type LabVm } from '../lab/vm.ts';
import { survived } from './support/row.ts';
import { comesTrue, isQuiet, lineOf } from './support/run.ts';

// Under software emulation, on a machine that has other work too.
vi.setConfig({ testTimeout: 1_800_000, hookTimeout: 1_800_000 });

const unavailable = await labUnavailable();
const PLAYBOOK = 'playbooks/audit-rules.yml';
const patient = { timeout: 900_000 };

describe.skipIf(unavailable)('harden is killed (kill -9) where the kernel audits', () => {
  let vm: LabVm;
  const said = async (command: string) => (await vm.exec(command)).stdout;
  const args = (command: string, ...more: readonly string[]) => [
    command,
    PLAYBOOK,
    ...more,
    '--connect-timeout',
    '120',
    ...hostArgs(vm),
  ];

  beforeAll(async () => {
    vm = await bootVm({
      docker: true,
      setup: 'systemctl stop apt-daily.timer apt-daily-upgrade.timer; apt-get -q update',
    });
  });
  afterAll(() => vm?.stop());

  /** Applies until harden has said that the step is done, and kills it. */
  async function killedAfter(step: string): Promise<{ readonly stderr: string; readonly seconds: number }> {
    const started = performance.now();
    const run = startHarden(args('apply', '--yes'), patient);
    await lineOf(run, `changed: ${step}`);
    run.kill('SIGKILL');
    const { signal, stderr } = await run;
    expect(signal, stderr).toBe('SIGKILL');
    await comesTrue(vm, 'flock -n /run/harden/lock true', 300);
    expect(await said("dpkg --audit; find /etc/audit -name '.harden*'; ls /var/lib/harden/pending")).toBe('');
    return { stderr, seconds: (performance.now() - started) / 1000 };
  }

  test('after each step of the playbook for audit rules', async () => {
    const first = await killedAfter('auditd is there');
    expect(await said('systemctl is-active auditd')).toBe('active');
    // What was on its way to the host when harden died is done there all the same.
    await vm.exec(
      'cd /etc/audit/rules.d && find . -type f ! -name audit.rules -delete && augenrules --load && auditctl -D',
    );
    const second = await killedAfter('What touches Docker is on record');
    expect(second.stderr).toMatch(/did not come to its end: it stopped/);
    expect(await said('augenrules --check')).toContain('No change');
    expect(await said('auditctl -l')).toContain('-w /etc/docker -p rwxa -k docker');

    const third = await harden(args('apply', '--yes'), patient);
    expect(third.exitCode, third.stderr).toBe(0);
    expect(third.stderr).toMatch(/did not come to its end: it stopped/);
    const again = await harden(args('plan', '--detailed-exitcode'), patient);
    expect(again.exitCode, again.stdout).toBe(0);
    expect(await isQuiet(vm)).toBe(true);
    for (const [fault, host, { seconds }] of [
      ['killed after "auditd is there"', 'auditd runs, dpkg is whole, nothing is half-written', first],
      [
        'killed after "What touches Docker is on record"',
        'the kernel has the rules that the files say, nothing is half-written',
        second,
      ],
    ] as const)
      survived({
        section: 'audit-rules',
        fault,
        host,
        next: 'said where the run before stopped, and went on; in the end nothing differs',
        seconds,
      });
  });
});
