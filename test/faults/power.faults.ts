import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { labUnavailable } from '../lab/lab.ts';
import { bootVm, type LabVm } from '../lab/vm.ts';
import { waitFor } from '../lab/wait-for.ts';
import { REPOSITORY, STATUS } from './support/repository.ts';
import { survived } from './support/row.ts';
import { accessState, apply, comesTrue, isQuiet, lineOf, plan, startApply } from './support/run.ts';

// Under software emulation, on a machine that has other work too.
vi.setConfig({ testTimeout: 1_800_000, hookTimeout: 1_800_000 });

const unavailable = await labUnavailable();
// A login takes seconds here, not a fraction of one.
const GUARD = 120;
const patient = { firstArgs: ['--connect-timeout', '120'], timeout: 900_000 };
const guarded = { ...patient, firstArgs: ['--guard-timeout', String(GUARD), ...patient.firstArgs] };

const FILES = 30;
const NEW = 'new'.repeat(20_000);

describe.skipIf(unavailable)('the power, and the clock', () => {
  let vm: LabVm;
  // A machine that does not answer has not said that there is nothing; commands may fail, as `ls` does.
  const said = async (command: string) => {
    const { stdout, stderr } = await vm.exec(`{ ${command}\n}; echo said`);
    expect(stdout, stderr).toMatch(/said$/);
    return stdout.replace(/\n?said$/, '');
  };

  beforeAll(async () => {
    vm = await bootVm({
      docker: true,
      // What Docker put into the firewall would go with the first boot.
      setup: `systemctl disable -q --now docker.socket docker.service
iptables -F && iptables -X && iptables -P FORWARD ACCEPT
mkdir /srv/files && for n in $(seq ${FILES}); do yes old | head -c 60000 >/srv/files/$n; done
${REPOSITORY}
sync`,
    });
  });
  afterAll(() => vm?.stop());

  async function finishes(playbook: string): Promise<void> {
    const next = await apply(vm, playbook, guarded);
    expect(next.exitCode, next.stderr).toBe(0);
    expect(next.stderr).toMatch(/proved/);
    const again = await plan(vm, playbook, patient);
    expect(again.exitCode, again.stdout + again.stderr).toBe(0);
    expect(await isQuiet(vm)).toBe(true);
  }

  test('the power is cut while files are written and the guard is armed', async () => {
    const before = await accessState(vm);
    const playbook = `tasks:
  - copy: { dest: /etc/ssh/sshd_config.d/50-lab.conf, content: "X11Forwarding no\\n" }
    notify: reload
  - copy: { dest: "/srv/files/{{item}}", content: "${NEW}" }
    each: [${Array.from({ length: FILES }, (_, at) => at + 1).join(', ')}]
    notify: mark
handlers:
  reload: { run: systemctl reload ssh }
  mark: { run: touch /srv/marked }
`;
    const running = await startApply(vm, playbook, guarded);
    await lineOf(running.process, 'changed: copy /srv/files/7');
    const started = performance.now();
    await vm.powerOff();
    const failed = await running.process;
    await vm.powerOn();
    const seconds = (performance.now() - started) / 1000;
    expect(failed.exitCode).toBe(1);
    // Each file is the old one or the new one, and its neighbours are whole too.
    const whole = await said(
      `cd /srv/files; for n in $(seq ${FILES}); do printf '%s:%s ' "$(wc -c <$n)" "$(fold -w 3 $n | tr -d '\\n' | head -c 3)"; done; cat * | tr -d 'oldnew\\n' | wc -c`,
    );
    expect(whole.replaceAll(/60000:(old|new) /g, '')).toBe('0');
    await waitFor(
      async () => ((await isQuiet(vm)) ? true : undefined),
      600_000,
      () => 'the guard of the boot did not end',
    );
    expect(await accessState(vm)).toBe(before);
    const planned = await plan(vm, playbook, patient);
    expect(planned.exitCode, planned.stderr).toBe(2);
    expect(planned.stderr).toMatch(/did not come to its end.*the host has undone what touched the way in/);
    await finishes(playbook);
    expect(
      await said('ls -A /srv/files | wc -l; cat /srv/files/* | tr -d new | wc -c; ls /srv/marked; sshd -T | grep x11f'),
    ).toBe(`${FILES}\n0\n/srv/marked\nx11forwarding no`);
    survived({
      section: 'power',
      fault: `the power is cut while ${FILES} files are replaced and a change of sshd is not proved yet`,
      host: 'after the boot each file is the old one or the new one, and the host has undone the change of sshd by itself',
      next: 'the plan says where the run stopped and what was undone; the next apply ends in proof, the handler included',
      seconds,
    });
  });

  test('the power is cut while apt configures a package', async () => {
    await vm.exec('touch /srv/slow; sync');
    const playbook = 'tasks:\n  - apt: { name: slowpkg }\n  - copy: { dest: /srv/behind, content: x }\n';
    const running = await startApply(vm, playbook, guarded);
    await waitFor(
      async () => ((await vm.exec('pgrep -f slowpkg.postinst')).exitCode === 0 ? true : undefined),
      600_000,
      () => 'the installation did not begin',
    );
    const started = performance.now();
    await vm.powerOff();
    expect((await running.process).exitCode).toBe(1);
    await vm.powerOn();
    const seconds = (performance.now() - started) / 1000;
    expect(await said(`${STATUS} slowpkg`)).not.toBe('installed');
    expect(await said('ls /srv/behind 2>/dev/null')).toBe('');
    const planned = await plan(vm, playbook, patient);
    expect(planned.exitCode, planned.stderr).toBe(2);
    expect(planned.stderr).toMatch(/did not come to its end: it stopped in "apt slowpkg"/);
    await vm.exec('rm -f /srv/slow');
    await finishes(playbook);
    expect(await said(`${STATUS} slowpkg; dpkg --audit; dpkg --verify slowpkg; cat /srv/behind`)).toBe('installedx');
    survived({
      section: 'power',
      fault: 'the power is cut while apt configures a package',
      host: 'after the boot the package is not configured, and dpkg knows it',
      next: 'the plan says where the run stopped; the next apply finishes what dpkg left and ends in proof',
      seconds,
    });
  });

  test.each([
    ['forwards', '+3 days'],
    ['backwards', '-9 days'],
  ])('the clock jumps %s in mid-run', async (direction, jump) => {
    const before = await accessState(vm);
    const task = (content: string) => `tasks:
  - copy: { dest: /etc/ssh/sshd_config.d/60-lab.conf, content: "${content}\\n" }
    notify: reload
  - command: { cmd: 'date -s "${jump}" && touch /srv/${direction}-${content.length}', creates: /srv/${direction}-${content.length} }
handlers:
  reload: { run: systemctl reload ssh }
`;
    const undone = await apply(vm, task('DenyUsers *'), guarded);
    expect(undone.exitCode).toBe(1);
    expect(undone.stderr).toMatch(/is as before, and a login works again/);
    expect(undone.seconds).toBeLessThan(GUARD + 240);
    expect(await accessState(vm)).toBe(before);
    await finishes(task('X11Forwarding no'));
    await vm.exec('rm /etc/ssh/sshd_config.d/60-lab.conf; systemctl reload ssh');
    // sshd listens to nobody for a moment when it reads its configuration anew.
    await comesTrue(vm, 'true', 120);
    // Another while later nothing fires that was disarmed.
    expect(await said('sleep 5; ls /var/lib/harden/runs/*/fired | wc -l')).toBe(
      await said('ls /var/lib/harden/runs/*/guard-undone | wc -l'),
    );
    survived({
      section: 'power',
      fault: `the clock jumps ${direction} (${jump}) in mid-run, once with every way in shut`,
      host: 'shut: as before, undone by itself; else: as the playbook says',
      next: 'the guard goes by the uptime; the next apply ends in proof',
      seconds: undone.seconds,
    });
  });
});
