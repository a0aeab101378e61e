import { sh } from '../../remote/sh.ts';

/**
 * Writing beside names that others may swap. The shell stands in the directory (`harden_enter`), so which directory it is is settled;
 * what is new is made where root alone can write, on the same mount, and takes its place by one rename to `./$harden_name`.
 *
 * - `harden_beside`: makes that place, `$harden_private` (root's, 0700); fails where the mount has none, and then `$harden_stranger` is
 *   the uid of who has the directory.
 * - `harden_place`: the same, or a private directory elsewhere, out of which `harden_put` can bring what is the stranger's own.
 * - `harden_put NEW`: what is at NEW, in `$harden_private`, takes the place of `./$harden_name`.
 * - `harden_hold`: `$harden_held_thing` is another name of what `./$harden_name` is, in `$harden_private`, where nobody can swap it. It
 *   fails for a file of somebody else's that has a name outside of the directory too.
 */
export const WRITE = sh`harden_top() {
  harden_stranger=
  case $(stat -c %A .) in
    d????-??-? | d????????[tT]) if [ -O . ]; then harden_top=.; return 0; fi ;;
  esac
  harden_stranger=$(stat -c %u .)
  set --
  harden_way=$PWD
  while [ -n "$harden_way" ]; do
    harden_way=\${harden_way%/*}
    set -- "\${harden_way:-/}" "$@"
  done
  harden_top=
  for harden_way in "$@"; do
    case $(stat -c %u:%A -- "$harden_way") in 0:d????-??-? | 0:d????????[tT]) harden_top=$harden_way ;; *) break ;; esac
  done
  [ -n "$harden_top" ] && [ "$(stat -c %d .)" = "$(stat -c %d -- "$harden_top")" ] && [ "$(harden_mount .)" = "$(harden_mount "$harden_top")" ]
}
# Between two mounts of one file system nothing can be renamed.
harden_mount() {
  while read -r harden_word harden_value; do
    if [ "$harden_word" = mnt_id: ]; then echo "$harden_value"; fi
  done 3<"$1" </proc/self/fdinfo/3
}
harden_beside() {
  harden_private= harden_apart=
  harden_top || return 1
  # Leftovers of a killed run: only one runs at a time.
  for harden_left in "$harden_top"/"\${harden_mark:-.harden}".??????; do
    if [ -d "$harden_left" ] && [ ! -L "$harden_left" ] && [ -O "$harden_left" ]; then rm -rf -- "$harden_left"; fi
  done
  harden_private=$(mktemp -d "\${harden_top%/}/\${harden_mark:-.harden}.XXXXXX") || { harden_private= harden_stranger=; return 1; }
}
harden_place() {
  harden_beside || {
    [ -n "$harden_stranger" ] && harden_private=$(mktemp -d /run/harden-tmp.XXXXXX) && harden_apart=yes || { echo "nothing can be written beside \${PWD%/}/$harden_name" >&2; return 1; }
  }
}
harden_put() {
  if [ -z "$harden_apart" ]; then
    mv -fT -- "$1" "./$harden_name"
    return
  fi
  harden_own=$(stat -c %u:%g -- "$1")
  harden_entry=$(getent passwd "$harden_stranger") || harden_entry=
  IFS=: read -r _ _ _ harden_gid _ <<END
$harden_entry
END
  [ -n "$harden_gid" ] && [ "$harden_own" = "$harden_stranger:$harden_gid" ] || { harden_not_theirs; return 1; }
  harden_kind=file
  if [ -L "$1" ]; then harden_kind=$(readlink -- "$1"); set -- /dev/null link; elif [ -d "$1" ]; then set -- "$1" directory; else set -- "$1" file; fi
  timeout -k 5 120 setpriv --reuid="$harden_stranger" --regid="$harden_gid" --init-groups --no-new-privs -- sh -c 'umask 077
case $1 in
  directory) mkdir -m "$2" "./$3" ;;
  link) ln -sfT -- "$4" "./$3" ;;
  *) new=$(mktemp ./.harden.XXXXXX) && cat >"$new" && chmod "$2" "$new" && sync "$new" && mv -fT -- "$new" "./$3" ;;
esac' sh "$2" "$(stat -c %a -- "$1")" "$harden_name" "$harden_kind" <"$1" 5<&- 6<&- 7<&- 9<&-
}
harden_not_theirs() {
  echo "\${PWD%/} is on a file system where root has no directory of its own, so only what belongs to the user $harden_stranger and to the user's own group can be written there: leave owner and group out, or name these" >&2
}
harden_hold() {
  harden_held_thing=$harden_private/held
  rm -f -- "$harden_held_thing"
  ln -P -- "./$harden_name" "$harden_held_thing" || return 1
  # One moment at which both are all the names that it has, or it is the stranger's own: else it is a file of somebody's that was linked here.
  [ -L "$harden_held_thing" ] || [ "$(stat -c %d:%i:%h -- "./$harden_name")" = "$(stat -c %d:%i -- "$harden_held_thing"):2" ] ||
    { [ -n "$harden_stranger" ] && [ "$(stat -c %u -- "$harden_held_thing")" = "$harden_stranger" ]; } || {
    rm -f -- "$harden_held_thing"
    echo "\${PWD%/}/$harden_name has another name elsewhere (a hard link), or was changed by somebody else meanwhile: it is left alone where others than root can write" >&2
    return 1
  }
}`;
