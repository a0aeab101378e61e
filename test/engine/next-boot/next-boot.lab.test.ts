import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  BOOT_CHECK_REMOVE,
  bootCheckScript,
  nextBootBaseline,
  proveNextBoot,
} from '../../../src/engine/next-boot/index.ts';
import { bootHost, type LabHost, labUnavailable, said as saidOn } from '../../lab/lab.ts';
import { runHostOf } from '../../support/run-host-of.ts';

const unavailable = await labUnavailable();

const DROP_IN = '/etc/systemd/system/ssh.service.d';

describe.skipIf(unavailable !== undefined)(`the next boot${unavailable ? ` (left out: ${unavailable})` : ''}`, () => {
  let host: LabHost;
  beforeAll(async () => {
    host = await bootHost({ suite: 'trixie' });
    await saidOn(host, 'echo "MaxSessions 1" >/etc/ssh/sshd_config.d/one.conf; systemctl reload ssh');
  }, 600_000);
  afterAll(() => host?.stop());

  test.each<[string, string, RegExp | undefined]>([
    ['what has nothing to do with it', 'echo hello >/etc/motd; systemctl disable -q cron', undefined],
    [
      'a word that stands in a file alone',
      'echo "DenyUsers *" >/etc/ssh/sshd_config.d/x.conf',
      /would not let you in .*refused/,
    ],
    [
      'a condition that does not hold',
      `mkdir -p ${DROP_IN}; printf '[Unit]\\nConditionPathExists=/no\\n' >${DROP_IN}/x.conf`,
      /starts no server/,
    ],
    [
      'a server that is not started',
      'rm /etc/systemd/system/multi-user.target.wants/ssh.service',
      /would not start ssh\.service/,
    ],
    [
      'a line of tmpfiles.d',
      'mkdir -p /etc/tmpfiles.d; echo "R /root/.ssh" >/etc/tmpfiles.d/x.conf',
      /tmpfiles\.d would act on \/root\/\.ssh/,
    ],
  ])(
    '%s',
    async (_name, change, expected) => {
      const runs = runHostOf(host, 'admin0');
      const main = await runs.connect();
      const session = { facts: main.facts, host: runs };
      const baseline = await nextBootBaseline(session);
      expect(baseline).toMatchObject({ way: 'login', remarks: [], by: { program: 'sshd', unit: 'ssh.service' } });
      await saidOn(host, change);
      const fresh = await runs.connect();
      const proof = await proveNextBoot(session, fresh, {}, baseline);
      if (expected === undefined) {
        expect(proof).toEqual({ failures: [], remarks: [] });
        // the shell is free for whoever goes on
        expect((await fresh.probe(['echo on'])).frames[0]?.stdout.toString()).toBe('on\n');
      } else expect(proof.failures).toEqual([expect.stringMatching(expected)]);
      await fresh.close();
      await main.close();
      await saidOn(
        host,
        `rm -rf /run/harden/next-boot /etc/ssh/sshd_config.d/x.conf ${DROP_IN} /etc/tmpfiles.d/x.conf; systemctl enable -q ssh; systemctl daemon-reload; for i in 1 2 3 4 5 6 7 8 9 10; do ls -d /run/harden-boot.* 2>/dev/null && sleep 1 || break; done >/dev/null`,
      );
      expect(
        await saidOn(
          host,
          'ls -d /run/harden-boot.* /run/harden/next-boot /run/systemd/system/harden-* 2>/dev/null || :',
        ),
      ).toBe('');
    },
    120_000,
  );

  test('a boot without the way in undoes the run, once', async () => {
    const runs = runHostOf(host, 'root');
    const main = await runs.connect();
    const run = '/var/lib/harden/runs/20260101-1';
    await saidOn(
      host,
      `mkdir -p ${run} ${DROP_IN}; printf '[Unit]\\nConditionPathExists=/no\\n' >${DROP_IN}/x.conf
printf 'echo "$*" >${run}/said; rm ${DROP_IN}/x.conf\\n' >${run}/undo.sh`,
    );
    const script = bootCheckScript('20260101-1', main.facts, {});
    const { frames } = await main.apply([script!]);
    expect(frames.map(({ exitCode, stderr }) => [exitCode, `${stderr}`])).toEqual([[0, '']]);
    await main.close();
    await saidOn(host, `sed -i 's/HARDEN_PAUSE:-60/HARDEN_PAUSE:-1/' ${run}/boot-check.sh`);
    await host.powerCycle();
    await saidOn(
      host,
      `for i in $(seq 60); do [ -e ${run}/said ] && systemctl is-active -q ssh && break; sleep 1; done`,
    );
    await (await runs.connect()).close();
    expect(await saidOn(host, `cat ${run}/said ${run}/boot-check.fired`)).toMatch(
      /^boot-check\nno SSH server answers on \S+ by port 22$/,
    );
    expect(
      await saidOn(host, 'ls /etc/systemd/system/harden-* /etc/systemd/system/*.wants/harden-* 2>/dev/null || :'),
    ).toBe('');
    // somebody has had a hand in it since: then it is not the run that took the way in
    await saidOn(
      host,
      `rm ${run}/said; date +%s >${run}/boot-check; echo >>/etc/ssh/sshd_config; sh ${run}/boot-check.sh`,
    );
    expect((await host.exec(`ls ${run}/said`)).exitCode).not.toBe(0);
    await saidOn(host, BOOT_CHECK_REMOVE);
  }, 120_000);
});
