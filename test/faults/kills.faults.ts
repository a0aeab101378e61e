import { execa } from 'execa';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { loadPlaybook } from '../../src/playbook/load.ts';
import { resolvePlaybook } from '../../src/playbook/resolve.ts';
import { registry } from '../../src/registry.ts';
import { hardenJson, hostArgs, startHarden } from '../e2e/support/harden.ts';
import { bootHost, type LabHost, labUnavailable } from '../lab/lab.ts';
import { waitFor } from '../lab/wait-for.ts';
import { debian12Facts } from '../support/facts.ts';
import { type Row, survived } from './support/row.ts';
import { comesTrue, GUARD_SECONDS, lineOf } from './support/run.ts';

// Each installs packages twice, four at a time.
vi.setConfig({ testTimeout: 900_000 });

const unavailable = await labUnavailable();

const PLAYBOOK = 'playbooks/docker-host.yml';
/** A container has no audit of its own in the kernel that it shares; the benchmark at the end only reads. */
const SKIPPED = 'auditd';
/** What Debian 12 with Docker has already: nothing is done there, so nobody can be killed after it. */
const HOLDS = 'Docker is there';
const SOME_KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ5bC0eF0wYk1mTqS1m1m1m1m1m1m1m1m1m1m1m1m1m1 somebody';

// As much as possible differs from what the playbook wants, and what apt will fetch is here already.
const SETUP = `apt-get -q update
DEBIAN_FRONTEND=noninteractive apt-get -qy --download-only install ufw unattended-upgrades
DEBIAN_FRONTEND=noninteractive apt-get -qy --download-only --reinstall install sudo
SUDO_FORCE_REMOVE=yes DEBIAN_FRONTEND=noninteractive apt-get -qy remove sudo
systemctl -q disable docker
chmod 0700 /etc/docker`;

interface Point {
  /** What was done. */
  readonly fault: string;
  /** The line of progress behind which harden dies. */
  readonly line: string;
  readonly kind: 'step' | 'handler' | 'proof';
}

const points: readonly Point[] = [
  ...(await stepNames()).map(
    (name): Point => ({ fault: `killed after "${name}"`, line: `changed: ${name}`, kind: 'step' }),
  ),
  ...['reload ssh', 'try unattended-upgrade', 'restart docker'].map(
    (name): Point => ({
      fault: `killed after the handler "${name}"`,
      line: `handler ran: ${name}`,
      kind: 'handler',
    }),
  ),
  { fault: 'killed when the proof began', line: 'proving:', kind: 'proof' },
  { fault: 'killed when the state was proved, and the login was not', line: 'proved:', kind: 'proof' },
];

describe.skipIf(unavailable).concurrent('harden is killed (kill -9)', () => {
  const rows: Row[] = [];
  afterAll(() => {
    for (const row of rows) if (row) survived(row);
  });

  test.each(points.map((point, at) => ({ ...point, at })))('$fault', async ({ fault, line, kind, at }) => {
    const host = await bootHost({ docker: true, setup: SETUP });
    try {
      const started = performance.now();
      // By turns: the next apply comes before the guard, or after it.
      const guard = at % 2 === 1 ? GUARD_SECONDS : 600;
      const first = startHarden([...apply(host, guard), ...hostArgs(host)]);
      await lineOf(first, line);
      first.kill('SIGKILL');
      const killed = await first;
      expect(killed.signal, killed.stderr).toBe('SIGKILL');
      // The step that was running ends, and with it the shell that held the host's lock.
      await comesTrue(host, 'flock -n /run/harden/lock true', 120);

      if (kind === 'step') expect(await lostHandlers(host)).toBe('');
      expect(await leftBehind(host)).toBe('');
      expect(await broken(host)).toBe('');
      const armed = await isArmed(host);
      const fires = armed && guard === GUARD_SECONDS;
      if (fires) await comesTrue(host, 'ls /var/lib/harden/runs/*/guard-undone', GUARD_SECONDS + 60);
      const user = await wayIn(host);
      expect(await broken(host)).toBe('');

      const next = await hardenJson('apply', apply(host, guard).slice(1), host, { user });
      expect(next.exitCode, next.stderr).toBe(0);
      expect(next.stderr).toMatch(/the run before this one \(.*docker-host\.yml\) did not come to its end: it stopped/);
      expect(next.stderr).toContain('proved: nothing differs');
      expect(await inForce(host)).toBe('');
      expect(await leftBehind(host)).toBe('');
      expect(await pending(host)).toBe('');
      const again = await hardenJson('plan', ['--detailed-exitcode', ...options(host)], host, { user: 'admin' });
      expect(again.exitCode, again.stdout).toBe(0);
      rows[at] = {
        section: 'kill',
        fault,
        host: `whole; ${user} gets in${fires ? '; the host had undone what touched the way in' : armed ? '; the guard armed' : ''}`,
        next: 'said where the run before stopped, did the rest, ended in proof',
        seconds: (performance.now() - started) / 1000,
      };
    } finally {
      await host.stop();
    }
  });
});

/** The playbook's tasks, those of its includes among them, as a Debian 12 gets them. */
async function stepNames(): Promise<readonly string[]> {
  const { tasks } = resolvePlaybook(await loadPlaybook(PLAYBOOK, registry), {
    facts: debian12Facts,
    vars: { admin_key: SOME_KEY },
    env: {},
    home: '/root',
    skipTags: [SKIPPED],
  });
  return tasks.filter(({ skipped, name }) => skipped === undefined && name !== HOLDS).map(({ name }) => name);
}

function options(host: LabHost): string[] {
  return [PLAYBOOK, '--skip-tags', SKIPPED, '-e', `admin_key_file=${host.keyFile}.pub`];
}

function apply(host: LabHost, guard: number): string[] {
  return ['apply', '--yes', '--guard-timeout', String(guard), ...options(host)];
}

/** Files that were begun and not ended, wherever harden may write; the journal keeps its own. */
async function leftBehind(host: LabHost): Promise<string> {
  const { stdout } =
    await host.exec(`find / -xdev \\( -path /proc -o -path /sys -o -path /var/lib/harden \\) -prune -o \\( -name '.harden*' -o -name 'harden-tmp.*' -o -name 'harden-io.*' \\) -print
find /run /var/lib/dpkg/updates -xdev \\( -path '/run/harden/tmp.*' -o -path '/run/harden-*' -o -path '/var/lib/dpkg/updates/*' \\) -print`);
  return stdout;
}

/** What a daemon would refuse to start from. */
async function broken(host: LabHost): Promise<string> {
  const { stdout } = await host.exec(`{
mkdir -p /run/sshd; sshd -t
! command -v visudo >/dev/null || visudo -cq
dpkg --audit
! command -v ufw >/dev/null || iptables-restore --test </etc/ufw/user.rules
! command -v apt-config >/dev/null || apt-config dump >/dev/null
pwck -qr | grep -v 'does not exist'; grpck -r
getent passwd root >/dev/null || echo no root
} 2>&1`);
  const json = await host.exec('cat /etc/docker/daemon.json 2>/dev/null || echo "{}"');
  try {
    JSON.parse(json.stdout);
    return stdout;
  } catch {
    return `${stdout}\n/etc/docker/daemon.json: ${json.stdout}`;
  }
}

/** Handlers that the steps of the last run have notified, and that are not pending; one that the guard has run while it undid them is none. */
async function lostHandlers(host: LabHost): Promise<string> {
  const { stdout } = await host.exec(`cd /var/lib/harden/runs
ls */*/after 2>/dev/null | grep -v : | grep . | sort -u >/run/notified
ls /var/lib/harden/pending >/run/pending
! ls */fired >/dev/null 2>&1 || exit 0
diff /run/notified /run/pending`);
  return stdout;
}

async function pending(host: LabHost): Promise<string> {
  return (await host.exec('ls /var/lib/harden/pending')).stdout;
}

async function isArmed(host: LabHost): Promise<boolean> {
  return (await host.exec('ls /var/lib/harden/runs/*/armed')).exitCode === 0;
}

/** Who gets in and becomes root: root as before, else the administrator. */
async function wayIn(host: LabHost): Promise<'root' | 'admin'> {
  // sshd listens to nobody for a moment when it reads its configuration anew, as the undo has it do.
  return waitFor(
    async () => {
      if (await login(host, 'root', 'true')) return 'root';
      return (await login(host, 'admin', 'sudo -n true')) ? 'admin' : undefined;
    },
    10_000,
    () => 'neither root nor admin gets in',
  );
}

async function login(host: LabHost, user: string, command: string): Promise<boolean> {
  const settings = ['BatchMode=yes', 'IdentitiesOnly=yes', `UserKnownHostsFile=${host.knownHostsFile}`];
  const ssh = await execa(
    'ssh',
    ['-F', 'none', '-i', host.keyFile, ...settings.flatMap((one) => ['-o', one]), `${user}@${host.address}`, command],
    { reject: false, stdin: 'ignore' },
  );
  return ssh.exitCode === 0;
}

/** What the handlers were to bring into force and did not: judged by the host's own words, not by harden's. */
async function inForce(host: LabHost): Promise<string> {
  const { stdout } =
    await host.exec(`docker info -f '{{.LiveRestoreEnabled}}' | grep -qx true || echo 'docker: not restarted'
iptables -S DOCKER-USER | grep -q 'ufw-user-forward' || echo 'ufw: not reloaded'
ufw status | grep -q '^Status: active' || echo 'ufw: off'`);
  const root = (await login(host, 'root', 'true')) ? 'sshd: root still gets in' : '';
  const admin = (await login(host, 'admin', 'sudo -n true')) ? '' : 'admin does not get in';
  return [stdout, root, admin].filter(Boolean).join('\n');
}
