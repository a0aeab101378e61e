import { posix } from 'node:path';
import { raw, type Script, sh } from '../../remote/sh.ts';
import { type AuthorizedKey, keysOf, speaksOfOptions } from './params.ts';
import { formatKey, isSameKey, keyLabel, type PublicKey, readKeyLine } from './public-key.ts';

/** The lines that the file shall have, out of those that it has: comments and empty lines are in neither. */
export function wantedLines(p: AuthorizedKey, lines: readonly string[]): readonly string[] {
  const wanted = keysOf(p);
  const seen = new Set<PublicKey>();
  const kept = lines.flatMap((line) => {
    const found = readKeyLine(line);
    const key = found && wanted.find((candidate) => isSameKey(candidate, found));
    if (found === undefined || key === undefined) return p.exclusive ? [] : [line];
    if (p.state === 'absent' || seen.has(key)) return [];
    seen.add(key);
    return [withWanted(p, key, found, line)];
  });
  return p.state === 'absent' ? kept : [...kept, ...wanted.filter((key) => !seen.has(key)).map(formatKey)];
}

/** How lines are shown: each key by its fingerprint, and that a line is no key. */
export function labelsOf(lines: readonly string[]): readonly string[] {
  return lines.map((line) => {
    const key = readKeyLine(line);
    return key ? keyLabel(key) : `(no key, ${line.length} characters)`;
  });
}

export interface KeysEdit {
  readonly user: string;
  /** Undefined: `.ssh/authorized_keys` in the home. */
  readonly path: string | undefined;
  /** Lines that must be there: each takes the place of the same key's line. */
  readonly put: readonly string[];
  /** Lines whose keys must go. */
  readonly drop: readonly string[];
  /** Every key that is not in `put` goes. */
  readonly exclusive: boolean;
  /** Of the file; undefined: 0600, and 0644 where root writes it for the user. */
  readonly mode?: string | undefined;
  /** Of `.ssh`, where it is the user's; undefined: as it is. */
  readonly directoryMode?: string | undefined;
  /** An empty file is removed. */
  readonly removeEmpty?: boolean | undefined;
}

/**
 * Script that edits the keys of a user. What is done in a directory is done as its owner, so a link that the user put there leads
 * nowhere that the user could not go; root works in directories that root alone can write.
 */
export function editKeys(edit: KeysEdit): Script {
  const { user, path, mode = '', directoryMode, exclusive, removeEmpty = false } = edit;
  const lines = [...edit.drop.flatMap(instruction('drop')), ...edit.put.flatMap(instruction('put'))].join('\n');
  const name = path === undefined ? 'authorized_keys' : posix.basename(path);
  return sh`refuse() { printf '%s\n' "$1" >&2; exit 1; }
entry=$(getent passwd ${user}) || refuse ${`there is no user ${user}`}
IFS=: read -r _ _ uid gid _ home _ <<END
$entry
END
as_owner() {
  case $(stat -c %u:%A .) in
    "$uid":*) [ "$uid" -eq 0 ] || set -- setpriv --reuid="$uid" --regid="$gid" --init-groups --no-new-privs "$@" ;;
    0:d????-??-?) ;;
    *) refuse "$PWD belongs neither to "${user}" nor to root alone" ;;
  esac
  "$@"
}
${raw(path === undefined ? enterDotSsh(directoryMode) : enterDirectory(posix.dirname(path)))}
mode=${mode}
[ -n "$mode" ] || [ "$uid" -eq 0 ] || [ "$(stat -c %u .)" -ne 0 ] || mode=0644
printf '%s\n' ${lines} | as_owner sh -c ${EDIT} sh ${name} "\${mode:-0600}" ${exclusive ? '1' : '0'} ${removeEmpty ? '1' : '0'}
`;
}

function enterDotSsh(directoryMode: string | undefined): Script {
  const chmod =
    directoryMode === undefined ? '' : sh`[ "$(stat -c %u .)" -ne "$uid" ] || as_owner chmod ${directoryMode} .\n`;
  return sh`cd -P -- "$home" 2>/dev/null || refuse "the home $home does not exist"
home=$PWD
[ ! -L .ssh ] || refuse "$home/.ssh is a symbolic link: not followed"
if [ ! -e .ssh ]; then
  as_owner mkdir -m 0700 .ssh
  [ "$(stat -c %u .)" -ne 0 ] || chown -h "$uid:$gid" .ssh
fi
cd -P .ssh && [ "$PWD" = "\${home%/}/.ssh" ] || refuse "$home/.ssh is a symbolic link: not followed"
${raw(chmod)}`;
}

function enterDirectory(directory: string): Script {
  return sh`cd -P -- ${directory} 2>/dev/null || refuse ${`the directory ${directory} does not exist`}
[ "$PWD" = ${directory} ] || refuse ${`a symbolic link leads to ${directory}: write its real path`}
`;
}

/** Runs as the owner of the directory that it is in: `$1` file, `$2` mode, `$3` exclusive, `$4` remove when empty; the edits come on stdin. */
const EDIT = sh`set -eu
umask 077
[ ! -L "./$1" ] || { echo "$PWD/$1 is a symbolic link: not followed" >&2; exit 1; }
old=./$1
[ -e "$old" ] || old=/dev/null
new=$(mktemp "./.$1.XXXXXX")
trap 'rm -f "$new"' EXIT
awk -v exclusive="$3" '
function known(text, words, count, at) {
  count = split(text, words, /[ \t]+/)
  for (at = 1; at < count; at++) if ((words[at] "\t" words[at + 1]) in verb) return words[at] "\t" words[at + 1]
  return ""
}
NR == FNR {
  split($0, field, "\t")
  key = field[2] "\t" field[3]
  verb[key] = field[1]
  if (field[1] == "put") { text[key] = substr($0, length(field[1] field[2] field[3]) + 4); order[++puts] = key }
  next
}
{ sub(/\r$/, "") }
/^[ \t]*(#|$)/ { print; next }
{
  key = known($0)
  if (key == "") { if (exclusive == 0) print; next }
  if (verb[key] == "drop" || key in seen) next
  seen[key] = 1
  print text[key]
}
END { for (at = 1; at <= puts; at++) if (!(order[at] in seen)) print text[order[at]] }
' - "$old" >"$new"
if [ "$4" -eq 1 ] && [ ! -s "$new" ]; then
  rm -f "./$1"
else
  # where root does the user's work, the user must be able to read on
  [ "$(id -u)" -ne 0 ] || [ ! -f "./$1" ] || chown --reference="./$1" "$new"
  chmod "$2" "$new"
  sync "$new"
  mv -fT "$new" "./$1"
fi`;

function instruction(verb: 'put' | 'drop'): (line: string) => readonly string[] {
  return (line) => {
    const key = readKeyLine(line);
    if (key === undefined) return [];
    return [verb === 'put' ? `put\t${key.type}\t${key.blob}\t${line}` : `drop\t${key.type}\t${key.blob}`];
  };
}

// what the playbook does not speak of stays: taking away options could open more than anybody meant to
function withWanted(p: AuthorizedKey, key: PublicKey, found: PublicKey, line: string): string {
  const options = speaksOfOptions(p, key) ? key.options : found.options;
  const comment = p.comment ?? found.comment;
  return options === found.options && comment === found.comment ? line : formatKey({ ...found, options, comment });
}
