import { sh } from '../../remote/sh.ts';

/**
 * `harden_enter PATH [follow]`: goes to the real directory that holds the path, whose last name is then `$harden_name`; a link there is
 * followed only with `follow`. 1: it must not go on, and says why on stderr; 2: a directory on the way, `$harden_name`, is missing.
 * Links are followed only out of directories that root alone can write (`harden_root_only`). Each step is taken from the one before, so
 * nobody can swap a directory for a link in between, and where the shell stands stays the same directory whatever happens to names.
 */
export const ENTER = sh`harden_root_only() {
  case $(stat -c %u:%g:%A .) in
    0:*:d????-??-?) ;;
    # where root's own group may write, an ACL could let others
    0:0:d???????-?) case $(ls -ld .) in d?????????+*) return 1 ;; esac ;;
    *) return 1 ;;
  esac
}
harden_enter() {
  harden_rest=$1 harden_hops=0
  while [ "$harden_rest" != "\${harden_rest%/}" ]; do harden_rest=\${harden_rest%/}; done
  # A path that a power cut left empty must not mean the root directory.
  [ -n "$harden_rest" ] && cd / || return 1
  while :; do
    while [ "$harden_rest" != "\${harden_rest#/}" ]; do harden_rest=\${harden_rest#/}; done
    [ "$harden_hops" -eq 0 ] || while [ "$harden_rest" != "\${harden_rest%/}" ]; do harden_rest=\${harden_rest%/}; done
    harden_name=\${harden_rest%%/*}
    if [ -L "./$harden_name" ] && { [ "$harden_name" != "$harden_rest" ] || [ "\${2:-}" = follow ]; }; then
      harden_root_only || { echo "\${PWD%/}/$harden_name is a symbolic link in a directory that others than root can write: not followed" >&2; return 1; }
      harden_hops=$((harden_hops + 1))
      [ "$harden_hops" -le 40 ] || { echo "\${PWD%/}/$harden_name: too many symbolic links" >&2; return 1; }
      harden_link=$(readlink -n -- "./$harden_name" && echo .) || return 1
      case $harden_rest in */*) harden_rest=\${harden_link%.}/\${harden_rest#*/} ;; *) harden_rest=\${harden_link%.} ;; esac
      case $harden_link in /*) cd / || return 1 ;; esac
      continue
    fi
    [ "$harden_name" != "$harden_rest" ] || return 0
    case $harden_name in
      .) ;;
      ..) cd -P .. || return 1 ;;
      *)
        [ -d "./$harden_name" ] || return 2
        harden_here=\${PWD%/}
        cd -P "./$harden_name" 2>/dev/null && [ "$PWD" = "$harden_here/$harden_name" ] || { echo "$harden_here/$harden_name was changed by somebody else meanwhile" >&2; return 1; }
        ;;
    esac
    harden_rest=\${harden_rest#*/}
  done
}
# The directory $harden_name itself.
harden_enter_this() {
  harden_here=\${PWD%/}
  cd -P "./$harden_name" 2>/dev/null && [ "$PWD" = "$harden_here/$harden_name" ] || { echo "$harden_here/$harden_name was changed by somebody else meanwhile" >&2; return 1; }
}`;
