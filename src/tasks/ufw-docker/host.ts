import { raw, type Script, sh } from '../../remote/sh.ts';
import { parseConfig } from '../support/docker/daemon-json.ts';
import { DAEMON_JSON, docker } from '../support/docker/read-daemon.ts';
import { mark } from '../support/text-block.ts';
import { FAMILIES, MARKER } from './rules.ts';

/** What the host said of its firewall and its Docker. */
export interface UfwDockerHost {
  /** ufw.conf says that the firewall stands. */
  readonly enabled: boolean;
  readonly ipv6: boolean;
  /** For each family: what stands between the markers (undefined: no block), other lines of the file that speak of DOCKER-USER, and the kernel's rules. */
  readonly families: readonly {
    readonly block: string | undefined;
    readonly others: readonly string[];
    /** `iptables -S`'s lines of DOCKER-USER and FORWARD. */
    readonly kernel: readonly string[];
  }[];
  /** Why this Docker makes no DOCKER-USER chain; undefined: it makes one. */
  readonly noChain: string | undefined;
  /** Docker runs. */
  readonly running: boolean;
  /** Docker's networks: name, driver, and the bridge's own name where it was given one. */
  readonly networks: readonly { readonly name: string; readonly driver: string; readonly bridge: string }[];
  /** What containers publish to other machines: `web 0.0.0.0:8080->80/tcp`. */
  readonly published: readonly string[];
}

const NETWORK = '{{.Name}} {{.Driver}} {{index .Options "com.docker.network.bridge.name"}}';

/** Script that prints what `parseUfwDocker` reads; nothing where ufw is not there. Asks Docker only while it runs: else systemd would start it. */
export function askUfwDocker(): Script {
  const families = FAMILIES.map(
    ({ family, file, iptables }) => sh`printf '== file %s\n' ${family}
cat ${file} 2>/dev/null
printf '\n== kernel %s\n' ${family}
${iptables} -S 2>/dev/null | grep -E '^-A (DOCKER-USER|FORWARD) '
`,
  );
  return sh`[ -e /etc/ufw/ufw.conf ] || exit 0
echo '== settings'
grep -hE '^[[:space:]]*(IPV6|ENABLED)=' /etc/default/ufw /etc/ufw/ufw.conf
${raw(families.join(''))}unit=$(systemctl show -p ExecStart,ActiveState docker.service 2>/dev/null)
echo '== unit'
printf '%s\n' "$unit"
[ ! -f /etc/default/docker ] || grep '^[^#]' /etc/default/docker
case $unit in *ActiveState=active*)
  echo '== networks'
  networks=$(docker -H unix:///run/docker.sock network ls -q 2>/dev/null)
  set -f
  [ -z "$networks" ] || ${raw(docker('network inspect', NETWORK))} $networks 2>/dev/null
  echo '== published'
  docker -H unix:///run/docker.sock ps --format ${'{{.Names}} {{.Ports}}'} 2>/dev/null
  ;;
esac
[ ! -e ${DAEMON_JSON} ] || { echo '== daemon.json'; cat ${DAEMON_JSON}; }`;
}

/** What `askUfwDocker` printed; null where ufw is not there. */
export function parseUfwDocker(output: string): UfwDockerHost | null {
  if (!output.startsWith('== settings')) return null;
  const sections = new Map(
    output.split(/^== /m).map((part) => {
      const end = part.indexOf('\n');
      return [part.slice(0, end), part.slice(end + 1)] as const;
    }),
  );
  const section = (name: string): string => sections.get(name) ?? '';
  const lines = (name: string): string[] => section(name).split('\n').filter(Boolean);
  const says = (variable: string): boolean =>
    lines('settings').some((line) => new RegExp(`^\\s*${variable}=["']?yes\\b`, 'i').test(line));
  const unit = section('unit');
  const running = /^ActiveState=active/m.test(unit);
  const families = FAMILIES.map(({ family }) => ({
    ...readFile(section(`file ${family}`)),
    kernel: lines(`kernel ${family}`),
  }));
  return {
    enabled: says('ENABLED'),
    ipv6: says('IPV6'),
    families,
    noChain: whyNoChain(unit, section('daemon.json'), running && !jumps(families[0]?.kernel ?? []).docker),
    running,
    networks: lines('networks').map((line) => {
      const [name = '', driver = '', bridge = ''] = line.split(' ');
      return { name, driver, bridge: bridge === '<no' ? '' : bridge };
    }),
    published: lines('published').flatMap(reachable),
  };
}

/** Where FORWARD goes: to Docker's own chains at all, to DOCKER-USER at all, and to DOCKER-USER before them. */
export function jumps(kernel: readonly string[]): {
  readonly docker: boolean;
  readonly user: boolean;
  readonly first: boolean;
} {
  const targets = kernel.flatMap((line) => /^-A FORWARD .*-j (DOCKER\S*)$/.exec(line)?.[1] ?? []);
  return {
    docker: targets.some((target) => target !== 'DOCKER-USER'),
    user: targets.includes('DOCKER-USER'),
    first: targets[0] === 'DOCKER-USER',
  };
}

function readFile(text: string): { readonly block: string | undefined; readonly others: readonly string[] } {
  const lines = text.split('\n');
  const begin = lines.indexOf(mark(MARKER, 'BEGIN'));
  const end = lines.indexOf(mark(MARKER, 'END'));
  const hasBlock = begin !== -1 && end > begin;
  const others = hasBlock ? [...lines.slice(0, begin), ...lines.slice(end + 1)] : lines;
  return {
    block: hasBlock
      ? lines
          .slice(begin + 1, end)
          .map((line) => `${line}\n`)
          .join('')
      : undefined,
    others: others.filter((line) => /^[^#]*\bDOCKER-USER\b/.test(line)),
  };
}

function whyNoChain(unit: string, file: string, hasNone: boolean): string | undefined {
  const { config } = parseConfig(file);
  if (config['firewall-backend'] === 'nftables') return `firewall-backend is nftables in ${DAEMON_JSON}`;
  if (config.iptables === false) return `iptables is false in ${DAEMON_JSON}`;
  const flag = /--firewall-backend[= ]"?nftables|--iptables=(?:false|0|f)\b/i.exec(unit)?.[0];
  if (flag !== undefined) return `dockerd is started with ${flag}`;
  return hasNone ? 'Docker runs, but none of its chains are in iptables' : undefined;
}

/** A line of `docker ps`, with what other machines reach; nothing where there is nothing. */
function reachable(line: string): readonly string[] {
  const [name = '', ...ports] = line.split(/,? /);
  const open = ports.filter((port) => port.includes('->') && !/^(?:127\.|\[?::1\]?:)/.test(port));
  return open.length === 0 ? [] : [`${name} ${open.join(' ')}`];
}
