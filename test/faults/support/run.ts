import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { folder, harden, hostArgs, type Ran, type RunOptions, startHarden } from '../../e2e/support/harden.ts';
import type { LabHost } from '../../lab/lab.ts';
import { waitFor } from '../../lab/wait-for.ts';

/** How long the host waits for a sign of life in these tests, in seconds: as short as a login under load allows. */
export const GUARD_SECONDS = 15;

/** A container or a virtual machine of the lab. */
type Reachable = Omit<LabHost, 'root'>;

/** A run that has ended, and how long it took in seconds. */
export interface Timed extends Ran {
  readonly seconds: number;
}

/** How a run is started: who logs in, and options of harden's before (`firstArgs`) and behind those that lead to the host. */
export interface FaultRun extends RunOptions {
  readonly firstArgs?: readonly string[];
  readonly args?: readonly string[];
}

/** Applies a playbook's text to a lab host. */
export async function apply(host: Reachable, playbook: string, options: FaultRun = {}): Promise<Timed> {
  const started = performance.now();
  const ran = await harden(await applyArgs(host, playbook, options), options);
  return { ...ran, seconds: (performance.now() - started) / 1000 };
}

/** Starts to apply a playbook's text; the caller ends it. */
export async function startApply(host: Reachable, playbook: string, options: FaultRun = {}) {
  return { process: startHarden(await applyArgs(host, playbook, options), options) };
}

async function applyArgs(host: Reachable, playbook: string, options: FaultRun): Promise<string[]> {
  const file = await playbookFile(playbook);
  return [
    'apply',
    '--yes',
    '--guard-timeout',
    String(GUARD_SECONDS),
    file,
    ...(options.firstArgs ?? []),
    ...hostArgs(host, options.user),
    ...(options.args ?? []),
  ];
}

/** Resolves as soon as harden has said a line that begins so; rejects when it ends without. */
export function lineOf(run: ReturnType<typeof startHarden>, line: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = '';
    run.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString('utf8');
      if (said.split('\n').some((one) => one.includes(`: ${line}`))) resolve();
    });
    run.stderr.on('end', () => reject(new Error(`harden ended without "${line}":\n${said}`)));
  });
}

/** Returns when the command succeeds on the host; throws when it does not in time. Fit for tests that run beside each other, as `expect.poll` is not. */
export async function comesTrue(host: Reachable, command: string, seconds: number): Promise<void> {
  await waitFor(
    async () => ((await host.exec(command)).exitCode === 0 ? true : undefined),
    seconds * 1000,
    () => `not within ${seconds} s: ${command}`,
  );
}

/** A playbook's text as a file in a folder of its own. */
export async function playbookFile(playbook: string): Promise<string> {
  const file = join(await folder({}), 'playbook.yml');
  await writeFile(file, playbook);
  return file;
}

/** Plans a playbook's text; exits with 2 when something differs. */
export async function plan(host: Reachable, playbook: string, options: FaultRun = {}): Promise<Ran> {
  return harden(
    [
      'plan',
      '--detailed-exitcode',
      await playbookFile(playbook),
      ...(options.firstArgs ?? []),
      ...hostArgs(host, options.user),
      ...(options.args ?? []),
    ],
    options,
  );
}

/** What decides who may come in, as the host's own commands tell it; equal texts mean that nothing of it changed. */
export async function accessState(host: Reachable): Promise<string> {
  const { stdout } = await host.exec(`sshd -T 2>&1 | sort
getent passwd; getent group | sort; cut -d: -f1,2,8 /etc/shadow
find /etc/ssh /etc/sudoers /etc/sudoers.d /etc/pam.d /etc/security /etc/nologin /etc/hosts.deny /etc/ufw /etc/default/ufw /root/.ssh /home -xdev ! -name .sudo_as_admin_successful ! -name '.harden*' -printf '%p %y %U:%G %m %s\\n' 2>/dev/null | sort
find /etc/ssh /etc/sudoers /etc/sudoers.d /etc/pam.d /etc/hosts.deny /etc/ufw /root/.ssh /home -xdev -type f ! -name .sudo_as_admin_successful -exec sha256sum {} + 2>/dev/null | sort
stat -c '%a %U %G' / /root /home/*
iptables -S 2>/dev/null | grep -c . ; ufw status 2>/dev/null
systemctl is-active ssh; systemctl is-enabled ssh`);
  if (stdout === '') throw new Error('the host did not answer, so nothing is known of it');
  return stdout;
}

/** True when nothing of harden's is left running or armed on the host. */
export async function isQuiet(host: Reachable): Promise<boolean> {
  const { stdout } =
    await host.exec(`systemctl list-units --all --plain --no-legend 'harden-*' | grep -v 'not-found' | grep .
ls /etc/systemd/system/harden-* /var/lib/harden/runs/*/armed 2>/dev/null
echo asked`);
  return stdout === 'asked';
}
