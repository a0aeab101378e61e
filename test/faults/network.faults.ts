import { afterAll, describe, expect, test, vi } from 'vitest';
import { bootHost, type LabHost, labUnavailable } from '../lab/lab.ts';
import { cut, mend } from './support/cut.ts';
import { type Row, survived } from './support/row.ts';
import { apply, comesTrue, GUARD_SECONDS, isQuiet, lineOf, plan, startApply } from './support/run.ts';

vi.setConfig({ testTimeout: 420_000 });

const unavailable = await labUnavailable();

/** A silent connection is given up after so many seconds: four times the 15 of ssh's sign of life. */
const NOTICED = 60;
/** How long harden waits for the host to undo, after that. */
const UNDONE = GUARD_SECONDS + 60;
/** A loaded machine, a last attempt to connect, and the login. */
const SLACK = 45;

interface Silence {
  /** What was done. */
  readonly fault: string;
  /** What happens when the network goes silent: the host has made this file. */
  readonly when: string;
  /** Seconds until the network is back; where it is left out, harden has given up by then. */
  readonly back?: number;
  /** What harden says at the end. */
  readonly says: RegExp;
  /** harden MUST have ended so many seconds after the silence began. */
  readonly within: number;
  /** A command that tells what the host is like then; it MUST succeed. */
  readonly host: string;
  readonly hostWas: string;
  /** What the next run says of this one; nothing where this one changed nothing. */
  readonly explains?: RegExp;
}

const UNDONE_BY_ITSELF = 'test ! -e /etc/ssh/sshd_config.d/00-harden.conf && sshd -T | grep -qx "maxauthtries 6"';

const SILENCES: readonly Silence[] = [
  {
    fault: 'while the host is read (plan)',
    when: '/run/reading-plan',
    says: /the connection is dead: the server no longer answers/,
    within: NOTICED + SLACK,
    host: `${UNDONE_BY_ITSELF} && test ! -e /var/lib/harden && test ! -e /srv/slow-began`,
    hostWas: 'not touched',
  },
  {
    fault: 'while a step runs, for good',
    when: '/srv/slow-began',
    says: /could not be reached again after its guard's time/,
    within: NOTICED + UNDONE + SLACK,
    host: `${UNDONE_BY_ITSELF} && test -e /srv/slow-done && test ! -e /srv/last`,
    hostWas: 'the running step ended, no other began, and what touched the way in was undone',
    explains: /did not come to its end.* the host has undone what touched the way in/,
  },
  {
    fault: 'while a step runs, and comes back after harden has noticed',
    when: '/srv/slow-began',
    back: NOTICED + 15,
    says: /the connection was lost before a fresh login could prove the change, so the host has undone it: .*is as before, and a login works again/,
    within: NOTICED + UNDONE + SLACK,
    host: `${UNDONE_BY_ITSELF} && test -e /srv/slow-done && test ! -e /srv/last`,
    hostWas: 'the running step ended, no other began, and what touched the way in was undone',
    explains: /did not come to its end.* the host has undone what touched the way in/,
  },
  {
    fault: 'while a step runs, and comes back before harden has noticed, after the guard',
    when: '/srv/slow-began',
    // TCP tries again after 25 seconds, then after 51, and later still where the line was slow: too late, by then harden has noticed.
    back: GUARD_SECONDS + 5,
    says: /the host has not heard of this run for too long and has undone what touched the way in|the connection was lost before .*, so the host has undone it: .*is as before, and a login works again/,
    within: NOTICED + UNDONE + SLACK,
    host: `${UNDONE_BY_ITSELF} && test -e /srv/slow-done && test ! -e /srv/last`,
    hostWas: 'the running step ended, no other began, and what touched the way in was undone',
    explains: /did not come to its end.* the host has undone what touched the way in/,
  },
  {
    fault: 'while a handler runs',
    when: '/srv/handling',
    back: NOTICED + 15,
    says: /so the host has undone it: .*is as before, and a login works again/,
    within: NOTICED + UNDONE + SLACK,
    host: `${UNDONE_BY_ITSELF} && test -e /srv/handled && test -e /srv/last`,
    hostWas: 'the handler ended, and what touched the way in was undone',
    explains: /did not come to its end.* the host has undone what touched the way in/,
  },
  {
    fault: 'while the host is read again (proof)',
    when: '/run/reading-proof',
    back: NOTICED + 15,
    says: /so the host has undone it: .*is as before, and a login works again/,
    within: NOTICED + UNDONE + SLACK,
    host: `${UNDONE_BY_ITSELF} && test -e /srv/handled && test -e /srv/last`,
    hostWas: 'applied, but for what touched the way in: that was undone',
    explains: /did not come to its end.* the host has undone what touched the way in/,
  },
  {
    fault: 'while the fresh login is tried (guard)',
    when: '/run/logging-in',
    back: NOTICED + 45,
    says: /a fresh login did not work after the change, so the host has undone it: .*is as before, and a login works again/,
    within: NOTICED + NOTICED + UNDONE + SLACK,
    host: `${UNDONE_BY_ITSELF} && test -e /srv/handled && test -e /srv/last`,
    hostWas: 'applied, but for what touched the way in: that was undone',
    explains: /did not come to its end.* the host has undone what touched the way in/,
  },
];

// Everything that can be interrupted takes its time, and leaves a file behind where it begins.
const PLAYBOOK = `tasks:
  - sshd: { options: { MaxAuthTries: 5 } }
  - command:
      cmd: "touch /srv/slow-began; sleep 25; touch /srv/slow-done"
      unless: "if test -e /srv/slow-done; then touch /run/reading-proof; else touch /run/reading-plan; fi; sleep 4; test -e /srv/slow-done"
  - copy: { dest: /srv/last, content: "x\\n" }
    notify: take your time
handlers:
  take your time: { run: "touch /srv/handling; sleep 25; touch /srv/handled" }
`;

const SETUP = `apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -qy install iptables
printf 'session optional pam_exec.so quiet /root/slow\\n' >>/etc/pam.d/sshd
printf '#!/bin/sh\\n[ ! -e /run/slow ] || { touch /run/logging-in; sleep 4; }\\n' >/root/slow
chmod 0755 /root/slow`;

describe.skipIf(unavailable).concurrent('the network goes silent, both ways', () => {
  const rows: Row[] = [];
  afterAll(() => {
    for (const row of rows) if (row) survived(row);
  });

  test('before the connection stands', async () => {
    const host = await bootHost({ setup: SETUP });
    try {
      await cut(host);
      const run = await apply(host, PLAYBOOK);
      expect(run.exitCode).toBe(1);
      expect(run.stderr).toMatch(/no answer within 10 seconds/);
      expect(run.seconds).toBeLessThan(10 + SLACK);
      await mend(host);
      expect((await host.exec('test ! -e /var/lib/harden')).exitCode).toBe(0);
      rows[0] = row('before the connection stands', 'not touched', 'exit 1 after the connect timeout', run.seconds);
    } finally {
      await host.stop();
    }
  });

  test.each(SILENCES.map((one, at) => ({ ...one, at })))('$fault', async (fault) => {
    const host = await bootHost({ setup: SETUP });
    try {
      const { process: run } = await startApply(host, PLAYBOOK);
      if (fault.when === '/run/logging-in') {
        await lineOf(run, 'applying');
        await host.exec('touch /run/slow');
      }
      await comesTrue(host, `test -e ${fault.when}`, 150);
      await cut(host);
      const began = performance.now();
      const coming = fault.back === undefined ? undefined : setTimeout(() => void mend(host), fault.back * 1000);
      const ended = await run;
      const seconds = (performance.now() - began) / 1000;
      clearTimeout(coming);
      await mend(host);
      expect(lastSentence(ended.stderr)).toMatch(fault.says);
      expect(ended.exitCode).toBe(1);
      expect(seconds).toBeLessThan(fault.within);

      await host.exec('rm -f /run/slow');
      await comesTrue(host, fault.host, GUARD_SECONDS + 60);
      const next = await apply(host, PLAYBOOK);
      expect(next.exitCode, next.stderr).toBe(0);
      if (fault.explains) expect(next.stderr).toMatch(fault.explains);
      expect(next.stderr).toContain('proved: nothing differs');
      expect((await plan(host, PLAYBOOK)).exitCode).toBe(0);
      expect((await host.exec('test -e /srv/last && test -e /srv/handled && sshd -T')).stdout).toMatch(
        /^maxauthtries 5$/m,
      );
      expect(await isQuiet(host)).toBe(true);
      rows[fault.at + 1] = row(
        fault.fault,
        fault.hostWas,
        `exit 1 and one sentence; the next run ${fault.explains ? 'said what it found, ' : ''}did the rest and ended in proof`,
        seconds,
      );
    } finally {
      await host.stop();
    }
  });

  test('while a step runs, and another run comes by', async () => {
    const host = await bootHost({ setup: SETUP });
    const tasks =
      'tasks:\n  - command: { cmd: "touch /srv/began; sleep 20; touch /srv/ended", creates: /srv/ended }\n  - copy: { dest: /srv/last, content: "x\\n" }\n';
    try {
      const { process: first } = await startApply(host, tasks);
      await comesTrue(host, 'test -e /srv/began', 60);
      const began = performance.now();
      await silenceConnection(host);
      const second = await apply(host, tasks);
      expect(second.exitCode).toBe(1);
      expect(second.stderr).toMatch(
        /another run is at work on this host: \S+@\S+ from 10\.213\.77\.1 since 20\S+, applying \S+playbook\.yml/,
      );
      const ended = await first;
      expect(ended.exitCode).toBe(1);
      expect(ended.stderr).toMatch(/the connection is dead: the server no longer answers/);
      // The lock is stale two minutes after the last sign of life, such as the beginning of the last step.
      await new Promise((resolve) => setTimeout(resolve, began + 155_000 - performance.now()));
      expect((await host.exec('flock -n /run/harden/lock true')).exitCode).toBe(1);
      const third = await apply(host, `${tasks}  - copy: { dest: /srv/other, content: "x\\n" }\n`);
      expect(third.exitCode, third.stderr).toBe(0);
      expect(third.stderr).toContain('proved: nothing differs');
      expect((await host.exec('test -e /srv/ended && test -e /srv/last && test -e /srv/other')).exitCode).toBe(0);
      rows[SILENCES.length + 1] = row(
        'while a step runs, and another run comes by',
        'locked by the silent run, which did on the host what it had been told',
        'told who holds it, since when and from where; after two minutes of silence the lock was taken over, and the run ended in proof',
        (performance.now() - began) / 1000,
      );
    } finally {
      await host.stop();
    }
  });

  function row(fault: string, hostWas: string, next: string, seconds: number): Row {
    return { section: 'network', fault: `silent ${fault}`, host: hostWas, next, seconds };
  }
});

/** Silences the one ssh connection that stands, and no other. */
async function silenceConnection(host: LabHost): Promise<void> {
  const { exitCode, stderr } =
    await host.exec(`port=$(ss -Htn state established '( sport = :22 )' | awk '{ sub(/.*:/, "", $4); print $4 }')
iptables -I INPUT -i host0 -p tcp --sport "$port" -j DROP && iptables -I OUTPUT -o host0 -p tcp --dport "$port" -j DROP`);
  expect(exitCode, stderr).toBe(0);
}

/** How a run ended, as its last line but the one that counts says. */
function lastSentence(stderr: string): string {
  return stderr.trim().split('\n').at(-2) ?? '';
}
