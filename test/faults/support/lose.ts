import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { bootHost, type LabHost } from '../../lab/lab.ts';
import { apply, GUARD_SECONDS } from './run.ts';
import { playbookOf, type Way } from './way.ts';

/** How long after the guard's time the undo may take. */
const UNDO_SECONDS = 75;

/** How long a host may be gone after a boot: the boot check tries three times, a minute apart, before it undoes. */
const BOOT_SECONDS = 330;

/** The account that a way means by admin. */
const ADMIN = `useradd --create-home --shell /bin/bash admin
mkdir -m 0700 /home/admin/.ssh && cp /root/.ssh/authorized_keys /home/admin/.ssh/ && chown -R admin: /home/admin/.ssh
printf 'admin ALL=(ALL:ALL) NOPASSWD: ALL\\n' >/etc/sudoers.d/admin && chmod 0440 /etc/sudoers.d/admin
`;

/** What became of a host and of what harden said. */
export interface Fate {
  readonly exitCode: number | undefined;
  readonly stderr: string;
  readonly seconds: number;
  /** Nothing was changed. */
  readonly refused: boolean;
  /** harden says that the host has undone what it did. */
  readonly undone: boolean;
  /** Seconds until a login up to root worked after the run, and after the power was cut; undefined: it never did. */
  readonly back: number | undefined;
  readonly backAfterBoot: number | undefined;
}

/** Has harden go a way, then cuts the power and boots, and looks each time from outside whether the login still leads to root. */
export async function goWay(way: Way): Promise<Fate> {
  const host = await bootHost({ docker: way.docker, setup: `${ADMIN}${way.setup ?? ''}` });
  try {
    const ran = await apply(host, playbookOf(way), { user: way.login });
    const refused = ran.exitCode !== 0 && !/: applying \d/.test(ran.stderr);
    const undone = /undone it|has undone/.test(ran.stderr);
    const fate = { ...ran, refused, undone };
    const back = await logsIn(host, way.login, GUARD_SECONDS + UNDO_SECONDS);
    if (refused || back === undefined) return { ...fate, back, backAfterBoot: back };
    await host.powerCycle();
    return { ...fate, back, backAfterBoot: await logsIn(host, way.login, BOOT_SECONDS) };
  } finally {
    await host.stop();
  }
}

/** Tries a login with the system's ssh until it leads to root; gives the seconds that this took. */
export async function logsIn(host: LabHost, user: string, seconds: number): Promise<number | undefined> {
  const started = performance.now();
  const passed = () => (performance.now() - started) / 1000;
  do {
    if (await isRoot(host, user)) return passed();
    await sleep(2000);
  } while (passed() < seconds);
  return undefined;
}

async function isRoot(host: LabHost, user: string): Promise<boolean> {
  const { exitCode, stdout } = await execa(
    'ssh',
    [
      ...['-F', 'none', '-i', host.keyFile, '-p', String(host.port)],
      ...['BatchMode=yes', 'ConnectTimeout=4', `UserKnownHostsFile=${host.knownHostsFile}`].flatMap((one) => [
        '-o',
        one,
      ]),
      `${user}@${host.address}`,
      user === 'root' ? 'id -u' : 'sudo -n id -u',
    ],
    { reject: false, stdin: 'ignore', timeout: 15_000 },
  );
  return exitCode === 0 && stdout === '0';
}
