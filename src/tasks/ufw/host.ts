import { raw, type Script, sh } from '../../remote/sh.ts';
import { parseTuple, type UfwTuple } from './rule.ts';

/** What the host said about its firewall. */
export interface UfwHost {
  /** ufw.conf and /etc/default/ufw, by variable. */
  readonly settings: ReadonlyMap<string, string>;
  /** In the order in which they are tried, per family. */
  readonly tuples: readonly UfwTuple[];
  readonly ipv6: boolean;
  /** ufw.conf says that the firewall stands. */
  readonly enabled: boolean;
  /** The running kernel has what the files say: hooks, policies, and as many rules in each chain. False where not enabled. */
  readonly inForce: boolean;
  /** What systemd does with ufw.service at boot, where it would not start it: `disabled` or `masked`; empty: it starts it, or is not there. */
  readonly boot: string;
  /** The ports of the profiles asked for (`22/tcp`, `80,443/tcp`), by their names; a profile that is missing here does not exist. */
  readonly profiles: ReadonlyMap<string, readonly string[]>;
  /** The interface that has the address the run came in by; empty: not known. */
  readonly interface: string;
}

const RULES = ['/etc/ufw/user.rules', '/etc/ufw/user6.rules'] as const;

/** Script that prints what `parseUfw` reads; nothing where ufw is not there. Files and iptables instead of `ufw`, which starts Python. */
export function askUfw(profiles: boolean, address: string | undefined): Script {
  return sh`[ -e /etc/ufw/ufw.conf ] || exit 0
printf '# settings\n'
settings=$(grep -hE '^[[:space:]]*(IPV6|DEFAULT_(INPUT|OUTPUT|FORWARD)_POLICY|ENABLED|LOGLEVEL)=' /etc/default/ufw /etc/ufw/ufw.conf)
printf '%s\n' "$settings"
if [ -d /run/systemd/system ]; then
  printf '# boot\n'
  systemctl is-enabled ufw.service 2>/dev/null || :
fi
printf '# rules 4\n'
grep -E '^(### tuple|-A )' ${RULES[0]}
printf '# rules 6\n'
grep -E '^(### tuple|-A )' ${RULES[1]}
case $settings in *ENABLED=[yY][eE][sS]*)
  printf '# kernel 4\n'
  iptables -S
  printf '# kernel 6\n'
  ip6tables -S
  ;;
esac
${raw(profiles ? PROFILES : '')}
${raw(address === undefined ? '' : sh`printf '# interface\n'; ip -o address show to ${address}`)}
`;
}

const PROFILES = sh`printf '# profiles\n'
grep -hE '^([[]|ports *=)' /etc/ufw/applications.d/* 2>/dev/null`;

/** What `askUfw` printed; null where ufw is not there. */
export function parseUfw(output: string): UfwHost | null {
  if (output === '') return null;
  const sections = new Map<string, string[]>();
  let lines: string[] = [];
  for (const line of output.split('\n')) {
    if (/^# (settings|rules [46]|kernel [46]|profiles|interface|boot)$/.test(line)) {
      lines = [];
      sections.set(line.slice(2), lines);
    } else if (line !== '') lines.push(line);
  }
  const section = (name: string) => sections.get(name) ?? [];
  const settings = new Map(section('settings').map(setting));
  const ipv6 = settings.get('IPV6')?.toLowerCase() === 'yes';
  const enabled = settings.get('ENABLED')?.toLowerCase() === 'yes';
  const families: readonly (4 | 6)[] = ipv6 ? [4, 6] : [4];
  return {
    settings,
    tuples: families.flatMap((family) => section(`rules ${family}`).flatMap((line) => parseTuple(line, family) ?? [])),
    ipv6,
    enabled,
    inForce:
      enabled &&
      families.every((family) => isInForce(section(`rules ${family}`), section(`kernel ${family}`), family, settings)),
    boot: /^(disabled|masked)/.exec(section('boot')[0] ?? '')?.[0] ?? '',
    profiles: parseProfiles(section('profiles')),
    interface: /^\d+: ([^@\s]+)/.exec(section('interface')[0] ?? '')?.[1] ?? '',
  };
}

const CHAINS = [
  ['input', 'INPUT'],
  ['output', 'OUTPUT'],
  ['forward', 'FORWARD'],
] as const;

const HOOKS = ['before-logging', 'before', 'after', 'after-logging', 'reject', 'track'] as const;

/**
 * Puts back the jumps from the kernel's chains to ufw's where they were flushed. ufw itself does not, as long as its own chains are there,
 * and would set the policy to DROP with nothing to let anybody in.
 */
export const hookUfw: Script = sh`hook() {
  now=$($1 -S)
  for chain in INPUT:input OUTPUT:output FORWARD:forward; do
    case $now in *"-N $2-before-\${chain#*:}"*) ;; *) continue ;; esac
    missing=
    for part in ${HOOKS}; do
      case $now in *"-A \${chain%:*} -j $2-$part-\${chain#*:}"*) ;; *) missing=yes ;; esac
    done
    [ -n "$missing" ] || continue
    for part in ${HOOKS}; do
      $1 -D "\${chain%:*}" -j "$2-$part-\${chain#*:}" 2>/dev/null || :
      $1 -A "\${chain%:*}" -j "$2-$part-\${chain#*:}"
    done
  done
}
hook iptables ufw
if [ -e /proc/net/if_inet6 ]; then hook ip6tables ufw6; fi`;

/** The policy of FORWARD is left out: Docker sets its own. */
function isInForce(
  file: readonly string[],
  kernel: readonly string[],
  family: 4 | 6,
  settings: ReadonlyMap<string, string>,
): boolean {
  const prefix = family === 4 ? 'ufw' : 'ufw6';
  const counts = (lines: readonly string[], chain: string) =>
    lines.filter((line) => line.startsWith(`-A ${chain} `)).length;
  return CHAINS.every(([chain, builtin]) => {
    const accepts = settings.get(`DEFAULT_${builtin}_POLICY`) === 'ACCEPT';
    return (
      HOOKS.every((hook) => kernel.includes(`-A ${builtin} -j ${prefix}-${hook}-${chain}`)) &&
      (builtin === 'FORWARD' || kernel.includes(`-P ${builtin} ${accepts ? 'ACCEPT' : 'DROP'}`)) &&
      counts(file, `${prefix}-user-${chain}`) === counts(kernel, `${prefix}-user-${chain}`)
    );
  });
}

function setting(line: string): [string, string] {
  const at = line.indexOf('=');
  return [
    line.slice(0, at).trim(),
    line
      .slice(at + 1)
      .replace(/#.*/, '')
      .trim()
      .replaceAll(/^["']|["']$/g, ''),
  ];
}

function parseProfiles(lines: readonly string[]): Map<string, readonly string[]> {
  const profiles = new Map<string, readonly string[]>();
  let name = '';
  for (const line of lines) {
    const [, heading] = /^\[(.*)\]\s*$/.exec(line) ?? [];
    if (heading !== undefined) name = heading;
    else
      profiles.set(
        name,
        line
          .replace(/^ports *= */, '')
          .trim()
          .split('|'),
      );
  }
  return profiles;
}
