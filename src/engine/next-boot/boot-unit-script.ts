import { type Script, sh } from '../../remote/sh.ts';

/**
 * Script that runs the SSH server as the next boot would, on its own stdin and stdout: the unit as its files are now, under another
 * name, with its conditions, drop-ins, environment, sandbox and what it runs before, and `-i` behind its own options. Leaves nothing.
 * Exit status 3: the unit's files do not start a server, as stderr says.
 */
export function bootServerScript(unit: string): Script {
  return `harden_source=${sh`${unit}`}\n${BOOT_SERVER}`;
}

// Conditions and sandbox come with the copy. What a failure of the unit would set off does not, nor what a stop of it would run or remove.
const OVERRIDE = `[Unit]
OnFailure=
OnSuccess=
SuccessAction=none
FailureAction=none
StartLimitIntervalSec=0
[Service]
Type=exec
ExecStart=
ExecStartPost=
ExecReload=
ExecStop=
ExecStopPost=
Restart=no
PIDFile=
NotifyAccess=none
WatchdogSec=0
RuntimeMaxSec=60
TimeoutStartSec=20
TimeoutStopSec=5
KillMode=control-group
RuntimeDirectoryPreserve=yes
StandardError=journal`;

const BOOT_SERVER = `harden_d=$(mktemp -d /run/harden-boot.XXXXXX) || exit 1
harden_name=harden-boot-\${harden_d##*.}.service
harden_unit=/run/systemd/system/$harden_name
harden_end() {
  rm -rf "$harden_d" "$harden_unit" "$harden_unit.d"
}
trap harden_end EXIT
# whoever is gone by then, nothing is left
trap '' PIPE HUP INT TERM
harden_not() { echo "$1" >&2; exit 3; }

case $harden_source in
  *@.service) harden_file=$harden_source ;;
  *@*.service) harden_file=\${harden_source%%@*}@.service ;;
  *) harden_file=$harden_source ;;
esac
harden_found=
for harden_root in /etc/systemd/system /run/systemd/generator /usr/local/lib/systemd/system /usr/lib/systemd/system /lib/systemd/system /run/systemd/generator.late; do
  if [ -e "$harden_root/$harden_file" ] || [ -L "$harden_root/$harden_file" ]; then harden_found=$harden_root/$harden_file; break; fi
done
[ -n "$harden_found" ] || harden_not "no file of the unit $harden_file is there"
harden_real=$(readlink -f "$harden_found") || harden_not "$harden_found leads nowhere"
[ "$harden_real" != /dev/null ] && [ -s "$harden_real" ] || harden_not "$harden_found is masked"
umask 022; mkdir -p /run/systemd/system "$harden_unit.d" && cp -- "$harden_real" "$harden_unit" || exit 1
# a drop-in counts once by its name, and one of /etc hides one of /usr
for harden_root in /usr/lib/systemd/system /usr/local/lib/systemd/system /run/systemd/generator /etc/systemd/system; do
  for harden_dir in "$harden_root/$harden_file.d" "$harden_root/\${harden_real##*/}.d"; do
    for harden_conf in "$harden_dir"/*.conf; do
      [ -e "$harden_conf" ] || continue
      if [ "$(readlink -f "$harden_conf")" = /dev/null ]; then rm -f "$harden_unit.d/\${harden_conf##*/}"
      else cp -L -- "$harden_conf" "$harden_unit.d/"; fi
    done
  done
done
harden_line=$(LC_ALL=C awk '
  !joined && /^[ \\t]*[#;]/ { next }
  { line = line $0; if (sub(/\\\\$/, " ", line)) { joined = 1; next } joined = 0
    if (line ~ /^[ \\t]*ExecStart[ \\t]*=/) { sub(/^[^=]*=[ \\t]*/, "", line); last = line }
    line = "" }
  END { print last }' "$harden_unit" $(ls "$harden_unit.d"/*.conf 2>/dev/null))
[ -n "$harden_line" ] || harden_not "$harden_file starts no program"
mkfifo -m 600 "$harden_d/in" "$harden_d/out" || exit 1
case " $harden_line " in *' -i '*) ;; *) harden_line="$harden_line -i" ;; esac
{
  echo '${OVERRIDE.replaceAll('\n', "'\n  echo '")}'
  echo "StandardInput=file:$harden_d/in"
  echo "StandardOutput=file:$harden_d/out"
  printf 'ExecStart=%s\\n' "$harden_line"
} >"$harden_unit.d/zzzz-harden.conf"

# both ends stay open here: what the unit runs before the server opens and closes them too
mkfifo -m 600 "$harden_d/told" || exit 1
exec 6<>"$harden_d/in" 7<>"$harden_d/out" 8<&0 9<>"$harden_d/told"
{
  cat <&8 >"$harden_d/in" 9>&- &
  echo $! >"$harden_d/reader"
  wait $!
  echo gone >&9
} 2>/dev/null 6>&- 7>&- &
harden_reader=$!
cat <"$harden_d/out" 6>&- 7>&- 8<&- 9>&- &
harden_writer=$!
{
  systemctl start --wait --job-mode=ignore-dependencies "$harden_name"
  echo "ended $?" >&9
} </dev/null >/dev/null 2>&1 6>&- 7>&- 8<&- &
harden_rc=
while [ -z "$harden_rc" ]; do
  read -r harden_what harden_status <&9
  case $harden_what in
    gone) systemctl stop "$harden_name" >/dev/null 2>&1 </dev/null ;;
    ended) harden_rc=$harden_status ;;
  esac
done
exec 7>&-
wait "$harden_writer"
if [ "$harden_rc" != 0 ]; then
  harden_said=$(journalctl -q -u "$harden_name" -n 8 -o cat --no-pager 2>/dev/null | grep -v "harden-boot-\\|^St[a-z]* OpenBSD" | tail -n 3 | tr '\\n' ';')
  echo "$harden_file does not start its server: \${harden_said:-what it starts ends at once}" >&2
  systemctl reset-failed "$harden_name" >/dev/null 2>&1
fi
[ ! -s "$harden_d/reader" ] || kill -9 "$(cat "$harden_d/reader")" 2>/dev/null
wait "$harden_reader" 2>/dev/null
[ "$harden_rc" != 0 ] || echo "$harden_file starts no server that stays (a condition of the unit may not hold)" >&2
exit "$harden_rc"`;
