import { posix } from 'node:path';
import type { Change } from '../../engine/diff.ts';
import { defineTask, type Finding, type FindingContext, type Need } from '../../engine/task.ts';
import { type Script, sh } from '../../remote/sh.ts';
import { refusal, warning } from '../support/finding.ts';
import { contains } from '../support/network.ts';
import { configFileOf, configText, isRouted, keyFileOf, peerLine, Wireguard } from './params.ts';
import { probeWireguard, restartWireguard, stopWireguard, syncWireguard, unitOf, writeWireguard } from './scripts.ts';

type WireguardState = {
  /** The text of INTERFACE.conf without its keys; empty: there is none. */
  readonly config?: string;
  /** Whether the keys of the files are those of the configuration and of the interface. */
  readonly keys?: string;
  /** Owner, group and mode of configuration and private key. */
  readonly permissions?: string;
  /** What the interface has now. */
  readonly address?: readonly string[];
  readonly listen_port?: number;
  readonly peers?: readonly string[];
  readonly enabled?: boolean;
  readonly running?: boolean;
  /** This host's own. */
  readonly public_key?: string;
  /** `yes`, `wireguard-go`, or `no`: nothing on the host can speak WireGuard. */
  readonly kernel?: string;
  /** An interface of that name that WireGuard does not know. */
  readonly foreign?: boolean;
  readonly port_taken?: boolean;
} | null;

const KEYS = 'those of their files';

/** A WireGuard interface with its peers. */
export const wireguardTask = defineTask<Wireguard, WireguardState>({
  type: 'wireguard',
  summary: 'A WireGuard interface with its peers; the private key is made on the host and stays there.',
  notes:
    'Reads what the interface has (`wg show INTERFACE dump`, `ip address`), not only what `/etc/wireguard/INTERFACE.conf` says. No secret key is ever printed, sent or put into the arguments of a program; the public key, which the peers need, is told at the end of an apply and by `plan -v`. `wg-quick@INTERFACE` brings it up. A change of peers alone keeps the interface up (`wg syncconf`). Needs the package wireguard-tools, and a kernel with WireGuard or wireguard-go.',
  params: Wireguard,
  examples: [
    {
      interface: 'wg0',
      address: '10.8.0.1/24',
      listen_port: 51820,
      peers: [
        { name: 'laptop', public_key: 'q6Nq7Dl0ev9BYQfPHmXrFzq5+fBhZ5O0bCBlWbHB3ho=', allowed_ips: '10.8.0.2/32' },
        {
          name: 'office',
          public_key: 'bmXOC+F1FxEMF9dyiK2H5/1SUtzH0JuVo51h2wPfgyo=',
          allowed_ips: ['10.8.0.3/32', '192.168.40.0/24'],
          endpoint: 'office.example.org:51820',
          persistent_keepalive: 25,
        },
      ],
    },
    { interface: 'wg1', state: 'absent' },
  ],
  id: (p) => p.interface,
  probe: probeWireguard,
  read,
  want(p) {
    if (p.state === 'absent') return null;
    const written = { config: configText(p), keys: KEYS, permissions: 'root:root 600' };
    if (!p.enabled) return { ...written, enabled: false, running: false };
    return {
      ...written,
      address: [...(p.address ?? [])].sort(),
      ...(p.listen_port === undefined ? {} : { listen_port: p.listen_port }),
      peers: p.peers
        .map((peer) =>
          peerLine({
            key: peer.public_key,
            ips: peer.allowed_ips,
            keepalive: peer.persistent_keepalive ?? 0,
            preshared: peer.preshared_key_file === undefined ? 'no' : 'yes',
          }),
        )
        .sort(),
      enabled: true,
      running: true,
    };
  },
  action: (_p, change) => (change.before?.config === '' && change.action === 'update' ? 'create' : change.action),
  apply(change, p) {
    if (change.after === null)
      return sh`systemctl disable -q ${unitOf(p)} 2>/dev/null || :
${{ raw: stopWireguard(p) }}rm -f -- ${configFileOf(p)} ${keyFileOf(p)}
`;
    const { keys } = change;
    const script: Script[] = [];
    if (keys.some((key) => ['config', 'keys', 'permissions'].includes(key))) script.push(writeWireguard(p));
    if (keys.includes('enabled')) script.push(sh`systemctl ${p.enabled ? 'enable' : 'disable'} -q ${unitOf(p)}\n`);
    if (!p.enabled) script.push(stopWireguard(p));
    else if (keys.some((key) => key !== 'permissions' && key !== 'enabled'))
      script.push(keepsRoutes(change, p) ? syncWireguard(p) : restartWireguard(p));
    return script.join('');
  },
  needs: (p) => [
    'command:wg-quick',
    ...(p.private_key_file === undefined ? [] : [`path:${posix.dirname(p.private_key_file)}` as Need]),
    ...p.peers.flatMap(({ preshared_key_file: file }): Need[] => (file === undefined ? [] : [`path:${file}`])),
  ],
  provides: (p) => (p.state === 'absent' ? [] : [`path:${configFileOf(p)}`, `path:${keyFileOf(p)}`]),
  // whoever came in by it, or by a route that a peer takes over, may be cut off
  risk: (p, change) =>
    change.before?.running || p.peers.some(({ allowed_ips }) => !isRouted(p, allowed_ips)) ? 'access' : undefined,
  findings,
  tells: (p, state) =>
    state?.public_key ? `${p.interface} of this host has the public key ${state.public_key}` : undefined,
  keeps: (p) => [configFileOf(p), keyFileOf(p)],
  undo({ before }, p) {
    const enable = sh`systemctl ${before?.enabled ? 'enable' : 'disable'} -q ${unitOf(p)} 2>/dev/null || :\n`;
    return enable + (before?.running ? restartWireguard(p) : stopWireguard(p));
  },
});

function read(output: string, p: Wireguard): WireguardState {
  const at = output.indexOf('== config\n');
  const config = at === -1 ? '' : `${output.slice(at + '== config\n'.length).trimEnd()}\n`;
  const lines = (at === -1 ? output : output.slice(0, at)).split('\n');
  const all = (word: string): string[] =>
    lines.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1));
  const has = (line: string): boolean => lines.includes(line);
  const link = has('link');
  if (p.state === 'absent' && config === '' && !link && all('mode').length === 0) return null;
  const live = all('port')[0];
  const running = all('active')[0] === 'active' && live !== undefined;
  const unforced = running && !has('key in force');
  return {
    config,
    keys: has('keys written') ? (unforced ? 'not in force' : KEYS) : 'none, or not those of their files',
    permissions: all('mode').join(', '),
    address: all('address')
      .filter((address) => (p.address ?? []).includes(address) || !contains('fe80::/10', address))
      .sort(),
    listen_port: Number(live ?? 0),
    peers: all('peer').map(livePeer).sort(),
    enabled: all('enabled')[0] === 'enabled',
    running,
    ...(all('public')[0] ? { public_key: all('public')[0] ?? '' } : {}),
    kernel: all('kernel')[0] ?? 'no',
    foreign: link && live === undefined,
    port_taken: has('taken') && live === undefined,
  };
}

/** `KEY PRESHARED KEEPALIVE IPS`, as the probe prints it. */
function livePeer(line: string): string {
  const [key = '', preshared = 'no', keepalive = '', ips = ''] = line.split(' ');
  const list = ips === '(none)' ? [] : ips.split(',');
  return peerLine({
    key,
    ips: list,
    keepalive: Number(keepalive) || 0,
    preshared: preshared as 'no' | 'yes' | 'other',
  });
}

/** True where the interface can stay up: its addresses stay, and no peer needs a route, or leaves one behind. */
function keepsRoutes({ before, keys }: Change<WireguardState>, p: Wireguard): boolean {
  if (!before?.running || keys.includes('address')) return false;
  const ips = (before.peers ?? []).flatMap((line) => (line.split(', ')[0] ?? '').split(' ').slice(1));
  return isRouted(p, ips) && p.peers.every(({ allowed_ips }) => isRouted(p, allowed_ips));
}

/** Who may listen on a port. */
const RUNS = ['service:', 'wireguard:', 'docker_container:', 'docker_compose:', 'package:', 'user:'];

function findings(
  change: Change<WireguardState> | undefined,
  p: Wireguard,
  { facts, before, pending = [] }: FindingContext<WireguardState>,
): readonly Finding[] {
  if (!facts.systemd)
    return [refusal('this host does not run systemd, which brings the interface up', 'Leave the task out here', [])];
  if (!change || p.state === 'absent') return [];
  const found: Finding[] = [];
  const own = p.peers.find(({ public_key }) => public_key === before?.public_key);
  if (own)
    found.push(
      refusal(
        `the peer ${own.name ?? own.public_key} has the key of this host itself`,
        "Write the public key of the peer's own machine",
        [],
      ),
    );
  if (!p.enabled) return found;
  if (before?.kernel === 'no' && !pending.some((need) => need.startsWith('package:')))
    found.push(
      refusal(
        'nothing on this host speaks WireGuard: its kernel has no such module',
        'In a container, load it on the machine around it, or install wireguard-go in a task before this one',
      ),
    );
  if (before?.foreign)
    found.push(
      refusal(`there is an interface ${p.interface} already, and it is not WireGuard's`, 'Choose another name'),
    );
  if (before?.port_taken)
    found.push(
      refusal(
        `something listens on UDP port ${p.listen_port} already`,
        `\`ss -lunp "sport = :${p.listen_port}"\` on the host says what; choose another port`,
        RUNS,
      ),
    );
  for (const { name, public_key, allowed_ips } of p.peers)
    if (allowed_ips.some((ip) => ip.endsWith('/0')))
      found.push(warning(`all that this host sends goes through the peer ${name ?? public_key} from now on`));
  return found;
}
