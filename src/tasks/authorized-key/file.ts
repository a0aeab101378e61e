import { raw, type Script, sh } from '../../remote/sh.ts';
import { placeBeside } from '../support/enter-parent.ts';
import { type AuthorizedKey, keysOf, speaksOfOptions } from './params.ts';
import { formatKey, isSameKey, keyLabel, type PublicKey, readKeyLine } from './public-key.ts';

/** What becomes of one line: the line as it shall be, or undefined where it goes. */
interface LinePlan {
  readonly line: string;
  readonly becomes: string | undefined;
}

/** The lines that the file shall have, out of those that it has: comments and empty lines are in neither. */
export function wantedLines(p: AuthorizedKey, lines: readonly string[]): readonly string[] {
  const kept = planLines(p, lines).flatMap(({ becomes }) => (becomes === undefined ? [] : [becomes]));
  if (p.state === 'absent') return kept;
  const found = lines.map(readKeyLine);
  const missing = keysOf(p).filter((key) => !found.some((other) => other !== undefined && isSameKey(key, other)));
  return [...kept, ...missing.map(formatKey)];
}

/** A key may stand in several lines, each with options of its own; of several with the same options one is left. */
function planLines(p: AuthorizedKey, lines: readonly string[]): readonly LinePlan[] {
  const wanted = keysOf(p);
  const seen = new Map<PublicKey, readonly string[]>();
  return lines.map((line) => {
    const found = readKeyLine(line);
    const key = found && wanted.find((candidate) => isSameKey(candidate, found));
    if (found === undefined || key === undefined) return { line, becomes: p.exclusive ? undefined : line };
    if (p.state === 'absent') return { line, becomes: undefined };
    const options = speaksOfOptions(p, key) ? key.options : found.options;
    const others = seen.get(key) ?? [];
    if (others.includes(options)) return { line, becomes: undefined };
    seen.set(key, [...others, options]);
    return { line, becomes: withWanted(p, key, found, line) };
  });
}

/** How lines are shown: each key by its fingerprint, and that a line is no key. */
export function labelsOf(lines: readonly string[]): readonly string[] {
  return lines.map((line) => {
    const key = readKeyLine(line);
    return key ? keyLabel(key) : `(no key, ${line.length} characters)`;
  });
}

export interface KeysEdit {
  /** The file's lines as the plan saw them. */
  readonly lines: readonly string[];
  /** Of the file; undefined: as it is, 0600 for a new one, and 0644 where root writes it for the user. */
  readonly mode?: string | undefined;
  /** Of `.ssh`, where it is the user's; undefined: as it is. */
  readonly directoryMode?: string | undefined;
}

/**
 * Script that edits the keys of a user. Each line that the plan saw becomes what the plan says; of those that came since, the ones with
 * a key that the playbook speaks of. No link in a home is followed, and nobody can swap what is written.
 */
export function editKeys(p: AuthorizedKey, { lines, mode = '', directoryMode }: KeysEdit): Script {
  const keys = keysOf(p).map((key) => {
    const verb = p.state === 'absent' ? 'drop' : speaksOfOptions(p, key) ? 'put' : 'keep';
    return [
      'key',
      `${key.type} ${key.blob}`,
      verb,
      formatKey(p.comment === undefined ? key : { ...key, comment: p.comment }),
    ];
  });
  const seen = planLines(p, lines).map(({ line, becomes }) =>
    becomes === undefined ? ['line', line, 'drop', ''] : ['line', line, 'print', becomes],
  );
  const edits = [...keys, ...seen].map((fields) => fields.join(SEPARATOR)).join('\n');
  return sh`(
${raw(enterKeys(p, directoryMode))}mode=${mode}
[ -n "$mode" ] || [ "$uid" -eq 0 ] || [ "$here" -ne 0 ] || mode=0644
${raw(placeBeside)}old=/dev/null
if [ -e "./$harden_name" ] || [ -L "./$harden_name" ]; then
  old=$harden_private/old
  harden_take "$old" || exit 1
  [ -f "$old" ] && [ ! -L "$old" ] || refuse "\${PWD%/}/$harden_name is no file, and keys are not written there"
  case $here:$(stat -c %u:%A "$old") in
    0:* | "$uid:$uid:"* | *:???????r??) ;;
    *) refuse "\${PWD%/}/$harden_name belongs neither to "${p.user}" nor to everyone to read" ;;
  esac
fi
printf '%s\n' ${edits} | awk -v exclusive=${p.exclusive ? '1' : '0'} ${raw(EDIT)} - "$old" >"$harden_private/new" || exit 1
if [ "$here" -ne 0 ] || [ "$uid" -eq 0 ]; then chown "$uid:$gid" "$harden_private/new"
elif [ "$old" != /dev/null ]; then chown --reference="$old" "$harden_private/new"
fi || exit 1
chmod "\${mode:-0600}" "$harden_private/new" && sync "$harden_private/new" || exit 1
harden_put "$harden_private/new" || exit 1
)
`;
}

const SEPARATOR = '\u0001';

/** Leaves the shell where the keys are: `$uid` and `$gid` are the user's, `$here` the uid of who has the directory. */
function enterKeys(p: AuthorizedKey, directoryMode: string | undefined): Script {
  const path = p.path === undefined ? '"${home%/}/.ssh/authorized_keys"' : sh`${p.path}`;
  return sh`refuse() { printf '%s\n' "$1" >&2; exit 1; }
entry=$(getent passwd ${p.user}) || refuse ${`there is no user ${p.user}`}
IFS=: read -r _ _ uid gid _ home _ <<END
$entry
END
status=0
harden_enter ${raw(path)} || status=$?
${raw(p.path === undefined ? MAKE_DOT_SSH : '')}[ "$status" -ne 2 ] || refuse "the directory \${PWD%/}/$harden_name does not exist"
[ "$status" -eq 0 ] || exit 1
[ ! -L "./$harden_name" ] || refuse "\${PWD%/}/$harden_name is a symbolic link: not followed"
here=$(stat -c %u .)
case $here in "$uid") ;; 0) harden_root_only || refuse "others than root can write $PWD" ;; *) refuse "$PWD belongs neither to "${p.user}" nor to root" ;; esac
${raw(
  directoryMode === undefined
    ? ''
    : sh`[ "$here" -ne "$uid" ] || chmod ${directoryMode} .
`,
)}`;
}

const MAKE_DOT_SSH = sh`if [ "$status" -eq 2 ] && [ "$harden_name" = .ssh ] && [ ! -e .ssh ]; then
  case $(stat -c %u .) in 0 | "$uid") ;; *) refuse "$PWD belongs neither to root nor to the account that it is the home of" ;; esac
  harden_place || exit 1
  mkdir -m 0700 "$harden_private/new" && chown "$uid:$gid" "$harden_private/new" && harden_put "$harden_private/new" || { rm -rf -- "$harden_private"; exit 1; }
  rm -rf -- "$harden_private"
  status=0
  harden_enter "\${home%/}/.ssh/authorized_keys" || status=$?
fi
`;

/** The edits first, then the file: what is not spoken of keeps its bytes. */
const EDIT = `'
function known(text, words, count, at) {
  count = split(text, words, /[ \\t]+/)
  for (at = 1; at < count; at++) if ((words[at] " " words[at + 1]) in verb) return words[at] " " words[at + 1]
  return ""
}
NR == FNR {
  split($0, field, "\\001")
  if (field[1] == "key") { verb[field[2]] = field[3]; text[field[2]] = field[4]; order[++keys] = field[2] }
  else { at = ++lines[field[2]]; what[field[2], at] = field[3]; becomes[field[2], at] = field[4] }
  next
}
{
  line = $0
  sub(/\\r$/, "", line)
  gsub(/^[ \\t]+|[ \\t]+$/, "", line)
}
line ~ /^(#|$)/ { print; next }
{
  key = known(line)
  at = ++had[line]
  if ((line, at) in what) {
    if (what[line, at] == "print") { seen[key] = 1; if (becomes[line, at] == line) print; else print becomes[line, at] }
    next
  }
  if (key == "") { if (exclusive == 0) print; next }
  if (verb[key] == "drop" || (verb[key] == "put" && key in seen)) next
  seen[key] = 1
  if (verb[key] == "put") print text[key]; else print
}
END { for (at = 1; at <= keys; at++) if (verb[order[at]] != "drop" && !(order[at] in seen)) print text[order[at]] }
'`;

// what the playbook does not speak of stays: taking away options could open more than anybody meant to
function withWanted(p: AuthorizedKey, key: PublicKey, found: PublicKey, line: string): string {
  const options = speaksOfOptions(p, key) ? key.options : found.options;
  const comment = p.comment ?? found.comment;
  return options === found.options && comment === found.comment ? line : formatKey({ ...found, options, comment });
}
