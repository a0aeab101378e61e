import { sh } from '../../remote/sh.ts';

/** Bytes of a file in a stranger's directory that are read at most: it may say of itself that it holds any number. */
const MOST_READ = 1_073_741_824;
const MOST_COPIED = 16_777_216;

/**
 * Reading where others may have put what stands there: no link is followed, nothing waits for a pipe, nothing is read without end.
 *
 * - `harden_plain PATH`: all on the way to it is root's alone to change, and no link, so the path can be used as it is.
 * - `harden_step_in PATH [follow]`: `harden_enter` for a probe: ends it where there is nothing (0) or where a stranger's link stands (65).
 * - `harden_writable PATH`: fails, and says why, where a file cannot be written there: what is there is none, as a link to /dev/null.
 * - `harden_cat BYTES`: prints so much of the file `./$harden_name`.
 * - `harden_copied BYTES`: sets `$old` to a private copy of it, which goes when the shell ends.
 * - `harden_take TO`: copies what `./$harden_name` is, as it is, to a path in a directory that root alone can write.
 */
export const READ = sh`harden_held=
harden_plain() {
  case $1 in *//* | */ | *'|'* | *[!!-~]*) return 1 ;; esac
  [ ! -L "$1" ] || return 1
  harden_way=\${1%/*}
  case "$harden_held|" in *"|$harden_way|"*) return 0 ;; esac
  while :; do
    set -- "\${harden_way:-/}" "$@"
    [ -n "$harden_way" ] || break
    harden_way=\${harden_way%/*}
  done
  while [ "$#" -gt 1 ]; do
    case $#:$(stat -c %u:%A -- "$1" 2>/dev/null) in *:0:d????-??-?) ;; 2:*) return 1 ;; *:0:d????????[tT]) ;; *) return 1 ;; esac
    shift
  done
  harden_held="$harden_held|\${1%/*}"
}
harden_step_in() {
  harden_status=0
  harden_enter "$@" || harden_status=$?
  case $harden_status in 0) ;; 2) exit 0 ;; *) exit 65 ;; esac
}
harden_writable() {
  harden_status=0
  harden_enter "$1" follow || harden_status=$?
  [ "$harden_status" -ne 2 ] || return 0
  [ "$harden_status" -eq 0 ] || return 1
  [ -e "./$harden_name" ] && [ ! -f "./$harden_name" ] && [ ! -d "./$harden_name" ] || return 0
  if [ -L "$1" ]; then echo "$1 is a link to \${PWD%/}/$harden_name, which is no file (so it is masked): remove the link first" >&2
  else echo "$1 is no file" >&2
  fi
  return 1
}
harden_linked() { echo "\${PWD%/}/$harden_name has another name elsewhere (a hard link): it is not read where others than root can write" >&2; }
harden_cat() {
  if ! harden_root_only; then
    harden_owner=$(stat -c %u .)
    case $harden_owner:$(stat -c %h:%u -- "./$harden_name") in
      *:1:*) ;;
      0:*) harden_linked; return 1 ;;
      *:*:"$harden_owner") ;;
      *) harden_linked; return 1 ;;
    esac
  fi
  [ "$1" -le ${MOST_READ} ] || { echo "\${PWD%/}/$harden_name is too large to be read where others than root can write" >&2; return 1; }
  dd "if=./$harden_name" bs=65536 iflag=nofollow,nonblock,count_bytes count="$1" status=none
}
harden_copied() {
  [ "$1" -le ${MOST_COPIED} ] || { echo "\${PWD%/}/$harden_name is too large to be edited where others than root can write" >&2; exit 65; }
  harden_copy=$(mktemp -d /run/harden-tmp.XXXXXX 2>/dev/null || mktemp -d) || exit 65
  trap 'rm -rf "$harden_copy"' EXIT
  harden_cat "$1" >"$harden_copy/old" || exit 65
  old=$harden_copy/old
}
harden_take() {
  if harden_root_only && { [ -L "./$harden_name" ] || [ -f "./$harden_name" ]; }; then
    cp -a --one-file-system -- "./$harden_name" "$1"
    return
  fi
  if [ -L "./$harden_name" ] || [ ! -d "./$harden_name" ]; then
    harden_status=0
    (
      if [ -z "\${harden_private:-}" ]; then
        harden_beside || exit 3
        trap 'rm -rf -- "$harden_private"' EXIT
      fi
      [ -z "$harden_apart" ] || exit 3
      harden_hold && cp -a -- "$harden_held_thing" "$1" && rm -f -- "$harden_held_thing"
    ) || harden_status=$?
    [ "$harden_status" -eq 3 ] || return "$harden_status"
  fi
  rm -rf -- "$1.taken" "$1.failed"
  mkdir -m 0700 -- "$1.taken" || return 1
  # tar opens each thing from the directory that holds it, follows no link and waits for no pipe; 1: something changed while it was read
  { tar --create --one-file-system --acls --xattrs --xattrs-include='*' --numeric-owner --sparse --warning=no-file-ignored --warning=no-file-changed --warning=no-file-removed --file=- -- "./$harden_name" || [ "$?" -eq 1 ] || : >"$1.failed"; } |
    tar --extract --directory="$1.taken" --preserve-permissions --same-owner --acls --xattrs --xattrs-include='*' --numeric-owner --delay-directory-restore --file=- || : >"$1.failed"
  [ ! -e "$1.failed" ] && mv -T -- "$1.taken/$harden_name" "$1" && rmdir -- "$1.taken" && { [ ! -f "$1" ] || [ -L "$1" ] || [ "$(stat -c %u -- "$1")" = "$(stat -c %u .)" ]; } && return 0
  rm -rf -- "$1.taken" "$1.failed"
  echo "\${PWD%/}/$harden_name could not be copied" >&2
  return 1
}`;
