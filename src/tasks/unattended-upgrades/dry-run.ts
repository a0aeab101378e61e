import { type Script, sh } from '../../remote/sh.ts';
import type { Origins } from './file.ts';

/** Script that has unattended-upgrades try itself out, as it will run at night, and fails where it does, or where it does not take exactly these origins. */
export function dryRun({ patterns, allowed }: Origins): Script {
  const wanted = [...allowed.map((entry) => `o=${entry.replace(':', ',a=')}`), ...patterns];
  return sh`codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release | tr -d '"')
id=$(sed -n 's/^ID=//p' /etc/os-release | tr -d '"')
case $id in debian) id=Debian ;; ubuntu) id=Ubuntu ;; esac
for attempt in 1 2 3 4 5 6; do
  status=0
  said=$(LC_ALL=C timeout 900 unattended-upgrade --dry-run --debug 2>&1) || status=$?
  case $said in *'ock could not be acquired'*) ;; *) break ;; esac
  [ "$attempt" -eq 6 ] || sleep 10
done
if [ "$status" -ne 0 ]; then
  printf 'unattended-upgrade --dry-run fails:\n%s\n' "$(printf '%s\n' "$said" | tail -n 5)" >&2
  exit 1
fi
origins=$(printf '%s\n' "$said" | sed -n 's/^.*Allowed origins are: //p' | head -n 1)
expected=
for origin in ${wanted}; do
  origin=$(printf '%s\n' "$origin" | sed -e "s/\\\${distro_codename}/$codename/g" -e "s/\\\${distro_id}/$id/g")
  expected=$expected\${expected:+, }$origin
done
[ "$origins" = "$expected" ] || {
  printf 'unattended-upgrade takes upgrades from other origins than it was told to: %s\ninstead of: %s\n' "$origins" "$expected" >&2
  exit 1
}
`;
}
