import { sh } from '../../remote/sh.ts';

/** `harden_digest PATH`: tells apart what a path holds at one time and at another; a link is not followed. Where a stranger's link is on the way it is as if there were nothing. */
export const DIGEST = sh`harden_digest() {
  (
    harden_enter "$1" 2>/dev/null || exit 0
    if [ -L "./$harden_name" ]; then
      printf 'link %s' "$(readlink -- "./$harden_name")"
    elif [ -d "./$harden_name" ]; then
      harden_enter_this && tar --create --sort=name --mtime=@0 --format=gnu --one-file-system --numeric-owner --warning=no-file-ignored --warning=no-file-changed --file=- . 2>/dev/null | sha256sum
    elif [ -e "./$harden_name" ]; then
      stat -c '%F %a %u %g' -- "./$harden_name"
      if [ -f "./$harden_name" ]; then harden_cat "$(stat -c %s -- "./$harden_name")" | sha256sum; fi
    fi
  ) | sha256sum
}`;
