import type { Finding } from '../../../engine/task.ts';
import type { Facts } from '../../../remote/facts.ts';
import { refusal, warning } from '../finding.ts';
import { contains } from '../network.ts';
import { textAt } from './cli.ts';
import type { HostRange } from './host-addresses.ts';
import { isMap, type Json } from './json.ts';

/** A range of addresses that Docker is to take, by the name that a person knows it by (`bip`, `the subnet`). */
export interface WantedRange {
  readonly name: string;
  readonly network: string;
  /** The bridge that it is for, where that has a name of its own: what stands on it already is Docker's to arrange. */
  readonly bridge?: string | undefined;
}

/** A pool that Docker takes ranges of `size` from by itself. */
export interface Pool {
  readonly base: string;
  readonly size: number;
}

/** Drivers whose networks give the host itself no address and no route. */
const OFF_HOST = new Set(['macvlan', 'ipvlan', 'overlay', 'host', 'null', 'none']);

/** Docker's own bridges by the names that it gives. */
const OWN_BRIDGE = /^(docker0|docker_gwbridge|br-[0-9a-f]{12})$/;

/** How many ranges others may take before it is this one's turn: tasks of another kind, or somebody at the host. */
const SLACK = 2;

/** What Docker has for pools where daemon.json names none. */
const DEFAULT_POOLS: readonly Pool[] = [
  ...['172.17.0.0/16', '172.18.0.0/16', '172.19.0.0/16'].map((base) => ({ base, size: 16 })),
  ...['172.20.0.0/14', '172.24.0.0/14', '172.28.0.0/14'].map((base) => ({ base, size: 16 })),
  { base: '192.168.0.0/16', size: 20 },
];

/** What `docker info` says of its pools; undefined where it has those that it is made with. */
export function parsePools(value: Json | undefined): readonly Pool[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const number = (pool: Json, key: string): number => (isMap(pool) ? Number(pool[key]) : Number.NaN);
  return value.map((pool: Json) => ({
    base: textAt(pool, 'Base') || textAt(pool, 'base'),
    size: number(pool, 'Size') || number(pool, 'size'),
  }));
}

/** Whether networks of this driver have the host answer for their ranges. */
export function takesHostRoutes(driver: string): boolean {
  return !OFF_HOST.has(driver);
}

/** Refusals of ranges by which this host would not find its operator, itself or a network of its own any more. */
export function rangeFindings(
  wanted: readonly WantedRange[],
  host: readonly HostRange[],
  { ssh }: Pick<Facts, 'ssh'>,
): readonly Finding[] {
  return wanted.flatMap((range) => {
    const reason = clash(range, host, ssh);
    return reason === undefined
      ? []
      : [
          refusal(
            `${range.name} ${range.network} ${reason}`,
            'Choose a range that nothing around this host uses: see `ip route` there',
          ),
        ];
  });
}

/**
 * A refusal where the ranges that Docker would choose next by itself, `count` of them, hold the operator: it keeps clear of the host's
 * own routes alone, and nothing tells it who comes through the default route. Further on in its pools: a warning.
 */
export function defaultPoolFindings(
  count: number,
  pools: readonly Pool[] | undefined,
  host: readonly HostRange[],
  { ssh }: Pick<Facts, 'ssh'>,
): readonly Finding[] {
  if (ssh === null || count === 0) return [];
  const taken = host.filter(({ device }) => OWN_BRIDGE.test(device)).map(({ network }) => network);
  const all = (pools ?? DEFAULT_POOLS).flatMap(chunks);
  const isFree = (chunk: string) => !host.some(({ network }) => overlap(chunk, network));
  const mine = all.find((chunk) => contains(chunk, ssh.client) && isFree(chunk));
  if (mine === undefined) return [];
  // some versions begin at the front each time, others behind what they gave last
  const last = all.findLastIndex((chunk) => taken.some((network) => overlap(chunk, network)));
  const next = [all, all.slice(last + 1)].flatMap((order) => order.filter(isFree).slice(0, count + SLACK));
  const hint =
    'Give the network a subnet of its own, or keep Docker away from that range with default-address-pools in docker_daemon';
  const where = `${mine}, which holds ${ssh.client}, the address that you come from`;
  return [
    next.includes(mine)
      ? refusal(
          `no subnet is said, and Docker would take ${where}: this host would look for you behind Docker's bridge`,
          hint,
        )
      : warning(`no subnet is said, and Docker takes one by itself, some day perhaps ${where}`, hint),
  ];
}

function clash(range: WantedRange, host: readonly HostRange[], ssh: Facts['ssh']): string | undefined {
  const { network, bridge } = range;
  if (ssh !== null && contains(network, ssh.client) && !behind(bridge, host, ssh.client))
    return `holds ${ssh.client}, the address that you come from: this host would look for you behind Docker's bridge`;
  const others = host.filter(({ device }) => device === '' || (device !== bridge && !OWN_BRIDGE.test(device)));
  const own = others.find((other) => other.kind === 'address' && contains(network, other.network));
  if (own !== undefined) return `holds ${own.network}, an address of this host${on(own)}`;
  const server = ssh?.address;
  if (server !== undefined && contains(network, server) && !behind(bridge, host, server))
    return `holds ${server}, the address by which you reach this host`;
  const route = others.find((other) => other.kind === 'route' && overlap(network, other.network));
  return route === undefined ? undefined : `overlaps with ${route.network}, a network of this host${on(route)}`;
}

/** True where the address is reached by the very bridge that the range is for, as now. */
function behind(bridge: string | undefined, host: readonly HostRange[], address: string): boolean {
  return bridge !== undefined && host.some(({ device, network }) => device === bridge && contains(network, address));
}

function on({ device }: HostRange): string {
  return device === '' ? '' : ` (${device})`;
}

function overlap(one: string, other: string): boolean {
  return contains(one, other) || contains(other, one);
}

/** The first ranges of a pool: more than a host has networks. */
function chunks({ base, size }: Pool): readonly string[] {
  const [first = '', bits = '0'] = base.split('/');
  const octets = first.split('.').map(Number);
  if (octets.length !== 4 || size < Number(bits)) return [];
  const start = octets.reduce((sum, octet) => sum * 256 + octet, 0);
  const count = Math.min(2 ** (size - Number(bits)), 4096);
  return Array.from({ length: count }, (_, at) => {
    const address = start + at * 2 ** (32 - size);
    return `${[24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.')}/${size}`;
  });
}
