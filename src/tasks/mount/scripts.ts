import { raw, type Script, sh } from '../../remote/sh.ts';
import { namedIds } from './options.ts';
import { fstabLine, type Mount, sourceKind } from './params.ts';

/** Script that tells what the kernel, fstab, the directory and the source are like. */
export function probeMount(p: Mount): Script {
  return sh`path=${p.path} src=${p.src ?? ''}
echo '== kernel'
findmnt -P -o SOURCE,FSTYPE,OPTIONS -M "$path"
echo '== memory'
while read -r word number _; do case $word in MemTotal:) echo "$number" ;; esac; done </proc/meminfo
echo '== ids'
for id in ${namedIds(p.opts)}; do
  case $id in uid=*) base=passwd ;; *) base=group ;; esac
  entry=$(getent "$base" "\${id#*=}") && { entry=\${entry#*:*:}; echo "$id \${entry%%:*}"; }
done
echo '== same'
${raw(sameSource(p))}
echo '== directory'
if [ -d "$path" ]; then
  if [ -z "$(ls -A -- "$path" | head -n 1)" ]; then echo empty; else echo full; fi
elif [ -e "$path" ]; then echo file; fi
${raw(sourceKind(p) === 'device' ? PROBE_DEVICE : '')}
echo '== fstab'
[ ! -f /etc/fstab ] || path=$path awk '!/^[ \t]*#/ && NF >= 3 { at = $2; if (at != "/") sub("/+$", "", at); if (at == ENVIRON["path"]) { print $1, at, $3, ($4 == "" ? "defaults" : $4), $5 + 0, $6 + 0; exit } }' /etc/fstab`;
}

function sameSource(p: Mount): Script {
  switch (sourceKind(p)) {
    case 'bind':
      return '[ "$(stat -L -c %d:%i -- "$src" 2>/dev/null)" != "$(stat -L -c %d:%i -- "$path" 2>/dev/null)" ] || echo yes';
    case 'virtual':
      return ':';
    default:
      return 'findmnt -n -S "$src" -M "$path" >/dev/null && echo yes';
  }
}

const PROBE_DEVICE = `echo '== source'
case $src in /*) device=$src ;; *) device=$(findfs "$src" 2>/dev/null) ;; esac
if [ ! -b "$device" ]; then echo missing; else blkid -p -o value -s TYPE -- "$device" || echo nothing; fi`;

/** Script that prints the fstab `$old` with the line of the mount, or without one: replaced where it stands, a second one for the same place gone. */
export function editFstab(p: Mount): Script {
  const line = p.state === 'absent' ? '' : fstabLine(p);
  return sh`path=${p.path} line=${line} awk '
{ at = $2; if (at != "/") sub("/+$", "", at) }
/^[ \t]*#/ || NF < 3 || at != ENVIRON["path"] { print; next }
ENVIRON["line"] != "" && !done { print ENVIRON["line"]; done = 1 }
END { if (ENVIRON["line"] != "" && !done) print ENVIRON["line"] }' "$old"`;
}
