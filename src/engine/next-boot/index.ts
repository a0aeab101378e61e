import type { Duplex } from 'node:stream';
import { UserError } from '../../errors.ts';
import type { Facts } from '../../remote/facts.ts';
import type { RootShell } from '../../remote/shell.ts';
import type { WayIn } from '../access-effect.ts';
import type { Consent } from '../task.ts';
import { type AcceptedBy, acceptedByScript, readAcceptedBy } from './accepted-by.ts';
import { BOOT_CHECK_REMOVE } from './boot-check.ts';
import { COMPARE_BOOT_DISK, KEEP_BOOT_DISK } from './boot-disk-script.ts';
import { bootLogin } from './boot-login.ts';
import { effectiveDiffers, effectiveScript } from './effective.ts';
import { judgeDisk } from './judge.ts';

export { BOOT_CHECK_REMOVE, bootCheckScript } from './boot-check.ts';
export { FORGET_BOOT_DISK } from './boot-disk-script.ts';

/** What the proof of the next boot takes of a run: an apply and a rollback have it alike. */
export interface BootSession {
  readonly facts: Facts;
  readonly host: {
    connect(way?: WayIn): Promise<RootShell>;
    readonly connectOver?: ((stream: Duplex, way?: WayIn) => Promise<RootShell>) | undefined;
    readonly consents?: readonly Consent[] | undefined;
  };
}

/** What was found before the first change. */
export interface BootBaseline {
  readonly by: AcceptedBy;
  /** How the server of the files is asked: by a login, by its own word, or not at all. */
  readonly way: 'login' | 'word' | 'none';
  /** sshd's word for this login before the run. */
  readonly word: string;
  readonly home: string;
  readonly remarks: readonly string[];
}

/** What the next boot holds. */
export interface BootProof {
  /** Each a half sentence that goes on "after the next boot:". */
  readonly failures: readonly string[];
  readonly remarks: readonly string[];
  /** The risk to accept, where a failure is one that can be. */
  readonly needs?: Consent | undefined;
}

const NETWORK: Consent = 'network-at-boot';

/** Looks at the next boot's way in as it is before the run, over a connection of its own. Never throws: what cannot be done is a remark. */
export async function nextBootBaseline(session: BootSession): Promise<BootBaseline> {
  const { facts, host } = session;
  const none = (remark: string): BootBaseline => ({
    by: { program: '', starts: [] },
    way: 'none',
    word: '',
    home: '/root',
    remarks: [remark],
  });
  if (facts.ssh === null) return none('the next boot is not proved: this run does not come in by SSH');
  if (!facts.systemd) return none('the next boot is not proved: the host does not run systemd');
  let shell: RootShell | undefined;
  try {
    shell = await host.connect();
    const { client, address, port } = facts.ssh;
    const { frames } = await shell.probe([
      acceptedByScript(port),
      `${BOOT_CHECK_REMOVE}\n${KEEP_BOOT_DISK}`,
      effectiveScript(facts.login, client, address, port),
      `getent passwd '${facts.login.replaceAll("'", '')}' | cut -d : -f 6`,
    ]);
    const text = (at: number): string => frames[at]?.stdout.toString('utf8') ?? '';
    const by = readAcceptedBy(text(0));
    const home = text(3).trim() || '/root';
    const found = { by, word: text(2), home };
    if (by.program !== 'sshd')
      return {
        ...found,
        way: 'none',
        remarks: [
          `this login came in by ${by.program || 'a server that could not be told'}, not by sshd: that it will let you in after the next boot is not proved`,
        ],
      };
    const word = (why: string): BootBaseline => ({
      ...found,
      way: 'word',
      remarks: [`${why}: sshd's own word (sshd -T) stands for a login by what the next boot starts`],
    });
    if (host.connectOver === undefined) return word('this way to connect cannot log in through another connection');
    if (by.unit === undefined) return word('sshd belongs to no unit of systemd');
    const login = await bootLogin(shell, by.unit, host.connectOver, {});
    return login.ok
      ? { ...found, way: 'login', remarks: [] }
      : word(`before the run already, no login succeeds where sshd does not see your address (${login.why})`);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return none(`the next boot is not proved: ${error.message}`);
  } finally {
    await shell?.close();
  }
}

/** Tries what the next boot will do with this login, in the fresh `shell`, which is free afterwards unless there are failures. Never throws for what the host does. */
export async function proveNextBoot(
  session: BootSession,
  shell: RootShell,
  way: WayIn,
  baseline: BootBaseline,
): Promise<BootProof> {
  const { facts, host } = session;
  const { by } = baseline;
  if (facts.ssh === null || !facts.systemd) return { failures: [], remarks: baseline.remarks };
  try {
    const { client, address } = facts.ssh;
    const port = way.port ?? facts.ssh.port;
    const { frames } = await shell.probe([
      COMPARE_BOOT_DISK,
      effectiveScript(way.user ?? facts.login, client, address, port),
    ]);
    const disk = judgeDisk(frames[0]?.stdout.toString('utf8') ?? '', by, { home: baseline.home });
    const later = (text: string) => `after the next boot: ${text}`;
    const remarks = [...baseline.remarks, ...disk.remarks];
    // Somebody who has another way in takes what becomes of sshd for a remark.
    if (host.consents?.includes('ssh-off-at-boot'))
      return { failures: [], remarks: [...remarks, ...[...disk.failures, ...disk.network].map(later)] };
    const failures = [...disk.failures];
    const accepted = host.consents?.includes(NETWORK) ?? false;
    if (accepted) remarks.push(...disk.network.map(later));
    else failures.push(...disk.network);
    const needs = disk.network.length > 0 && !accepted ? NETWORK : undefined;
    if (failures.length > 0) return { failures, remarks, needs };
    const word = frames[1]?.stdout.toString('utf8') ?? '';
    return { failures: await askServer(session, shell, way, baseline, word), remarks };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { failures: [`it could not be looked at: ${error.message}`], remarks: baseline.remarks };
  }
}

async function askServer(
  { host }: BootSession,
  shell: RootShell,
  way: WayIn,
  baseline: BootBaseline,
  word: string,
): Promise<readonly string[]> {
  const { by } = baseline;
  if (baseline.way === 'login' && by.unit !== undefined && host.connectOver !== undefined) {
    const login = await bootLogin(shell, by.unit, host.connectOver, { user: way.user });
    return login.ok ? [] : [`sshd would not let you in as its files are now: ${login.why}`];
  }
  if (baseline.way !== 'word' || way.user !== undefined) return [];
  const differs = effectiveDiffers(baseline.word, word).filter((line) => DECIDES.test(line));
  return differs.length === 0 ? [] : [`sshd would not decide on this login as it did: ${differs.join('; ')}`];
}

/** What sshd's word says that decides who comes in; an error in its files says nothing of this form. */
const DECIDES =
  /^(?!\S+ )|^(allow|deny)(users|groups) |^(permitrootlogin|pubkeyauthentication|authorizedkeysfile|authorizedkeyscommand|authenticationmethods|forcecommand|chrootdirectory|usepam|maxsessions|strictmodes|pubkeyacceptedalgorithms|trustedusercakeys|revokedkeys|refuseconnection|authorizedprincipalsfile) |: |error|fatal|no such/i;
