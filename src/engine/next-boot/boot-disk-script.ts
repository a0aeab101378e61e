import type { Script } from '../../remote/sh.ts';

/** Where the state before the run is kept until it is proved: memory, root's alone, one at a time under the run's lock. */
const KEEP = '/run/harden/next-boot';

/**
 * Files by which the network comes up, and firewalls that load a file at the boot: no list can be whole. Folders of hooks, which packages fill, are none
 * of it, and ufw's files are not, which ufw itself brings into force.
 */
export const NETWORK_FILES = [
  '/etc/network/interfaces',
  '/etc/network/interfaces.d',
  '/etc/systemd/network',
  '/etc/systemd/networkd.conf',
  '/etc/systemd/networkd.conf.d',
  '/etc/NetworkManager/NetworkManager.conf',
  '/etc/NetworkManager/conf.d',
  '/etc/NetworkManager/system-connections',
  '/etc/netplan',
  '/etc/dhcpcd.conf',
  '/etc/dhcp/dhclient.conf',
  '/etc/cloud/cloud.cfg',
  '/etc/cloud/cloud.cfg.d',
  '/etc/nftables.conf',
  '/etc/nftables.d',
  '/etc/iptables',
  '/etc/firewalld',
].join(' ');

// What systemd will make of the disk when it starts anew: its own test run as nobody, who may read what root alone may.
// Generators' units are those of this boot in both views.
const FUNCTIONS = `harden_keep=${KEEP}
harden_boot_list() {
  find /etc/systemd /usr/lib/systemd/system /usr/local/lib/systemd/system /lib/systemd/system/ /etc/init.d /etc/fstab \\
    ! -type d ! -name 'harden-*' -printf '%p %y %l %s %m %C@\\n' 2>/dev/null | sort -u
}
harden_boot_files() {
  # what is said, not how: comments and empty lines do not count
  find ${NETWORK_FILES} \\( -type f -exec awk '!/^[ \\t]*([#;]|$)/ { print FILENAME ": " $0 }' {} + -o -type l -printf '%p: -> %l\\n' \\) 2>/dev/null | sort
}
harden_boot_tmpfiles() { systemd-tmpfiles --cat-config 2>/dev/null | sed '/^[[:space:]]*#/d;/^[[:space:]]*$/d' | sort -u; }
# $1: the folder that stands for /, empty for the disk itself
harden_boot_view() {
  [ -x /usr/lib/systemd/systemd ] && harden_systemd=/usr/lib/systemd/systemd || harden_systemd=/lib/systemd/systemd
  env -i PATH="$PATH" LC_ALL=C HOME=/ SYSTEMD_LOG_TARGET=console SYSTEMD_LOG_LEVEL=err \\
    SYSTEMD_UNIT_PATH="$1/etc/systemd/system:/run/systemd/generator.early:/run/systemd/generator:$1/usr/local/lib/systemd/system:$1/usr/lib/systemd/system:/run/systemd/generator.late" \\
    timeout 60 setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=+dac_read_search --ambient-caps=+dac_read_search \\
    "$harden_systemd" --test --system --no-pager 2>/dev/null </dev/null | awk '
      /^(->|→) By jobs:/ { jobs = 1 }
      jobs && /Action: .* -> start$/ { print "job " $2; next }
      jobs { next }
      /^\\t(->|→) Unit / { unit = $3; sub(/:$/, "", unit); told = 0 }
      /^\\t\\tBefore: network(-pre|-online)?\\.target / && !told { print "net " unit; told = 1 }' | sort -u
  harden_target=$(readlink "$1/etc/systemd/system/default.target" || readlink /usr/lib/systemd/system/default.target || readlink /lib/systemd/system/default.target)
  echo "target \${harden_target##*/}"
}
`;

/** Script that keeps what decides about the next boot's way in, as it is now. Prints nothing. */
export const KEEP_BOOT_DISK: Script = `${FUNCTIONS}
rm -rf "$harden_keep"
mkdir -p -m 0700 /run/harden && mkdir -m 0700 "$harden_keep" || exit 0
harden_boot_files >"$harden_keep/files" &
harden_boot_tmpfiles >"$harden_keep/tmpfiles" &
harden_boot_list >"$harden_keep/list"
for harden_dir in /etc/systemd/system /usr/local/lib/systemd/system /usr/lib/systemd/system; do
  [ ! -d "$harden_dir" ] || { mkdir -p "$harden_keep/root\${harden_dir%/*}" && cp -a "$harden_dir" "$harden_keep/root\${harden_dir%/*}/"; }
done
cp -p /etc/fstab "$harden_keep/fstab" 2>/dev/null || :
wait`;

/** Script that prints, in sections, what is different from what `KEEP_BOOT_DISK` kept: nothing of what is the same. */
export const COMPARE_BOOT_DISK: Script = `${FUNCTIONS}
[ -s "$harden_keep/list" ] || exit 0
harden_boot_files >"$harden_keep/files.now" &
harden_boot_tmpfiles >"$harden_keep/tmpfiles.now" &
harden_boot_list >"$harden_keep/list.now"
wait
echo '== kept'
harden_differs() { LC_ALL=C comm -3 "$harden_keep/$1" "$harden_keep/$1.now" | sed 's/^\\t//'; }
if ! cmp -s "$harden_keep/list" "$harden_keep/list.now"; then
  echo '== units'
  harden_differs list | cut -d ' ' -f 1 | sort -u
  harden_boot_view "$harden_keep/root" >"$harden_keep/view" &
  harden_boot_view '' >"$harden_keep/view.now"
  wait
  echo '== before'
  cat "$harden_keep/view"
  echo '== now'
  cat "$harden_keep/view.now"
fi
if ! cmp -s "$harden_keep/files" "$harden_keep/files.now"; then
  echo '== files'
  harden_differs files | sed 's/: .*//' | sort -u
fi
if ! cmp -s /etc/fstab "$harden_keep/fstab"; then
  echo '== fstab'
  sed 's/^/was /' "$harden_keep/fstab" 2>/dev/null
  sed 's/^/now /' /etc/fstab 2>/dev/null
  sed 's/^/mounted /' /proc/self/mounts
fi
if ! cmp -s "$harden_keep/tmpfiles" "$harden_keep/tmpfiles.now"; then
  echo '== tmpfiles'
  LC_ALL=C comm -13 "$harden_keep/tmpfiles" "$harden_keep/tmpfiles.now"
fi`;

/** Script that forgets what was kept. */
export const FORGET_BOOT_DISK: Script = `rm -rf ${KEEP}`;
