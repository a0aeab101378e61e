import { connect } from 'node:net';
import { execa } from 'execa';
import { describe, expect, vi } from 'vitest';
import { harden, hostArgs } from '../e2e/support/harden.ts';
import { type LabHost, labUnavailable } from '../lab/lab.ts';
import { faults, type Run } from './support/own-host.ts';
import type { Row } from './support/row.ts';
import {
  accessState,
  apply,
  comesTrue,
  GUARD_SECONDS,
  isQuiet,
  lineOf,
  playbookFile,
  startApply,
} from './support/run.ts';

vi.setConfig({ testTimeout: 300_000 });

const unavailable = await labUnavailable();

const UFW = 'apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -qy install ufw';
const STANDING = `${UFW} && ufw allow 22/tcp && ufw --force enable`;

/** sshd moves, and the firewall with it; LogLevel tells by which port each login came. */
const MOVE = `tasks:
  - ufw: { rules: [{ rule: allow, port: 2222, proto: tcp }, { rule: allow, port: 22, proto: tcp, delete: true }], default: { incoming: deny }, state: enabled }
  - sshd: { options: { Port: 2222, LogLevel: VERBOSE } }
`;

/** Root stays out, and the administrator of the playbook takes over, with this key. */
function takeOver(key: string): string {
  return `tasks:
  - user: { name: boss, shell: /bin/bash, groups: [sudo] }
  - authorized_key: { user: boss, key: "${key}" }
  - sudoers: { name: boss, user: boss, commands: ALL, nopassword: true }
  - sshd: { options: { PermitRootLogin: no } }
`;
}

const NOBODYS_KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ5bC0eF0wYk1mTqS1m1m1m1m1m1m1m1m1m1m1m1m1m1 nobody@nowhere';
const ANYTHING = 'tasks:\n  - copy: { dest: /srv/next, content: "x\\n" }\n';
/** Keys no longer open the door; and then a step during which harden can be killed. */
const LOCK_OUT_AND_WAIT = `tasks:
  - sshd: { options: { PubkeyAuthentication: no } }
  - command: { cmd: "touch /srv/waiting; sleep 4", creates: /srv/never }
`;
const WHAT_WAS_UNDONE = /did not come to its end: .*the host has undone what touched the way in/;

describe.skipIf(unavailable).concurrent('a new way in', () => {
  const fault = faults('way');

  fault(
    'a port that moves where nobody gets through: both stay open until the proof fails, then all is as before',
    { setup: STANDING },
    async (host, run) => {
      // A firewall that harden knows nothing of.
      await run('iptables -t raw -I PREROUTING -p tcp --dport 2222 -j DROP');
      const before = await accessState(host);
      const { process: moving } = await startApply(host, MOVE);
      await lineOf(moving, 'handler ran: reload ssh');
      await comesTrue(host, "ss -Htln 'sport = :22' | grep -q . && ss -Htln 'sport = :2222' | grep -q .", 10);
      expect(await opens(host, 22), 'the old port is open while the new one is tried').toBe(true);
      const ended = await moving;
      expect(ended.exitCode).toBe(1);
      expect(ended.stderr).toMatch(/a fresh login on port 2222 did not work.*undone it.*a login works again/s);
      await run('iptables -t raw -D PREROUTING -p tcp --dport 2222 -j DROP');
      expect(await accessState(host)).toBe(before);
      expect(await listening(run)).toEqual([22]);
      expect(await isQuiet(host)).toBe(true);
      return {
        fault: '`Port` moved, its firewall rule with it, and nobody gets through to the new one',
        host: 'the old port open all the time; then as before, undone by itself',
        next: 'exit 1 and the reason; the old login works',
      };
    },
  );

  fault(
    'a port that moves: the firewall opens first, the new port is proved, and only then the old one closes',
    { setup: STANDING },
    async (host, run) => {
      const before = await accessState(host);
      const ran = await apply(host, MOVE);
      expect(ran.exitCode, ran.stderr).toBe(0);
      expect(ran.stderr).toContain('from now on, log in on port 2222');
      const log = (await run('journalctl -u ssh -o cat')).split('\n');
      const both = log.findLastIndex((line) => line.startsWith('Server listening on 0.0.0.0 port 22.'));
      const proved = log.findIndex((line, at) => at > both && /^Connection from .* port 2222 /.test(line));
      const closed = log.findIndex((line, at) => at > proved && line.startsWith('Received SIGHUP'));
      expect(
        [both, proved, closed].every((at) => at > 0),
        log.slice(-30).join('\n'),
      ).toBe(true);
      await isOnNewPortAlone(host, run);
      const there = hostArgs({ ...host, port: 2222 });
      const again = await harden(['plan', await playbookFile(MOVE), '--detailed-exitcode', ...there]);
      expect(again.exitCode, again.stdout + again.stderr).toBe(0);
      await neverFires(host, run);
      await isOnNewPortAlone(host, run);
      const back = await harden(['rollback', '--yes', ...there]);
      expect(back.exitCode, back.stderr).toBe(0);
      expect(await accessState(host)).toBe(before);
      return {
        fault: '`Port` moved, its firewall rule with it',
        host: 'the firewall opened first, the new port was proved, the old one closed only then',
        next: `nothing differs on the new port; after the guard’s ${GUARD_SECONDS} s nothing was undone; a rollback led back`,
        seconds: ran.seconds,
      };
    },
  );

  fault('killed while both ports are open: the next run goes on', { setup: STANDING }, async (host, run) => {
    const { process: moving } = await startApply(host, MOVE);
    await lineOf(moving, 'handler ran: reload ssh');
    moving.kill('SIGKILL');
    await moving;
    // sshd listens to nobody for a moment when it reads its configuration anew.
    await comesTrue(host, "ss -Htln 'sport = :22' | grep -q . && ss -Htln 'sport = :2222' | grep -q .", 10);
    expect(await opens(host, 22)).toBe(true);
    const next = await apply(host, MOVE);
    expect(next.exitCode, next.stderr).toBe(0);
    await isOnNewPortAlone(host, run);
    return {
      fault: 'harden killed while both ports were open',
      host: 'reachable by the old port',
      next: 'took the guard over, proved the new port, closed the old one',
      seconds: next.seconds,
    };
  });

  fault(
    'killed while both ports are open, and the guard fires: the old way is back',
    { setup: STANDING },
    async (host, run) => {
      const before = await accessState(host);
      const { process: moving } = await startApply(host, MOVE);
      await lineOf(moving, 'handler ran: reload ssh');
      moving.kill('SIGKILL');
      await moving;
      await guardUndid(host);
      expect(await accessState(host)).toBe(before);
      expect(await listening(run)).toEqual([22]);
      const next = await apply(host, MOVE);
      expect(next.exitCode, next.stderr).toBe(0);
      await isOnNewPortAlone(host, run);
      return {
        fault: 'harden killed while both ports were open, and no next run before the guard',
        host: 'as before, undone by itself',
        next: 'moved the port again, and ended in proof',
        seconds: next.seconds,
      };
    },
  );

  fault(
    'the administrator whom the playbook makes is who must get in: with a key that nobody has, all is undone',
    {},
    async (host) => {
      const before = await accessState(host);
      const ran = await apply(host, takeOver(NOBODYS_KEY));
      expect(ran.exitCode).toBe(1);
      expect(ran.stderr).toMatch(/a fresh login as boss did not work.*undone it.*a login works again/s);
      expect(withoutBoss(await accessState(host))).toBe(withoutBoss(before));
      expect(await isQuiet(host)).toBe(true);
      return {
        fault: 'root shut out, and the new administrator’s key is one that nobody has',
        host: 'as before, undone by itself, sshd reloaded',
        next: 'exit 1: a fresh login as the administrator did not work; root gets in as before',
        seconds: ran.seconds,
      };
    },
  );

  fault(
    'the administrator whom the playbook makes is proved, and the guard never fires afterwards',
    {},
    async (host, run) => {
      const playbook = takeOver((await execa('ssh-keygen', ['-y', '-f', host.keyFile])).stdout);
      const ran = await apply(host, playbook);
      expect(ran.exitCode, ran.stderr).toBe(0);
      expect(ran.stderr).toContain('from now on, log in as boss');
      expect(await run('journalctl -u ssh -o cat')).toContain('Accepted publickey for boss');
      await neverFires(host, run);
      const file = await playbookFile(playbook);
      const again = await harden(['plan', '--detailed-exitcode', file, ...hostArgs(host, 'boss')]);
      expect(again.exitCode, again.stdout + again.stderr).toBe(0);
      const root = await harden(['plan', file, ...hostArgs(host)]);
      expect(root.stderr).toContain('unreachable');
      return {
        fault: 'root shut out, and a new administrator made',
        host: 'the administrator logged in before the guard was disarmed',
        next: `nothing differs; after the guard’s ${GUARD_SECONDS} s nothing was undone; root stays out`,
        seconds: ran.seconds,
      };
    },
  );

  fault('the undo brings into force what stood before, and reports', { setup: UFW }, async (host, run) => {
    const before = rulesOf(await run('iptables -S'));
    const ran = await apply(
      host,
      `tasks:
  - ufw: { rules: [{ rule: allow, port: 22, proto: tcp }], default: { incoming: deny }, state: enabled }
  - sshd: { options: { PubkeyAuthentication: no } }
`,
    );
    expect(ran.exitCode).toBe(1);
    expect(ran.stderr).toMatch(/undone it.*is as before, and a login works again/);
    expect(rulesOf(await run('iptables -S'))).toEqual(before);
    expect(await run('ufw status')).toBe('Status: inactive');
    expect(await run(`cat ${LAST_RUN}/undo.log`)).toMatch(/^guard fired at 20.*\nundone: sshd .*\n(.*\n)*undone: ufw /);
    const history = await harden(['history', ...hostArgs(host)]);
    expect(history.stdout).toMatch(/undone/);
    return {
      fault: 'the firewall enabled, and sshd shut for keys',
      host: 'the firewall off and sshd as before, both in force',
      next: 'exit 1; the host’s journal tells what was undone',
      seconds: ran.seconds,
    };
  });

  fault('without systemd-run the guard is a detached shell', {}, async (host, run) => {
    await run('mv /usr/bin/systemd-run /usr/bin/systemd-run.away');
    return undoneAfterKill(host, run, 'systemd-run missing; harden killed after it had shut sshd for keys');
  });

  fault('without systemd the guard is a detached shell', {}, async (host, run) => {
    await run('mv /run/systemd/system /run/systemd/system.away');
    return undoneAfterKill(host, run, 'no systemd; harden killed after it had shut sshd for keys');
  });

  fault('a reboot while the guard is armed undoes at boot', {}, async (host, run) => {
    const before = await accessState(host);
    await killedInLockOut(host, run, ['--guard-timeout', '3600']);
    await host.reboot();
    await guardUndid(host);
    expect(await accessState(host)).toBe(before);
    expect(await isQuiet(host)).toBe(true);
    const next = await apply(host, ANYTHING);
    expect(next.exitCode, next.stderr).toBe(0);
    expect(next.stderr).toMatch(WHAT_WAS_UNDONE);
    return {
      fault: 'harden killed after it had shut sshd for keys, and the host rebooted before the guard’s hour was over',
      host: 'as before, undone at boot',
      next: 'said so, and ended in proof',
    };
  });
});

const LAST_RUN = '"$(ls -d /var/lib/harden/runs/* | tail -n 1)"';

async function killedInLockOut(host: LabHost, run: Run, args: readonly string[] = []): Promise<void> {
  const { process: killed } = await startApply(host, LOCK_OUT_AND_WAIT, { args });
  await comesTrue(host, 'test -e /srv/waiting', 60);
  killed.kill('SIGKILL');
  await killed;
  expect(await run('sshd -T')).toContain('pubkeyauthentication no');
}

/** Without its usual means, the guard undoes after a kill, and does not after a success. */
async function undoneAfterKill(host: LabHost, run: Run, fault: string): Promise<Omit<Row, 'section'>> {
  const before = await accessState(host);
  await killedInLockOut(host, run);
  const since = performance.now();
  await guardUndid(host);
  const seconds = (performance.now() - since) / 1000;
  expect(await accessState(host)).toBe(before);
  const next = await apply(host, 'tasks:\n  - sshd: { options: { MaxAuthTries: 5 } }\n');
  expect(next.exitCode, next.stderr).toBe(0);
  expect(next.stderr).toMatch(WHAT_WAS_UNDONE);
  await neverFires(host, run);
  expect(await run('sshd -T')).toContain('maxauthtries 5');
  return {
    fault,
    host: 'as before, undone by itself',
    next: 'said so, ended in proof, and was not undone after the guard’s time',
    seconds,
  };
}

async function guardUndid(host: LabHost): Promise<void> {
  await comesTrue(host, `test -e ${LAST_RUN}/guard-undone`, GUARD_SECONDS + 60);
}

/** Waits out the guard's time after a success, and looks whether it let the host be. */
async function neverFires(host: LabHost, run: Run): Promise<void> {
  const state = await accessState(host);
  await new Promise((resolve) => setTimeout(resolve, (GUARD_SECONDS + 5) * 1000));
  expect(await accessState(host)).toBe(state);
  expect(await run(`ls ${LAST_RUN}`)).not.toMatch(/fired|undo\.log|guard-undone|^armed/m);
  expect(await isQuiet(host)).toBe(true);
  expect(await run("pgrep -fa '[u]ndo.sh guard' || :")).toBe('');
}

async function isOnNewPortAlone(host: LabHost, run: Run): Promise<void> {
  expect(await listening(run)).toEqual([2222]);
  expect(await run('ufw status')).not.toMatch(/\b22\/tcp|harden:/);
  expect([await opens(host, 22), await opens(host, 2222)]).toEqual([false, true]);
}

async function listening(run: Run): Promise<number[]> {
  const ports = await run(`ss -Htln4p | awk '/"sshd"/ { sub(/.*:/, "", $4); print $4 }'`);
  return ports
    .split('\n')
    .map(Number)
    .sort((a, b) => a - b);
}

/** True when a TCP connection from the operator's side stands and an ssh server greets. */
function opens(host: LabHost, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: host.address, port });
    const end = (open: boolean) => {
      socket.destroy();
      resolve(open);
    };
    socket.setTimeout(3000, () => end(false));
    socket.once('data', () => end(true));
    socket.once('error', () => end(false));
  });
}

/** The kernel's own chains; ufw leaves its empty ones behind when it is disabled. */
function rulesOf(rules: string): readonly string[] {
  return rules.split('\n').filter((line) => /^-[PA] (INPUT|OUTPUT|FORWARD)\b/.test(line) && !line.includes('ufw'));
}

/** Without the account that was made: it cuts nobody off, so the guard lets it be. */
function withoutBoss(state: string): string {
  return state
    .split('\n')
    .map((line) => line.replace(/,?boss$/, ''))
    .filter((line) => !line.includes('boss'))
    .join('\n');
}
