import type { Facts } from '../../remote/facts.ts';
import { type Script, sh } from '../../remote/sh.ts';
import type { WayIn } from '../access-effect.ts';
import { RUNS } from '../host-layout.ts';
import { NETWORK_FILES } from './boot-disk-script.ts';

const NAME = 'harden-boot-check.service';
const UNIT = `/etc/systemd/system/${NAME}`;
// Also where the boot ends in rescue mode.
const WANTED = `/etc/systemd/system/sysinit.target.wants/${NAME}`;

/** Script that takes the check of an earlier run away: only the newest run has one. */
export const BOOT_CHECK_REMOVE: Script = `rm -f ${WANTED} ${UNIT}`;

/** How old a run may be, in seconds, for its first boot to be looked at. */
const DAY = 86_400;

/**
 * Script that has the first boot within a day look whether the way in is there, and undo the run where it is not; undefined where the
 * host or the way has no such check. `way`: where the next login comes in. Installs nothing where the check does not hold now.
 */
export function bootCheckScript(
  runId: string,
  facts: Pick<Facts, 'ssh' | 'systemd' | 'login'>,
  way: WayIn,
): Script | undefined {
  if (facts.ssh === null || !facts.systemd) return undefined;
  const directory = `${RUNS}/${runId}`;
  const settings = sh`harden_run=${directory} harden_address=${facts.ssh.address} harden_port=${way.port ?? facts.ssh.port} harden_login=${way.user ?? facts.login}`;
  const unit = `[Unit]
Description=harden: undo ${runId} if the way in is not there after this boot
DefaultDependencies=no
After=sysinit.target local-fs.target network.target network-online.target ssh.service sshd.service ssh.socket
ConditionPathExists=${directory}/boot-check.sh
[Service]
ExecStart=/bin/sh ${directory}/boot-check.sh
TimeoutStopSec=300
`;
  return `${settings}
cat >"$harden_run/boot-check.sh" <<'HARDEN_END'
${settings}
${FUNCTIONS}
${AT_BOOT}
HARDEN_END
${FUNCTIONS}
[ -s "$harden_run/undo.sh" ] || exit 0
if ! harden_answers "$harden_address"; then
  echo "note: no check after the next boot: no SSH server answers on $harden_address by port $harden_port from the host itself"
  exit 0
fi
date +%s >"$harden_run/boot-check"
harden_left >"$harden_run/boot-check.left"
harden_rules >"$harden_run/boot-check.rules"
harden_device >"$harden_run/boot-check.device"
mkdir -p ${WANTED.replace(/\/[^/]*$/, '')}
cat >${UNIT} <<'HARDEN_END'
${unit}HARDEN_END
chmod 0644 ${UNIT}
ln -sf ${UNIT} ${WANTED}`;
}

// What a person may have changed since: then the run is not what took the way in, and nothing is undone.
const FUNCTIONS = `harden_left() {
  harden_home=$(getent passwd "$harden_login" | cut -d : -f 6)
  find /etc/ssh /etc/passwd /etc/shadow /etc/group /etc/sudoers /etc/sudoers.d /etc/pam.d /etc/security /etc/default/ssh /etc/fstab /etc/tmpfiles.d \\
    /etc/hosts.allow /etc/hosts.deny /etc/systemd/system/ssh*.service* /etc/systemd/system/default.target /etc/systemd/system/*.wants/ssh* \\
    "\${harden_home:-/root}/.ssh" ${NETWORK_FILES} \\( -type f -o -type l \\) -exec sh -c 'for f do printf "%s %s " "$f" "$(readlink "$f")"; sha256sum <"$f" 2>/dev/null || echo; done' sh {} + 2>/dev/null | sort
}
harden_answers() {
  harden_at=$1 timeout 10 bash -c 'exec 3<>"/dev/tcp/$harden_at/$0" && IFS= read -r -t 8 line <&3 && case $line in SSH-2*) exit 0 ;; esac; exit 1' "$harden_port" 2>/dev/null
}
# the device that has the address, and whether it may be another one after a boot
harden_device() {
  ip -o addr show to "$harden_address" 2>/dev/null | awk '{ print $2, (/ dynamic /) ? "dynamic" : "fixed"; exit }'
}
# what the packet filters say of the port
harden_rules() {
  { iptables-save; ip6tables-save; nft list ruleset; } 2>/dev/null | grep -wE "dports? .*$harden_port" |
    sed -E 's/\\[[0-9]+:[0-9]+\\]//; s/counter packets [0-9]+ bytes [0-9]+//; s/^[[:space:]]+//' | sort -u
}`;

const AT_BOOT = `cd "$harden_run" || exit 0
# once, whatever comes of it
rm -f ${WANTED} ${UNIT}
read -r harden_then <boot-check || exit 0
rm -f boot-check
[ $(($(date +%s) - harden_then)) -le ${DAY} ] || exit 0
harden_left >boot-check.now
if ! cmp -s boot-check.left boot-check.now; then
  echo "harden: the way in is not as the run left it: nothing is undone" >&2
  exit 0
fi
read -r harden_dev harden_kind <boot-check.device
harden_why() {
  harden_on=$harden_address
  if [ -n "$harden_dev" ] && [ -z "$(harden_device)" ]; then
    harden_on=
    if [ "$harden_kind" = dynamic ]; then harden_on=$(ip -o addr show dev "$harden_dev" scope global | awk '{ sub(/\\/.*/, "", $4); print $4; exit }'); fi
    [ -n "$harden_on" ] || { echo "the address $harden_address is gone"; return; }
  fi
  harden_answers "$harden_on" || { echo "no SSH server answers on $harden_on by port $harden_port"; return; }
  harden_rules >boot-check.rules.now
  if { iptables-save; ip6tables-save; nft list ruleset; } 2>/dev/null | grep -qE '^:INPUT DROP|-j (DROP|REJECT)|policy drop| (drop|reject)'; then
    [ -z "$(comm -23 boot-check.rules boot-check.rules.now)" ] || { echo "the packet filter's rule for port $harden_port is gone"; return; }
  fi
}
harden_tries=0
while [ "$harden_tries" -lt 3 ]; do
  [ "$harden_tries" = 0 ] || sleep \${HARDEN_PAUSE:-60}
  harden_reason=$(harden_why)
  [ -n "$harden_reason" ] || exit 0
  harden_tries=$((harden_tries + 1))
done
echo "harden: after this boot $harden_reason: the run is undone" >&2
echo "$harden_reason" >boot-check.fired
sh ./undo.sh boot-check
systemctl daemon-reload
systemctl --no-block start default.target
for harden_unit in ssh.service ssh.socket; do
  if [ -e "/usr/lib/systemd/system/$harden_unit" ] && systemctl is-enabled -q "$harden_unit" 2>/dev/null; then systemctl --no-block restart "$harden_unit"; fi
done
if systemctl is-enabled -q systemd-networkd 2>/dev/null; then systemctl --no-block restart systemd-networkd; fi
if systemctl is-enabled -q networking 2>/dev/null; then systemctl --no-block restart networking; fi`;
