import { type Script, sh } from '../../remote/sh.ts';
import { COMPARE } from './perl-compare.ts';
import { FILTERS } from './perl-filters.ts';
import { MAIN } from './perl-main.ts';
import { MOUNTS } from './perl-mounts.ts';
import { NETWORK } from './perl-network.ts';
import { PUT_BACK } from './perl-put-back.ts';
import { RECORDS } from './perl-records.ts';
import { RESTORE_NETWORK } from './perl-restore-network.ts';
import { TAKE } from './perl-take.ts';

/** Perl of perl-base alone, without a module: what is loaded needs nothing any more, not even that programs can be started. */
const PROGRAM = [RECORDS, TAKE, PUT_BACK, COMPARE, MOUNTS, NETWORK, RESTORE_NETWORK, FILTERS, MAIN]
  .join('')
  .replaceAll(/^\s*#.*\n/gm, '')
  .replaceAll(/^\s+/gm, '');

/**
 * `harden_snapshot DIR` takes what a login hangs on into the new directory DIR, for the login whose name, address and port stand in the three lines of
 * `DIR/../login`; `note: ` lines say what could not be taken. `harden_compare DIR` prints, a line each, what differs from it and did not at the last call.
 */
export const SNAPSHOT_FUNCTIONS: Script = sh`harden_snap_program=${PROGRAM}
harden_snap() { perl -e "$harden_snap_program" -- "$@"; }
harden_snapshot() {
  mkdir -p -m 0700 "$1" || return 1
  if ! command -v perl >/dev/null; then echo 'note: no perl here: what a login hangs on is not kept beside the undo of each step'; return 0; fi
  cat "\${1%/*}/login" >"$1/login" 2>/dev/null || printf '\\n\\n\\n' >"$1/login"
  printf '%s' "$harden_snap_program" >"$1/program" && harden_snap take "$1" "$(uname -m)" && sync "$1/program" "$1/files" "$1/content" "$1/net" "$1"
}
harden_compare() { [ ! -s "$1/files" ] || harden_snap compare "$1" || echo 'programs: none can be started any more'; }`;

/**
 * `restore_snapshot DIR` puts back what differs from the snapshot in DIR, a line for each thing. `foothold_start DIR`, called by the process that waits, has a child hold
 * all of it in memory and the programs open; `foothold_repair`, which starts no program, has that child put back what the undo itself needs.
 */
export const SNAPSHOT_RESTORE: Script = sh`foothold=
foothold_start() {
  [ -s "$1/files" ] && command -v perl >/dev/null && rm -f "$1/ask" "$1/answer" && mkfifo -m 0600 "$1/ask" "$1/answer" || return 0
  exec 4<>"$1/ask" 5<>"$1/answer"
  ulimit -n 16384 2>/dev/null || ulimit -n "$(ulimit -H -n)" 2>/dev/null || :
  { perl "$1/program" hold "$1" "$$" </dev/null >/dev/null 2>&1 || :; echo >&5; } &
  read -r foothold <&5 || foothold=
  exec 5<"$1/answer"
}
foothold_ask() {
  echo "$1" >&4
  while read -r foothold_said <&5; do
    case $foothold_said in
      'end 0') return 0 ;;
      'end '*) return 1 ;;
      *) echo "$foothold_said" ;;
    esac
  done
  foothold=
  return 1
}
foothold_repair() { [ -z "$foothold" ] || foothold_ask repair; }
restore_snapshot() {
  if [ -n "$foothold" ]; then foothold_ask restore; else perl "$1/program" restore "$1"; fi
}`;
