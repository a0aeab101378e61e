import { posix } from 'node:path';
import { HostError } from '../../errors.ts';
import { raw, type Script, sh } from '../../remote/sh.ts';
import { labelsOf } from './file.ts';
import type { AuthorizedKey } from './params.ts';

/** What holds of the keys of an account; null: there is no such account. Those from `lines` on are read alone. */
export type AuthorizedKeyState = {
  /** A label for each key, in the order of the file. */
  readonly keys: readonly string[];
  readonly owner?: string;
  readonly mode?: string;
  /** Of `.ssh`. */
  readonly directory_mode?: string;
  /** The file's lines without comments and empty ones. */
  readonly lines?: readonly string[];
  /** Where they are. */
  readonly file?: string;
  /** The directory is root's and not the user's own: its modes are the administrator's affair. */
  readonly central?: boolean;
  /** Why sshd would ignore every key in it. */
  readonly ignored?: readonly string[];
} | null;

const MAX_BYTES = 1_048_576;

/** Script that prints who owns what on the way to the keys, and the keys as sshd would read them, through no link. */
export function probeKeys(p: AuthorizedKey): Script {
  return sh`entry=$(getent passwd ${p.user}) || exit 0
IFS=: read -r _ _ uid gid _ home _ <<END
$entry
END
${raw(p.path === undefined ? 'dir=$home/.ssh name=authorized_keys' : sh`dir=${posix.dirname(p.path)} name=${posix.basename(p.path)}`)}
printf '%s:%s:%s\n' "$uid" "$gid" "$home"
stat -c '%u:%U:%g:%a:%F:home' -- "$home"
stat -c '%u:%U:%g:%a:%F:dir' -- "$dir"
stat -c '%u:%U:%g:%a:%F:file' -- "$dir/$name"
echo
if [ ! -L "$dir" ] && harden_enter "$dir/$name" 2>/dev/null && [ ! -L "./$name" ] && [ -f "./$name" ]; then harden_cat ${MAX_BYTES}; fi`;
}

/** What `probeKeys` printed; throws a HostError where sshd would not look at the keys, or root should not write them. */
export function readKeys(output: string, p: AuthorizedKey): AuthorizedKeyState {
  const end = output.indexOf('\n\n');
  const [account = '', ...stats] = output.slice(0, end === -1 ? undefined : end).split('\n');
  const [uid = '', gid = '', homePath = ''] = account.split(':');
  if (!/^\d+$/.test(uid)) return null;
  const found = new Map(stats.map(parseStat).map((stat) => [stat.what, stat]));
  const [home, directory, file] = ['home', 'dir', 'file'].map((what) => found.get(what));
  const where = p.path ?? posix.join(homePath, '.ssh/authorized_keys');
  checkPlace(where, p.user, uid, directory, file);
  const lines = output
    .slice(end === -1 ? output.length : end + 2)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  return {
    keys: labelsOf(lines),
    ...(file === undefined ? {} : { owner: file.uid === uid ? p.user : file.owner, mode: file.mode }),
    ...(directory === undefined || p.path !== undefined ? {} : { directory_mode: directory.mode }),
    lines,
    file: where,
    central: directory !== undefined && directory.uid === '0' && uid !== '0',
    ignored: p.path === undefined ? ignoredBecause(homePath, { uid, gid }, home) : [],
  };
}

function checkPlace(
  where: string,
  user: string,
  uid: string,
  directory: Stat | undefined,
  file: Stat | undefined,
): void {
  const folder = posix.dirname(where);
  for (const [stat, path] of [
    [directory, folder],
    [file, where],
  ] as const) {
    if (stat?.kind === 'symbolic link')
      throw new HostError(`${path} is a symbolic link, and keys are not written through one`, {
        hint: 'Put a real one in its place, or name the real file with path',
      });
    if (stat && stat.uid !== uid && stat.uid !== '0')
      throw new HostError(`${path} belongs to ${stat.owner} and not to ${user}: sshd ignores its keys`, {
        hint: `Find out who put it there; then: chown ${user} ${path}`,
      });
  }
  if (directory?.uid === '0' && uid !== '0' && isWritable(directory))
    throw new HostError(
      `${folder} belongs to root, and others can write it (${directory.mode}): sshd ignores its keys`,
      {
        hint: `Take that away first: chmod go-w ${folder}`,
      },
    );
  if (file && !file.kind.startsWith('regular')) throw new HostError(`${where} is no file but a ${file.kind}`);
}

interface Stat {
  readonly what: string;
  readonly uid: string;
  readonly gid: string;
  readonly owner: string;
  readonly mode: string;
  readonly kind: string;
}

function parseStat(line: string): Stat {
  const [uid = '', owner = '', gid = '', mode = '', kind = '', what = ''] = line.split(':');
  return { what, uid, gid, owner: owner === 'UNKNOWN' ? uid : owner, mode: mode.padStart(4, '0'), kind };
}

function ignoredBecause(path: string, user: Pick<Stat, 'uid' | 'gid'>, home: Stat | undefined): readonly string[] {
  if (home === undefined) return [`the home ${path} does not exist`];
  if (home.uid !== user.uid && home.uid !== '0') return [`the home ${path} belongs to ${home.owner}`];
  return isWritable(home, user.gid)
    ? [`others can write the home ${path} (${home.mode}; \`chmod go-w ${path}\` ends that)`]
    : [];
}

// Debian's sshd lets the user's own group write
function isWritable({ mode, gid }: Stat, ownGid?: string): boolean {
  const bits = Number.parseInt(mode, 8);
  return (bits & 0o002) !== 0 || ((bits & 0o020) !== 0 && gid !== ownGid);
}
