import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { harden, hostArgs, type Ran, startHarden } from '../e2e/support/harden.ts';
import { bootHost, type LabHost, labUnavailable } from '../lab/lab.ts';
import { cut, mend } from './support/cut.ts';
import { logsIn } from './support/lose.ts';
import { type Row, survived } from './support/row.ts';
import { GUARD_SECONDS } from './support/run.ts';

vi.setConfig({ testTimeout: 1_500_000 });

const unavailable = await labUnavailable();

const PLAYBOOK = 'playbooks/docker-host.yml';
const MOMENTS = Number(process.env.HARDEN_MOMENTS ?? 30);
/** A run of the playbook takes about so long where nothing else is at work. */
const RUN_SECONDS = 40;
/** The same moments with the same seed. */
const SEED = Number(process.env.HARDEN_SEED ?? Date.now() % 100_000);

const SETUP = `apt-get -q update
DEBIAN_FRONTEND=noninteractive apt-get -qy --download-only install ufw unattended-upgrades`;

interface Blow {
  readonly what: string;
  /** Happens while the first run is at work; gives what another run said, where there was one. */
  strike(host: LabHost, first: ReturnType<typeof startHarden>): Promise<Ran | undefined>;
}

const BLOWS: readonly Blow[] = [
  {
    what: 'the client killed',
    async strike(_, first) {
      first.kill('SIGKILL');
      return undefined;
    },
  },
  { what: 'the network cut for 5 s', strike: (host) => cutFor(host, 5) },
  { what: 'the network cut for 60 s', strike: (host) => cutFor(host, 60) },
  {
    what: 'the network cut for good',
    async strike(host, first) {
      await cut(host);
      await first;
      return undefined;
    },
  },
  { what: 'a second client at work at once', strike: (host) => harden(args(host)) },
  {
    what: 'the client killed, and a second one at once',
    async strike(host, first) {
      first.kill('SIGKILL');
      return harden(args(host));
    },
  },
];

describe.skipIf(unavailable).concurrent(`docker-host.yml is struck at random moments (seed ${SEED})`, () => {
  const rows: Row[] = [];
  afterAll(() => {
    for (const row of rows) if (row) survived(row);
  });

  for (let at = 0; at < MOMENTS; at++) {
    const { what, strike } = BLOWS[at % BLOWS.length]!;
    const seconds = randomAt(at) * RUN_SECONDS;
    test(`${what} after ${seconds.toFixed(1)} s`, async () => {
      const host = await bootHost({ docker: true, suite: at % 2 === 0 ? 'bookworm' : 'trixie', setup: SETUP });
      try {
        const started = performance.now();
        const first = startHarden(args(host), { timeout: 900_000 });
        await Promise.race([sleep(seconds * 1000), first]);
        const second = await strike(host, first);
        const ended = await first;
        await mend(host);
        const user = await wayIn(host);
        expect(user, `nobody gets in:\n${ended.stderr}`).toBeDefined();
        const told = [ended, second].filter((one) => one?.exitCode === 0).length;
        // whoever said that all is done must be right: nothing differs, after the guard's time too
        if (told > 0) await sleep((GUARD_SECONDS + 2) * 1000);
        if (told > 0) expect((await planned(host)).exitCode).toBe(0);
        const last = await harden(args(host, await wayIn(host)), { timeout: 900_000 });
        expect(last.exitCode, last.stderr).toBe(0);
        expect((await planned(host)).exitCode).toBe(0);
        rows[at] = {
          section: 'random',
          fault: `${what}, ${seconds.toFixed(1)} s after the start`,
          host: `${user} gets in`,
          next: `${told > 0 ? 'said that it was done, and it was' : 'did not say that it was done'}; the next run did the rest, and nothing differs`,
          seconds: (performance.now() - started) / 1000,
        };
      } finally {
        await mend(host);
        await host.stop();
      }
    });
  }
});

function args(host: LabHost, user: 'root' | 'admin' = 'root'): string[] {
  return ['apply', '--yes', '--guard-timeout', String(GUARD_SECONDS), ...playbook(host), ...hostArgs(host, user)];
}

function playbook(host: LabHost): string[] {
  return [PLAYBOOK, '--skip-tags', 'auditd', '-e', `admin_key_file=${host.keyFile}.pub`];
}

/** As the administrator, whom the playbook leaves in charge. */
function planned(host: LabHost): Promise<Ran> {
  return harden(['plan', '--detailed-exitcode', ...playbook(host), ...hostArgs(host, 'admin')]);
}

async function cutFor(host: LabHost, seconds: number): Promise<undefined> {
  await cut(host);
  await sleep(seconds * 1000);
  await mend(host);
  return undefined;
}

/** Who gets in and becomes root, at the latest after the guard's time and its undo. */
async function wayIn(host: LabHost): Promise<'root' | 'admin' | undefined> {
  for (let tries = 0; tries < 15; tries++) {
    for (const user of ['admin', 'root'] as const) if ((await logsIn(host, user, 0)) !== undefined) return user;
    await sleep(GUARD_SECONDS * 500);
  }
  return undefined;
}

/** Between 0 and 1, by the seed and the number alone. */
function randomAt(number: number): number {
  let state = (SEED * 2654435761 + number * 40503 + 1) >>> 0;
  for (let round = 0; round < 3; round++) state = (Math.imul(state ^ (state >>> 15), 2246822519) + 3266489917) >>> 0;
  return state / 2 ** 32;
}
