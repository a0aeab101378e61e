import { type Script, sh } from '../remote/sh.ts';

/** A file of which a probe reads what stat says of it, links followed, and the SHA-256 where `hash` is set. */
export interface FileRead {
  readonly path: string;
  readonly hash?: boolean;
}

/** What is asked of stat: `root 0 root 0 644 210 regular file`. */
export const STAT_FORMAT = '%U %u %G %g %a %s %F';

// More paths than that might be too long for one command; the probes of the others ask by themselves.
const most = 500;

/**
 * Script that asks for many files at once, for the shell that runs their probes: two processes for all of them instead of two
 * for each. It defines `harden_facts PATH`, which sets `$facts`, and `harden_hash PATH`, which sets `$hash` in hex; both fail
 * where nothing was found, and a probe that fails to learn it so asks by itself.
 */
export function askFiles(files: readonly FileRead[]): Script {
  const asked = files.filter(({ path }) => isPlain(path)).slice(0, most);
  const paths = [...new Set(asked.map(({ path }) => path))];
  // what an earlier batch learnt in the same shell is old by now
  if (paths.length < 2) return 'unset -f harden_facts harden_hash 2>/dev/null || :';
  const hashed = [...new Set(asked.filter(({ hash }) => hash).map(({ path }) => path))];
  const parents = [...new Set(paths.map((path) => path.slice(0, path.lastIndexOf('/'))))];
  const ways = [...new Set(parents.flatMap(prefixes))];
  return sh`harden_newline='
'
harden_tab='	'
harden_ways=$harden_newline$(stat -c '%n %u:%A' -- ${ways} 2>/dev/null)$harden_newline
harden_known() {
  harden_way=$1
  while :; do
    harden_word=\${harden_ways##*"$harden_newline\${harden_way:-/} "}
    case $harden_word in
      "$harden_ways") return 1 ;;
      0:d????-??-?"$harden_newline"*) ;;
      # in a directory as /tmp is nobody else can move what is root's
      0:d????????[tT]"$harden_newline"*) [ "$harden_way" != "$1" ] || return 1 ;;
      *) return 1 ;;
    esac
    [ -n "$harden_way" ] || break
    harden_way=\${harden_way%/*}
  done
  harden_held="$harden_held|$1"
}
for harden_dir in ${parents}; do harden_known "$harden_dir" || :; done
harden_stats=$harden_newline$(stat -L -c ${`%n\t${STAT_FORMAT}`} -- ${paths} 2>/dev/null)
harden_regular() {
  for harden_path in ${hashed}; do ! harden_plain "$harden_path" || [ ! -f "$harden_path" ] || set -- "$@" "$harden_path"; done
  [ "$#" -eq 0 ] || sha256sum -- "$@"
}
harden_sums=$harden_newline$(harden_regular 2>/dev/null)$harden_newline
harden_facts() {
  facts=\${harden_stats##*"$harden_newline$1$harden_tab"}
  [ "$facts" != "$harden_stats" ] || return 1
  facts=\${facts%%"$harden_newline"*}
}
harden_hash() {
  hash=\${harden_sums%%"  $1$harden_newline"*}
  [ "$hash" != "$harden_sums" ] || return 1
  hash=\${hash##*"$harden_newline"}
}`;
}

/** `/`, `/etc`, `/etc/ssh` for the last of these. */
function prefixes(directory: string): readonly string[] {
  const names = directory.split('/').slice(1);
  return ['/', ...names.map((_, at) => `/${names.slice(0, at + 1).join('/')}`)].filter(
    (path, at) => at === 0 || path !== '/',
  );
}

/** Whether it stands in what stat and sha256sum print as it is, and ends where it does. */
function isPlain(path: string): boolean {
  return /^\/[^\s\\]*$/.test(path);
}
