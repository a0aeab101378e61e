import { raw, type Script, sh } from '../../remote/sh.ts';
import { transformFile } from '../support/replace-file.ts';
import { setAttributes } from '../support/set-attributes.ts';
import { configFileOf, configText, HIDDEN, keyFileOf, type Peer, type Wireguard } from './params.ts';

const ROOTS_ALONE = { owner: 'root', group: 'root', mode: '0600' };

/** What holds, a fact a line, then `== config` and the file; no secret key is printed, or stands in the arguments of a program. */
export function probeWireguard(p: Wireguard): Script {
  const secrets = withPreshared(p).map(
    ({ public_key, preshared_key_file }) => sh`${public_key}) IFS= read -r wanted <${preshared_key_file} || : ;;`,
  );
  return sh`interface=${p.interface} config=${configFileOf(p)} keyfile=${keyFileOf(p)}
if [ -e /sys/module/wireguard ] || modinfo wireguard >/dev/null 2>&1; then echo 'kernel yes'
elif command -v wireguard-go >/dev/null; then echo 'kernel wireguard-go'
else echo 'kernel no'; fi
key=
{ IFS= read -r key <"$keyfile"; } 2>/dev/null || :
[ -z "$key" ] || printf 'public %s\n' "$(printf '%s\n' "$key" | wg pubkey 2>/dev/null)"
stat -L -c 'mode %U:%G %a' "$config" "$keyfile" 2>/dev/null | sort -u
held=$(sed -n -E 's/^(PrivateKey|PresharedKey) = //p' "$config" 2>/dev/null)
wanted=$key
for file in ${withPreshared(p).map(({ preshared_key_file }) => preshared_key_file)}; do
  line=
  { IFS= read -r line <"$file"; } 2>/dev/null || :
  wanted="$wanted
$line"
done
[ -z "$key" ] || [ "$held" != "$wanted" ] || echo 'keys written'
[ ! -e "/sys/class/net/$interface" ] || echo link
printf 'enabled %s\nactive %s\n' "$(systemctl is-enabled "wg-quick@$interface" 2>/dev/null)" "$(systemctl is-active "wg-quick@$interface" 2>/dev/null)"
ip -o address show dev "$interface" 2>/dev/null | while read -r _ _ family address _; do
  case $family in inet | inet6) printf 'address %s\n' "$address" ;; esac
done
tab=$(printf '\t')
wg show "$interface" dump 2>/dev/null | {
  IFS=$tab read -r private _ port _ || exit 0
  printf 'port %s\n' "$port"
  [ "$private" != "$key" ] || echo 'key in force'
  while IFS=$tab read -r public preshared _ ips _ _ _ keepalive; do
    wanted=
    case $public in
      ${raw(secrets.join('\n      '))}
      *) ;;
    esac
    case $preshared in '(none)') shared=no ;; "$wanted") shared=yes ;; *) shared=other ;; esac
    printf 'peer %s %s %s %s\n' "$public" "$shared" "$keepalive" "$ips"
  done
}
${raw(p.listen_port === undefined ? '' : sh`[ -z "$(ss -Hlun ${`sport = :${p.listen_port}`} 2>/dev/null)" ] || echo taken\n`)}if [ -f "$config" ]; then
  echo '== config'
  sed -E ${`s/((private|preshared)key[[:space:]]*=[[:space:]]*).*/\\1${HIDDEN}/I`} "$config"
fi`;
}

/** Makes the private key, unless there is one, and writes the configuration with what the key files hold. */
export function writeWireguard(p: Wireguard): Script {
  const parts = configText(p, '\0', () => '\0').split('\0');
  const files = [keyFileOf(p), ...withPreshared(p).map(({ preshared_key_file }) => preshared_key_file ?? '')];
  const lines = parts.map((part, at) => {
    const file = files[at];
    const key =
      at === parts.length - 1 || file === undefined
        ? ''
        : sh`\nIFS= read -r key <${file} && printf %s "$key" || exit 1`;
    return `${sh`printf %s ${part}`}${key}`;
  });
  return sh`[ -d /etc/wireguard ] || mkdir -m 0700 /etc/wireguard
[ -s ${keyFileOf(p)} ] || ${raw(transformFile({ path: keyFileOf(p), ...ROOTS_ALONE, produce: 'wg genkey' }))}
${raw(setAttributes(keyFileOf(p), ROOTS_ALONE))}
${raw(transformFile({ path: configFileOf(p), ...ROOTS_ALONE, produce: lines.join('\n') }))}`;
}

/** Gives the running interface its peers and keys without taking it down. */
export function syncWireguard(p: Wireguard): Script {
  // what a peer does not have any more is left as it was by syncconf
  const without = p.peers
    .map(({ public_key, preshared_key_file: file, persistent_keepalive: seconds }) => ({
      public_key,
      off: [
        ...(file === undefined ? ['preshared-key', '/dev/null'] : []),
        ...(seconds === undefined ? ['persistent-keepalive', 'off'] : []),
      ],
    }))
    .filter(({ off }) => off.length > 0)
    .map(({ public_key, off }) => sh`wg set ${p.interface} peer ${public_key} ${off}\n`);
  return sh`umask 077
wg-quick strip ${p.interface} >"$harden_tmp/stripped"
wg syncconf ${p.interface} "$harden_tmp/stripped"
${raw(without.join(''))}`;
}

/** Brings the interface up anew. A name that cannot be resolved would keep wg-quick trying for ever. */
export function restartWireguard(p: Wireguard): Script {
  const unit = unitOf(p);
  return sh`systemctl is-active -q ${unit} || ! wg show ${p.interface} >/dev/null 2>&1 || ip link delete dev ${p.interface}
# earlier starts count towards a limit of systemd's
systemctl reset-failed ${unit} 2>/dev/null || :
if ! timeout -k 5 90 systemctl restart ${unit}; then
  journalctl -u ${unit} -n 12 -o cat --no-pager >&2 || :
  systemctl stop ${unit} || :
  exit 1
fi
`;
}

/** Takes the interface down, whatever brought it up. */
export function stopWireguard(p: Wireguard): Script {
  return sh`systemctl stop ${unitOf(p)} || :
! wg show ${p.interface} >/dev/null 2>&1 || ip link delete dev ${p.interface}
systemctl reset-failed ${unitOf(p)} 2>/dev/null || :
`;
}

export function unitOf(p: Wireguard): string {
  return `wg-quick@${p.interface}.service`;
}

function withPreshared(p: Wireguard): (Peer & { readonly preshared_key_file: string })[] {
  return p.peers.flatMap((peer) =>
    peer.preshared_key_file === undefined ? [] : [{ ...peer, preshared_key_file: peer.preshared_key_file }],
  );
}
