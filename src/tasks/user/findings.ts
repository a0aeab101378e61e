import type { AccessEffect } from '../../engine/access-effect.ts';
import type { Change } from '../../engine/diff.ts';
import type { Finding, FindingContext } from '../../engine/task.ts';
import type { Facts } from '../../remote/facts.ts';
import { lasting, refusal, warning } from '../support/finding.ts';
import type { User, UserState } from './params.ts';

const ROOT_GROUPS: Readonly<Record<string, string>> = {
  docker: 'whoever may start containers can mount the whole disk into one',
  lxd: 'whoever may start containers can mount the whole disk into one',
  'incus-admin': 'whoever may start containers can mount the whole disk into one',
  disk: 'it reads and writes the disks beneath the files',
  shadow: 'it reads the password hashes of everybody',
};
const SUDO_GROUPS = ['sudo', 'admin', 'wheel'];
const NO_LOGIN = /\/(?:nologin|false|true|sync)$/;

/** What a change to an account should say before it is made, and which ones are not made at all. */
export function userFindings(
  change: Change<UserState>,
  p: User,
  {
    facts,
    passwordAsked,
    pending = [],
    effects = [],
  }: Pick<FindingContext<UserState>, 'facts' | 'passwordAsked' | 'pending' | 'effects'>,
): readonly Finding[] {
  if (change.after === null) return deletion(p, change.before, facts).map(lasting);
  const getsRule = pending.some((need) => need.startsWith('path:/etc/sudoers.d/'));
  return [
    ...(facts.login === p.name ? lockOuts(change, p, getsRule, passwordAsked ?? false).map(lasting) : []),
    ...remarks(change, p, needsNoPassword(p, effects)),
  ];
}

function deletion(p: User, before: UserState, facts: Facts): readonly Finding[] {
  if (p.name === 'root')
    return [
      refusal(
        'root is not removed: the system cannot do without it',
        'Lock its password instead: `password_lock: true`',
      ),
    ];
  if (p.name === facts.login)
    return [
      refusal(
        `${p.name} is the account that harden logged in with: it is not removed`,
        'Log in as another administrator, and remove it from there',
      ),
    ];
  if (before?.uid === 0 && p.remove)
    return [
      refusal(
        `${p.name} has root's number 0, and removing its home ${before.home ?? ''} could remove root's`,
        'Leave `remove` out',
      ),
    ];
  if (before?.uid === 0) return [];
  return [warning(`whatever ${p.name} still runs is ended`)];
}

function lockOuts(
  { before, after, keys }: Change<UserState>,
  p: User,
  getsRule: boolean,
  passwordAsked: boolean,
): readonly Finding[] {
  const findings: Finding[] = [];
  if (keys.includes('shell') && NO_LOGIN.test(after?.shell ?? ''))
    findings.push(
      refusal(
        `${p.name} is the account that harden logged in with: with the shell ${after?.shell} nobody could log in with it any more`,
      ),
    );
  if (keys.includes('expires') && isPast(after?.expires))
    findings.push(
      refusal(`${p.name} is the account that harden logged in with: it would be closed since ${after?.expires}`),
    );
  const losesRoot = mayBecomeRoot(p.name, before) && !mayBecomeRoot(p.name, { ...before, ...after });
  if (keys.includes('groups') && losesRoot && !getsRule)
    findings.push(
      refusal(
        `${p.name} is the account that harden logged in with, and without the group ${lostRoot(before, after).join(', ')} it could not become root any more`,
        'Name that group too, write `append: true`, or give it a rule of its own first (sudoers)',
      ),
    );
  if (keys.includes('password_lock') && after?.password_lock && p.name !== 'root')
    findings.push(
      passwordAsked && !getsRule
        ? refusal(
            `${p.name} is the account that harden logged in with, and its sudo asks for the password: locked, it could not become root any more`,
            'Give it a rule with `nopassword: true` first (sudoers)',
          )
        : warning(
            `${p.name} is the account that harden logged in with: if its sudo asks for the password, locking it ends that`,
            'The change is undone by itself unless a fresh login can become root',
          ),
    );
  return findings;
}

/** A rule of the playbook makes this account root without asking. */
function needsNoPassword({ name }: User, effects: readonly AccessEffect[]): boolean {
  return effects.some(
    ({ administrator }) => administrator?.user === name && administrator.able && administrator.withoutPassword,
  );
}

function remarks(
  { action, before, after, keys }: Change<UserState>,
  p: User,
  sudoAsksNothing: boolean,
): readonly Finding[] {
  const findings: Finding[] = [];
  const joined = (after?.groups ?? []).filter((group) => keys.includes('groups') && !before?.groups?.includes(group));
  for (const group of joined)
    if (ROOT_GROUPS[group] !== undefined)
      findings.push(
        warning(
          `the group ${group} is as good as root for ${p.name}: ${ROOT_GROUPS[group]}`,
          group === 'docker' ? 'docker-bench 1.1.2 asks for a short list of trusted users' : undefined,
        ),
      );
  const hasPassword =
    keys.includes('password_hash') || (before !== null && !['none', 'empty'].includes(before.password_hash ?? 'none'));
  if (joined.some((group) => SUDO_GROUPS.includes(group)) && !hasPassword && !sudoAsksNothing)
    findings.push(
      warning(
        `${p.name} has no password, and sudo asks the members of ${joined.filter((group) => SUDO_GROUPS.includes(group)).join(', ')} for one`,
        'Give a password_hash, or a rule with `nopassword: true` (sudoers)',
      ),
    );
  if (keys.includes('password_lock') && after?.password_lock === false && !hasPassword)
    findings.push(refusal(`${p.name} has no password that could be unlocked`, 'Give a password_hash'));
  if (action === 'update' && keys.includes('uid'))
    findings.push(
      warning(
        `files of ${p.name} outside its home stay with the number ${before?.uid}`,
        `Give them to it with: find / -xdev -uid ${before?.uid} -exec chown -h ${p.name} {} +`,
      ),
    );
  return findings;
}

/** Whether sudoers has a rule that meets the account: its own, everybody's, or one of a group that it is in. */
function mayBecomeRoot(name: string, state: UserState): boolean {
  return (state?.sudoers ?? []).some(
    (who) => who === name || who === 'ALL' || allGroups(state).includes(who.replace(/^%/, '')),
  );
}

function lostRoot(before: UserState, after: UserState): readonly string[] {
  const kept = allGroups({ ...before, ...after });
  return allGroups(before).filter((group) => before?.sudoers?.includes(`%${group}`) && !kept.includes(group));
}

function allGroups(state: UserState): readonly string[] {
  return [...(state?.groups ?? []), ...(state?.group === undefined ? [] : [state.group])];
}

function isPast(day: string | undefined): boolean {
  return day !== undefined && day !== 'never' && Date.parse(day) <= Date.now();
}
