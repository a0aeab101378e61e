import { sh } from '../../remote/sh.ts';

/**
 * `harden_enter PATH`: goes to the real directory that holds the path, whose last name is then `$harden_name` (never followed). 1: a link
 * on the way stands where somebody other than root could have put it; 2: a directory on the way, `$harden_name`, is missing.
 * Each step is taken from the one before, so nobody can swap a directory for a link in between.
 */
export const ENTER = sh`harden_enter() {
  harden_rest=$1 harden_hops=0
  while [ "$harden_rest" != "\${harden_rest%/}" ]; do harden_rest=\${harden_rest%/}; done
  # A path that a power cut left empty must not mean the root directory.
  [ -n "$harden_rest" ] && cd / || return 1
  while :; do
    while [ "$harden_rest" != "\${harden_rest#/}" ]; do harden_rest=\${harden_rest#/}; done
    harden_name=\${harden_rest%%/*}
    [ "$harden_name" != "$harden_rest" ] || return 0
    harden_rest=\${harden_rest#*/}
    if [ "$harden_name" = .. ]; then
      cd -P .. || return 1
    elif [ "$harden_name" = . ]; then
      continue
    elif [ -L "./$harden_name" ]; then
      harden_hops=$((harden_hops + 1))
      case $harden_hops:$(stat -c %u:%g:%A .) in
        [1-9]:0:*:d????-??-? | [1-3][0-9]:0:*:d????-??-? | [1-9]:0:0:d???????-? | [1-3][0-9]:0:0:d???????-?) ;;
        *) echo "\${PWD%/}/$harden_name is a symbolic link in a directory that others than root can write: not followed" >&2; return 1 ;;
      esac
      harden_link=$(readlink -n -- "./$harden_name" && echo .) || return 1
      harden_rest=\${harden_link%.}/$harden_rest
      case $harden_link in /*) cd / || return 1 ;; esac
    else
      [ -d "./$harden_name" ] || return 2
      harden_here=\${PWD%/}
      cd -P "./$harden_name" && [ "$PWD" = "$harden_here/$harden_name" ] || return 1
    fi
  done
}`;
