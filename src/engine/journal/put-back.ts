import { sh } from '../../remote/sh.ts';

/**
 * Shell functions: `put_back KEPT` brings one kept path (`step-functions.ts` says what is kept) back as it was, or removes it where nothing
 * was there; `remove_made TOP PATH` removes the empty directories that were made between the two. Each is run in a subshell. What
 * stands there now is moved aside first, so the path is never half of one and half of the other.
 */
export const PUT_BACK = sh`put_back() {
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
  harden_place || return 1
  status=0
  put_item || status=1
  rm -rf -- "$harden_private"
  return "$status"
}

put_item() {
  cp -a -- "$item" "$harden_private/new" || return 1
  if [ -f "$harden_private/new" ] && [ ! -L "$harden_private/new" ]; then sync "$harden_private/new" || return 1; fi
  if [ -d "./$harden_name" ] && [ ! -L "./$harden_name" ] || [ -d "$item" ] && [ ! -L "$item" ]; then
    if [ -n "$harden_apart" ] || ! mv -T -- "./$harden_name" "$harden_private/old" 2>/dev/null; then rm -rf --one-file-system -- "./$harden_name"; fi
  fi
  harden_put "$harden_private/new"
}

# Directories that the step made on the way, where nothing else has come into them.
remove_made() {
  made=$2
  while [ "$made" != "$1" ]; do
    made=\${made%/*}
    [ -n "$made" ] || return 0
    (harden_enter "$made" 2>/dev/null && rmdir -- "./$harden_name" 2>/dev/null) || return 0
  done
}
`;
