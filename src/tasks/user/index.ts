import { posix } from 'node:path';
import type { AccessEffect } from '../../engine/access-effect.ts';
import type { Change } from '../../engine/diff.ts';
import { defineTask, type Need } from '../../engine/task.ts';
import { HostError } from '../../errors.ts';
import { raw, type Script, sh } from '../../remote/sh.ts';
import { busyError } from './busy.ts';
import { passwordFingerprint } from './crypt-hash.ts';
import { userFindings } from './findings.ts';
import { User, type UserState } from './params.ts';
import { createUser, deleteUser, undoUser, updateUser } from './scripts.ts';

const DAY = 86_400_000;

/** A user account. */
export const userTask = defineTask<User, UserState>({
  type: 'user',
  summary: 'A user account: its groups, shell, home, password and whether it is open.',
  notes:
    'Read with `getent` and `id`. A hash is never shown: a plan names its kind and a fingerprint. Where a group of the name exists already, it becomes the primary one. Being in `docker` is as good as being root (docker-bench 1.1.2, CIS 1.1.2). Removal ends what the account runs; undoing it brings back account, groups and password, but not a home deleted with `remove`. The home of an account whose creation is undone stays. A change that would shut out the account that harden logged in with is refused.',
  params: User,
  examples: [
    { name: 'admin', comment: 'admin user', shell: '/bin/bash', groups: ['sudo', 'adm', 'docker'], append: true },
    {
      name: 'backup-agent',
      system: true,
      home: '/var/lib/backup-agent',
      shell: '/usr/sbin/nologin',
      password_lock: true,
      groups: [],
    },
    {
      name: 'alice',
      uid: 2001,
      password_hash:
        '$6$saltsaltsalt$Sbr22PL7kZNtgkvUKqV7IDWkFP3T8Qo1vOgGivJ8RecT60YEhQq.TCsw0VVXF3AbEDX3LVNfTVd5VIUGu8lC2.',
      update_password: 'on_create',
      expires: '2099-12-31',
    },
    { name: 'games', state: 'absent' },
  ],
  id: (p) => p.name,

  probe: (p, facts) => sh`${raw(ownerProbe(p))}entry=$(getent passwd ${p.name}) || exit 0
printf '%s\n+groups:' "$entry"
id -nG ${p.name} || echo
${raw(gidsProbe(p))}printf +shadow:
getent shadow ${p.name} || echo
rest=\${entry%:*}
home=\${rest##*:}
[ ! -d "$home" ] || echo +home:
${raw(busyProbe(p))}${raw(facts.login === p.name ? SUDOERS_PROBE : '')}`,

  read(output, p) {
    const lines = output.split('\n');
    const fields = (lines.find((text) => text.startsWith(`${p.name}:`)) ?? '').split(':');
    const line = (key: string): string | undefined => lines.find((text) => text.startsWith(key))?.slice(key.length);
    const owner = line('+owner:') ?? p.name;
    if (owner !== p.name)
      throw new HostError(`uid ${p.uid} is that of the user ${owner} on the host`, {
        hint: 'Choose another uid, or leave it out',
      });
    if (fields.length !== 7) return null;
    const [name = '', , uid = '', gid = '', comment = '', home = '', shell = ''] = fields;
    const busy = lines.filter((text) => text.startsWith('+process:')).map((text) => text.slice('+process:'.length));
    if (busy.length > 0) throw busyError(name, busy);
    if (line('+taken:') !== undefined)
      throw new HostError(`the home of ${name} cannot be moved to ${p.home}: something is there already`, {
        hint: 'Move it away first, or leave move_home out and keep the files of both apart',
      });
    const [group = '', ...others] = (line('+groups:') ?? '').split(' ');
    const groups = underWantedNames(others, (line('+gids:') ?? '').split(' ').slice(1), lines);
    const shadow = (line('+shadow:') ?? '').split(':');
    const password = shadow[1] ?? '!';
    return {
      name,
      uid: Number(uid),
      group,
      groups: groups.sort(),
      comment,
      home,
      create_home: line('+home:') !== undefined,
      shell: shell === '' ? '/bin/sh' : shell,
      password_hash: passwordFingerprint(password),
      password_lock: /^[!*]/.test(password),
      expires: /^\d+$/.test(shadow[7] ?? '') ? new Date(Number(shadow[7]) * DAY).toISOString().slice(0, 10) : 'never',
      gid: Number(gid),
      ...(p.state === 'present' && line('+sudoers:') !== undefined
        ? {
            sudoers: lines.filter((text) => text.startsWith('+sudoers:')).map((text) => text.slice('+sudoers:'.length)),
          }
        : {}),
    };
  },

  want(p, _facts, before) {
    if (p.state === 'absent') return null;
    const primary = p.group ?? before?.group ?? p.name;
    const groups = [...new Set([...(p.groups ?? []), ...(p.append ? (before?.groups ?? []) : [])])].sort();
    const setsPassword = before === null || p.update_password === 'always';
    const hash = setsPassword ? p.password_hash : undefined;
    return defined({
      name: p.name,
      uid: p.uid,
      group: p.group,
      groups: p.groups && groups.filter((group) => group !== primary),
      comment: p.comment,
      home: p.home,
      create_home: p.create_home === true ? true : undefined,
      shell: p.shell,
      password_hash: hash && passwordFingerprint(hash),
      password_lock: p.password_lock,
      expires: p.expires,
    });
  },

  apply(change, p) {
    if (change.after === null) return deleteUser(p, change.before ?? {});
    return change.action === 'create' ? createUser(p, change.after) : updateUser(p, change);
  },

  needs: (p) => (p.state === 'present' ? presentNeeds(p) : []),
  provides: (p) =>
    p.state === 'absent'
      ? []
      : [
          `user:${p.name}`,
          ...(p.group === undefined ? [`group:${p.name}` as const] : []),
          ...(p.create_home === false ? [] : [`path:${p.home ?? `/home/${p.name}`}` as const]),
        ],
  risk: (_p, change) => (isRisky(change) ? 'access' : undefined),
  access: (p) => accessEffect(p),
  findings: (change, p, context) => (change ? userFindings(change, p, context) : []),
  undo: (change, p) => undoUser(p, change),
  irreversible: (p, change) =>
    change.action === 'delete' && p.remove
      ? `the home ${change.before?.home ?? ''} of ${p.name} and its mail are deleted`
      : undefined,
  secrets: (p) => (p.password_hash === undefined ? [] : [p.password_hash]),
});

function ownerProbe({ uid, state }: User): Script {
  if (uid === undefined || state === 'absent') return '';
  return sh`owner=$(getent passwd ${uid}) && printf '+owner:%s\n' "\${owner%%:*}"\n`;
}

// `id` calls groups that share a number all by the name of the first
function gidsProbe({ name, groups = [], state }: User): Script {
  if (groups.length === 0 || state === 'absent') return '';
  return sh`printf +gids:
id -G ${name} || echo
getent group ${groups} | sed 's/^/+group:/'
`;
}

/** The groups with these numbers, called as the playbook calls them. */
function underWantedNames(names: readonly string[], gids: readonly string[], lines: readonly string[]): string[] {
  const wanted = lines
    .filter((line) => line.startsWith('+group:'))
    .map((line) => line.slice('+group:'.length).split(':'));
  const called = (name: string, gid: string | undefined): string[] => {
    const same = wanted.filter((fields) => fields[2] === gid).map(([other = '']) => other);
    return same.length === 0 ? [name] : same;
  };
  return [...new Set(names.flatMap((name, at) => called(name, gids[at])))];
}

// usermod refuses to touch these two while the account runs anything
function busyProbe({ uid, home, move_home, state }: User): Script {
  if (state === 'absent' || (uid === undefined && home === undefined)) return '';
  const tests: Script[] = [];
  if (uid !== undefined) tests.push(sh`[ "$uid" = ${uid} ]`);
  if (home !== undefined) tests.push(sh`[ "$home" = ${home} ]`);
  return sh`rest=\${entry#*:*:} uid=\${rest%%:*}
{ ${raw(tests.join(' && '))}; } || find /proc -mindepth 1 -maxdepth 1 -user "$uid" -name '[1-9]*' -printf '%f\n' 2>/dev/null | head -n 20 | while read -r process; do
  printf '+process:%s %s\n' "$process" "$(sed -n -e 's/^0:://p' -e 's/^[0-9]*:name=systemd://p' "/proc/$process/cgroup" 2>/dev/null | sort | tail -n 1)"
done
${raw(move_home ? sh`[ "$home" = ${home ?? ''} ] || [ ! -e ${home ?? ''} ] || echo +taken:\n` : '')}`;
}

const SUDOERS_PROBE = sh`cat /etc/sudoers /etc/sudoers.d/* 2>/dev/null | awk '
  /^[ \t]*(#|@|Defaults|User_Alias|Runas_Alias|Host_Alias|Cmnd_Alias|$)/ { next }
  /=/ { print "+sudoers:" $1 }'
`;

function presentNeeds({ name, group, groups = [], home, move_home, shell }: User): readonly Need[] {
  const own = group === undefined ? name : undefined;
  const named = new Set([...(group === undefined ? [] : [group]), ...groups.filter((other) => other !== own)]);
  const needs = [...named].map((other): Need => `group:${other}`);
  if (shell !== undefined) needs.push(`path:${shell}`);
  if (move_home && home !== undefined) needs.push(`path:${posix.dirname(home)}`);
  return needs;
}

function isRisky({ action, keys }: Change<UserState>): boolean {
  if (action === 'create') return false;
  return action === 'delete' || keys.some((key) => key !== 'comment' && key !== 'create_home');
}

function accessEffect(p: User): readonly AccessEffect[] {
  if (p.state === 'absent') return [{ administrator: { user: p.name, able: false } }];
  const { groups } = p;
  if (groups === undefined) return [];
  const member = { user: p.name, groups, only: !p.append };
  return [{ member }, ...(groups.includes('sudo') ? [{ administrator: { user: p.name, able: true } }] : [])];
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

function defined<T extends object>(values: T): Defined<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Defined<T>;
}
