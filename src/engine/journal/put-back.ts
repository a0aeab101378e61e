import { raw, type Script, sh } from '../../remote/sh.ts';
import { ENTER } from './enter.ts';

/**
 * Shell functions: `put_back KEPT` brings one kept path (`step-functions.ts` says what is kept) back as it was, or removes it where nothing
 * was there; `remove_made TOP PATH` removes the empty directories that were made between the two. Each is run in a subshell.
 */
export const PUT_BACK: Script = sh`${raw(ENTER)}

put_back() {
  path=$(cat "$1/path"; printf x)
  path=\${path%x}
  item=
  if [ -e "$1/item" ] || [ -L "$1/item" ]; then item=$1/item; fi
  status=0
  harden_enter "$path" || status=$?
  if [ "$status" -eq 2 ] && [ -z "$item" ]; then return 0; fi
  # What a rollback put away together with the directories above it comes back with them.
  while [ "$status" -eq 2 ]; do
    mkdir -m 0755 "./$harden_name" || return 1
    status=0
    harden_enter "$path" || status=$?
  done
  [ "$status" -eq 0 ] || return 1
  if [ -z "$item" ]; then
    rm -rf --one-file-system -- "./$harden_name" || return 1
    if [ -e "$1/parent" ]; then remove_made "$(cat "$1/parent")" "$path"; fi
    return 0
  fi
  for left in ./.harden-undo.??????; do if [ -d "$left" ] && [ ! -L "$left" ]; then rm -rf -- "$left"; fi; done
  private=$(mktemp -d ./.harden-undo.XXXXXX) && cd -P "$private" || return 1
  if cp -a -- "$item" new && { [ -d new ] || [ -L new ] || sync new; }; then
    if [ -d new ] && [ ! -L new ] || [ -d "../$harden_name" ] && [ ! -L "../$harden_name" ]; then rm -rf --one-file-system -- "../$harden_name"; fi
    mv -fT -- new "../$harden_name" && cd .. && rmdir -- "$private"
  else
    cd .. && rm -rf -- "$private"
    return 1
  fi
}

# Directories that the step made on the way, where nothing else has come into them.
remove_made() {
  made=$2
  while [ "$made" != "$1" ]; do
    made=\${made%/*}
    [ -n "$made" ] || return 0
    rmdir -- "$made" 2>/dev/null || return 0
  done
}
`;
