import { sh } from '../../remote/sh.ts';

/** `harden_digest PATH`: tells apart what a path holds at one time and at another; a link is not followed. */
export const DIGEST = sh`harden_digest() {
  if [ -L "$1" ]; then
    printf 'link %s' "$(readlink -- "$1")"
  elif [ -d "$1" ]; then
    (cd -- "$1" && find . -xdev \\( -type f -exec sha256sum {} + -o -true \\) -printf '%P %y %m %U %G %l\\n' | sort)
  elif [ -e "$1" ]; then
    stat -c '%F %a %u %g' -- "$1"
    [ ! -f "$1" ] || sha256sum <"$1"
  fi | sha256sum
}`;
