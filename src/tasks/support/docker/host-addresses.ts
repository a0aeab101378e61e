import { type Script, sh } from '../../../remote/sh.ts';
import { canonicalNetwork, contains, familyOf } from '../network.ts';

/** An address of the host, or a network that it has a route to, with the device behind it. */
export interface HostRange {
  readonly kind: 'address' | 'route';
  /** `10.0.0.5`, `10.0.0.0/24`. */
  readonly network: string;
  /** Empty where it could not be told. */
  readonly device: string;
}

// Nothing is reached by these, or nobody but the host itself.
const NO_WAY = new Set(['unreachable', 'blackhole', 'prohibit', 'throw', 'multicast', 'broadcast', 'anycast']);

/** Script that prints the host's addresses and routes, those of all routing tables where iproute2 is there, for `parseHostAddresses`. */
export function readHostAddresses(): Script {
  return sh`echo '== addresses'
if command -v ip >/dev/null 2>&1; then
  ip -o addr show | sed 's/^/addr /'
  { ip -o -4 route show table all; ip -o -6 route show table all; } 2>/dev/null | sed 's/^/route /'
else
  sed 's/^/route4 /' /proc/net/route
  sed 's/^/route6 /' /proc/net/ipv6_route 2>/dev/null
  sed -n '/|--/{N;/host LOCAL/{s/.*|-- \\([0-9.]*\\).*/addr4 \\1/p}}' /proc/net/fib_trie | sort -u
fi`;
}

/** What `readHostAddresses` printed: each range once, without loopback's and without default routes. */
export function parseHostAddresses(output: string): readonly HostRange[] {
  const found = new Map<string, HostRange>();
  for (const line of output.split('\n')) {
    for (const range of parseLine(line)) {
      const network = canonicalNetwork(range.network);
      if (network === undefined || range.device === 'lo' || isWide(network) || ofNobody(network)) continue;
      const key = [range.kind, network, range.device].join(' ');
      found.set(key, { ...range, network });
    }
  }
  const all = [...found.values()];
  return all.map((range) => (range.device === '' ? { ...range, device: deviceOf(range.network, all) } : range));
}

/** The device of the narrowest route that holds the address; empty without one. */
function deviceOf(address: string, all: readonly HostRange[]): string {
  const bits = ({ network }: HostRange): number => Number(network.split('/')[1] ?? 128);
  return (
    all
      .filter(({ kind, network }) => kind === 'route' && contains(network, address))
      .sort((one, other) => bits(other) - bits(one))[0]?.device ?? ''
  );
}

function parseLine(line: string): readonly HostRange[] {
  const [kind, ...words] = line.trim().split(/\s+/);
  if (kind === 'addr') return addressLine(words);
  if (kind === 'route') return routeLine(words);
  if (kind === 'addr4') return [{ kind: 'address', network: words[0] ?? '', device: '' }];
  if (kind === 'route4') return procRoute4(words);
  if (kind === 'route6') return procRoute6(words);
  return [];
}

// `2: eth0    inet 10.0.0.5/24 brd …`, and `inet 10.0.0.5 peer 10.0.0.1/32`
function addressLine(words: readonly string[]): readonly HostRange[] {
  const at = words.findIndex((word) => word === 'inet' || word === 'inet6');
  const address = words[at + 1]?.split('/')[0];
  const device = (words[1] ?? '').split('@')[0] ?? '';
  return at === -1 || address === undefined ? [] : [{ kind: 'address', network: address, device }];
}

// `10.0.0.0/24 dev eth0 …`, `local 10.0.0.5 dev eth0 …`, `10.1.0.0/16 proto static \ nexthop via … dev eth1`
function routeLine(words: readonly string[]): readonly HostRange[] {
  const typed = familyOf(words[0] ?? '') === undefined && words[0] !== 'default';
  if (typed && NO_WAY.has(words[0] ?? '')) return [];
  const network = words[typed ? 1 : 0] ?? '';
  const device = words[words.indexOf('dev') + 1] ?? '';
  return [{ kind: words[0] === 'local' ? 'address' : 'route', network, device: words.includes('dev') ? device : '' }];
}

// Iface Destination Gateway Flags RefCnt Use Metric Mask …, as the machine's own words: little-endian
function procRoute4([device = '', destination = '', , flags = '', , , , mask = '']: readonly string[]): HostRange[] {
  if (!/^[0-9A-F]{8}$/i.test(destination) || rejects(flags)) return [];
  return [{ kind: 'route', network: `${little4(destination)}/${little4(mask)}`, device }];
}

// destination, its prefix, source, its prefix, gateway, metric, references, use, flags, device
function procRoute6(words: readonly string[]): HostRange[] {
  const [destination = '', bits = '', , , , , , , flags = '', device = ''] = words;
  if (!/^[0-9a-f]{32}$/.test(destination) || rejects(flags)) return [];
  const local = (Number.parseInt(flags, 16) & 0x80000000) !== 0;
  const address = (destination.match(/.{4}/g) ?? []).join(':');
  return local
    ? [{ kind: 'address', network: address, device }]
    : [{ kind: 'route', network: `${address}/${Number.parseInt(bits, 16)}`, device }];
}

function rejects(flags: string): boolean {
  return (Number.parseInt(flags, 16) & 0x200) !== 0;
}

function little4(hex: string): string {
  return (hex.match(/../g) ?? [])
    .reverse()
    .map((byte) => Number.parseInt(byte, 16))
    .join('.');
}

// 0.0.0.0/1 and 128.0.0.0/1 are a VPN's way to say "everything"
function isWide(network: string): boolean {
  const [, bits] = network.split('/');
  return bits !== undefined && Number(bits) <= 1;
}

// every link has these
function ofNobody(network: string): boolean {
  return /^(fe80:|ff|127\.|::1$|0\.0\.0\.0|169\.254\.0\.0\/16)/.test(network);
}
