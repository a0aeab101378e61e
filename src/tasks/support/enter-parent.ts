import { raw, type Script, sh } from '../../remote/sh.ts';

export interface EnterParentOptions {
  /** A link at the path itself is the thing meant, not what it points to. */
  readonly noFollow?: boolean;
  /** What happens where a directory on the way is missing: `refuse` (the default) exits 1 with the reason, `accept` exits 0, `create` makes it (root:root 0755), `make` too, but only where root alone can write. */
  readonly missing?: 'refuse' | 'accept' | 'create' | 'make';
}

/**
 * Script that leaves the shell inside the real parent directory of an absolute path, its last name in `$harden_name` (no link, unless
 * `noFollow`, when it was looked at); exits 1 with the reason when a link on the way stands where somebody other than root could have
 * put it. Defines `refuse MESSAGE`. To be run in a subshell.
 */
export function enterParent(path: string, { noFollow = false, missing = 'refuse' }: EnterParentOptions = {}): Script {
  const enter = sh`harden_status=0
harden_enter ${path} ${noFollow ? [] : ['follow']} || harden_status=$?
`;
  return sh`${raw(refuseFunction)}${raw(enter)}${raw(missing === 'create' ? createMissing(enter, '') : missing === 'make' ? createMissing(enter, ' && harden_root_only') : '')}[ "$harden_status" -ne 2 ] || [ ! -e "./$harden_name" ] || refuse "\${PWD%/}/$harden_name is not a directory"
${raw(missing === 'accept' ? '[ "$harden_status" -ne 2 ] || exit 0\n' : '')}[ "$harden_status" -ne 2 ] || refuse "the directory \${PWD%/}/$harden_name does not exist"
[ "$harden_status" -eq 0 ] || exit 1
`;
}

/** For use after `enterParent`: makes `$harden_private`, out of which `harden_put` brings what is new to the path; it goes when the shell ends. */
export const placeBeside: Script = `harden_place || exit 1
trap 'rm -rf -- "$harden_private"' EXIT
`;

/** Script that defines `refuse MESSAGE`: exits 1 with the reason. */
export const refuseFunction: Script = `refuse() { printf '%s\\n' "$1" >&2; exit 1; }
`;

/** For use after `enterParent`: refuses what is there and is no regular file. */
export function refuseOther(path: string): Script {
  return sh`[ -n "$harden_name" ] && [ ! -d "./$harden_name" ] || refuse ${`${path} is a directory`}
[ ! -e "./$harden_name" ] || [ -f "./$harden_name" ] || refuse ${`${path} is not a regular file`}
`;
}

function createMissing(enter: Script, where: Script): Script {
  return sh`while [ "$harden_status" -eq 2 ] && [ ! -e "./$harden_name" ]${raw(where)}; do
  (umask 022 && mkdir "./$harden_name") || exit 1
  ${raw(enter)}done
`;
}
