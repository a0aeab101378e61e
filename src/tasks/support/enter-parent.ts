import { raw, type Script, sh } from '../../remote/sh.ts';

export interface EnterParentOptions {
  /** A link at the path itself is the thing meant, not what it points to. */
  readonly noFollow?: boolean;
  /** What happens where a directory on the way is missing: `refuse` (the default) exits 1 with the reason, `accept` exits 0, `create` makes it (root:root 0755), `make` too, but only where root alone can write. */
  readonly missing?: 'refuse' | 'accept' | 'create' | 'make';
}

/**
 * Script that leaves the shell inside the real parent directory of an absolute path, its last name in `$name` (no link, unless
 * `noFollow`); exits 1 with the reason when a link on the way stands where somebody other than root could have put it. Defines
 * `refuse MESSAGE` and `only_root` (the current directory can be written by root alone). To be run in a subshell.
 * Every step is taken with `cd` from the one before, so nobody can swap a directory for a link in between.
 */
export function enterParent(path: string, { noFollow = false, missing = 'refuse' }: EnterParentOptions = {}): Script {
  const last = noFollow ? '[ "$name" != "$rest" ] && ' : '';
  return sh`${raw(refuseFunction)}only_root() { case $(stat -c %u:%g:%A .) in 0:*:d????-??-? | 0:0:d???????-?) ;; *) return 1 ;; esac; }
rest=${path} hops=0
cd /
while :; do
  while [ "$rest" != "\${rest#/}" ]; do rest=\${rest#/}; done
  while [ "$rest" != "\${rest%/}" ]; do rest=\${rest%/}; done
  name=\${rest%%/*}
  if ${raw(last)}[ -L "./$name" ]; then
    only_root || refuse "\${PWD%/}/$name is a symbolic link in a directory that others than root can write: not followed"
    hops=$((hops + 1))
    [ "$hops" -le 40 ] || refuse "\${PWD%/}/$name: too many symbolic links"
    link=$(readlink -n -- "./$name" && echo .) || exit 1
    link=\${link%.}
    case $rest in */*) rest=$link/\${rest#*/} ;; *) rest=$link ;; esac
    case $link in /*) cd / ;; esac
  elif [ "$name" = "$rest" ]; then
    break
  else
    rest=\${rest#*/}
    case $name in
      '' | .) ;;
      ..) cd -P .. ;;
      *)
        here=\${PWD%/}
        ${raw(missingStep[missing])}
        [ "$PWD" = "$here/$name" ] || refuse "$here/$name was changed by somebody else meanwhile"
        ;;
    esac
  fi
done
`;
}

/**
 * For use after `enterParent`: enters a new directory (0700) beside the path, which goes when the shell ends. Where others can write
 * the parent, they can neither look into it nor swap what is made in it for a link; and `..` stays the parent, whatever happens to
 * names. Leftovers of a killed run are removed: only one runs at a time.
 */
export function enterPrivate(path: string): Script {
  return sh`for left in ./.harden.??????; do [ ! -d "$left" ] || [ -L "$left" ] || rm -rf "$left"; done
private=$(mktemp -d ./.harden.XXXXXX) || refuse ${`nothing can be written beside ${path}`}
trap 'cd .. && rm -rf "$private"' EXIT
cd -P "$private" || { trap - EXIT; exit 1; }
case $(stat -c %u:%a .) in
  0:700 | 0:2700) ;;
  *) trap - EXIT; refuse ${`${path} was changed by somebody else meanwhile`} ;;
esac
`;
}

/** Script that defines `refuse MESSAGE`: exits 1 with the reason. */
export const refuseFunction: Script = `refuse() { printf '%s\\n' "$1" >&2; exit 1; }
`;

/** For use after `enterParent`: refuses what is there and is no regular file. */
export function refuseOther(path: string): Script {
  return sh`[ -n "$name" ] && [ ! -d "./$name" ] || refuse ${`${path} is a directory`}
[ ! -e "./$name" ] || [ -f "./$name" ] || refuse ${`${path} is not a regular file`}
`;
}

const enter = `cd -P "./$name" 2>/dev/null || refuse "$here/$name is not a directory"`;
const missingStep = {
  refuse: `[ -e "./$name" ] || refuse "the directory $here/$name does not exist"
        ${enter}`,
  accept: `[ -e "./$name" ] || exit 0
        ${enter}`,
  make: `[ -e "./$name" ] || { only_root || refuse "the directory $here/$name does not exist"; umask 022; mkdir "./$name" || exit 1; umask 077; }
        ${enter}`,
  create: `[ -e "./$name" ] || { umask 022; mkdir "./$name" || exit 1; umask 077; }
        ${enter}`,
} as const;
