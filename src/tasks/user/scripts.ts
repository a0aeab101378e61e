import type { Change } from '../../engine/diff.ts';
import { raw, type Script, sh } from '../../remote/sh.ts';
import type { User, UserState } from './params.ts';

type Present = NonNullable<UserState>;

/** Makes the account; a group that has its name already becomes its primary one. */
export function createUser(p: User, after: Present): Script {
  const home = p.create_home === false ? '-M' : '-m';
  const group = p.group === undefined ? ownGroup(p.name) : sh`set -- -g ${p.group}`;
  const flags = [
    home,
    ...(p.system ? ['-r'] : []),
    ...attributes(after, ['uid', 'groups', 'comment', 'home', 'shell', 'expires']),
  ];
  return sh`if ! getent passwd ${p.name} >/dev/null; then
  ${raw(group)}
  ${raw(p.create_home === false ? ':' : noteHomes(p, after))}
  TZ=UTC0 useradd "$@" ${flags} ${p.name}
fi
${raw(password(p, Object.keys(after)))}`;
}

/** Changes what differs. */
export function updateUser(p: User, { after, keys }: Change<UserState>): Script {
  const flags = attributes(after ?? {}, keys);
  const move = keys.includes('home') && p.move_home ? ['-m'] : [];
  const lines: Script[] = [];
  if (keys.includes('password_hash') || keys.includes('password_lock')) lines.push(keepShadow(p.name));
  if (flags.length > 0) lines.push(sh`TZ=UTC0 usermod ${[...flags, ...move]} ${p.name}`);
  if (keys.includes('create_home')) lines.push(sh`mkhomedir_helper ${p.name}`);
  lines.push(password(p, keys));
  return lines.filter((line) => line !== '').join('\n');
}

/** Closes the account, ends what it runs, and removes it. */
export function deleteUser(p: User, before: Present): Script {
  const flags = [...(p.remove ? ['-r'] : []), ...(before.uid === 0 ? ['-f'] : [])];
  return sh`getent passwd ${p.name} >/dev/null || exit 0
${raw(keepShadow(p.name))}
${raw(before.uid === 0 ? '' : endProcesses(p.name, before.uid ?? 0))}userdel ${flags} ${p.name}`;
}

/** Makes `change.before` hold again. The old password comes from what the step kept in its journal, so that no script holds it. */
export function undoUser(p: User, { action, before, keys }: Change<UserState>): Script {
  if (before === null) return removeMade(p.name);
  if (action === 'delete') return makeAgain(p, before);
  const flags = attributes(before, keys);
  const lines: Script[] = [];
  if (keys.includes('home') && p.move_home)
    lines.push(
      sh`if [ -d ${p.home ?? ''} ] && [ ! -e ${before.home ?? ''} ]; then usermod -d ${before.home ?? ''} -m ${p.name}; fi`,
    );
  if (flags.length > 0) lines.push(sh`TZ=UTC0 usermod ${flags} ${p.name}`);
  if (keys.includes('password_hash') || keys.includes('password_lock')) lines.push(restoreShadow(p.name));
  return lines.join('\n');
}

function attributes(state: Present, keys: readonly string[]): string[] {
  const flags: string[] = [];
  const add = (key: keyof Present, flag: string, value: (state: Present) => string): void => {
    if (keys.includes(key) && state[key] !== undefined) flags.push(flag, value(state));
  };
  add('uid', '-u', ({ uid }) => String(uid));
  add('group', '-g', ({ group }) => group ?? '');
  add('groups', '-G', ({ groups }) => (groups ?? []).join(','));
  add('comment', '-c', ({ comment }) => comment ?? '');
  add('home', '-d', ({ home }) => home ?? '');
  add('shell', '-s', ({ shell }) => shell ?? '');
  add('expires', '-e', ({ expires = 'never' }) => (expires === 'never' ? '' : expires));
  return flags;
}

// userdel removes a group of the user's name: what was there before is kept for the undo
function ownGroup(name: string): Script {
  return sh`if group=$(getent group ${name}); then
    [ -z "\${harden_step:-}" ] || printf '%s\n' "$group" >"$harden_step/group"
    set -- -g ${name}
  else
    set -- -U
  fi`;
}

function password(p: User, keys: readonly string[]): Script {
  const lines: Script[] = [];
  if (keys.includes('password_hash')) lines.push(sh`printf '%s:%s\n' ${p.name} ${p.password_hash ?? ''} | chpasswd -e`);
  // a new hash comes without the mark of a locked one
  if (p.password_lock && (keys.includes('password_lock') || keys.includes('password_hash')))
    lines.push(sh`usermod -L ${p.name}`);
  if (p.password_lock === false && keys.includes('password_lock')) lines.push(sh`usermod -U ${p.name}`);
  return lines.join('\n');
}

function keepShadow(name: string): Script {
  return sh`[ -z "\${harden_step:-}" ] || [ -e "$harden_step/shadow" ] || getent shadow ${name} >"$harden_step/shadow"`;
}

function restoreShadow(name: string): Script {
  return sh`if [ -s "$harden_step/shadow" ]; then
  IFS=: read -r _ hash changed minimum maximum warning inactive expires _ <"$harden_step/shadow"
  printf '%s:%s\n' ${name} "$hash" | chpasswd -e
  chage -d "\${changed:--1}" -m "\${minimum:--1}" -M "\${maximum:--1}" -W "\${warning:--1}" -I "\${inactive:--1}" -E "\${expires:--1}" ${name}
fi`;
}

function endProcesses(name: string, uid: number): Script {
  return sh`usermod -e 1 ${name}
if [ "$(getent passwd | cut -d: -f3 | grep -cx ${uid})" = 1 ]; then
  ! command -v loginctl >/dev/null || loginctl terminate-user ${name} 2>/dev/null || :
  for signal in TERM TERM TERM KILL KILL KILL; do
    processes=$(find /proc -mindepth 1 -maxdepth 1 -user ${uid} -name '[1-9]*' -printf '%f ') || :
    [ -n "$processes" ] || break
    # shellcheck disable=SC2086 # a word each
    kill -s "$signal" $processes 2>/dev/null || :
    sleep 0.5
  done
fi
`;
}

// a home that was there before is nobody's to remove
function noteHomes({ name }: User, { home = `/home/${name}` }: Present): Script {
  return sh`[ -z "\${harden_step:-}" ] || [ -e ${home} ] || : >"$harden_step/home"`;
}

/** Removes the account; of a home that came with it, what came with it: whatever else is in it stays. */
function removeMade(name: string): Script {
  return sh`if account=$(getent passwd ${name}); then
  userdel ${name}
  home=$(printf '%s' "$account" | cut -d: -f6)
  if [ -e "$harden_step/home" ] && [ -d "$home" ] && [ ! -L "$home" ]; then
    find -P "$home" -xdev -type f \\( -path "$home/.sudo_as_admin_successful" -o -path "$home/.cache/motd.legal-displayed" -o -exec sh -c 'timeout -k 1 20 cmp -s "$2" "/etc/skel$\{2#"$1"}"' sh "$home" {} \\; \\) -delete
    find -P "$home" -xdev -depth -type d -empty -delete
    [ ! -d "$home" ] || echo ${`note: the account ${name} is gone; its home stays, because there are files in it:`} "$home"
  fi
fi
if [ -s "$harden_step/group" ] && ! getent group ${name} >/dev/null; then
  IFS=: read -r _ _ gid _ <"$harden_step/group"
  groupadd -g "$gid" ${name}
fi`;
}

function makeAgain(p: User, before: Present): Script {
  const { group = p.name, gid = 0 } = before;
  const flags = [p.remove ? '-m' : '-M', '-N', '-o', '-g', String(gid)];
  const others = attributes(before, ['uid', 'groups', 'comment', 'home', 'shell']);
  return sh`if ! getent passwd ${p.name} >/dev/null; then
  getent group ${gid} >/dev/null || groupadd -g ${gid} ${group}
  useradd ${[...flags, ...others]} ${p.name}
fi
${raw(restoreShadow(p.name))}`;
}
