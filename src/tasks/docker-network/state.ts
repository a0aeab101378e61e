import type { StateValue } from '../../engine/state.ts';
import { type Pool as DockerPool, parsePools } from '../support/docker/address-range.ts';
import { listAt, mapAt, parseDockerJson, sections, textAt } from '../support/docker/cli.ts';
import { type HostRange, parseHostAddresses } from '../support/docker/host-addresses.ts';
import { isMap, type Json, type JsonMap } from '../support/docker/json.ts';
import { canonicalNetwork } from '../support/network.ts';
import type { DockerNetwork } from './params.ts';

/** All that a network is made with. */
export interface NetworkDefinition {
  readonly driver: string;
  readonly internal: boolean;
  readonly attachable: boolean;
  readonly ipv6: boolean;
  readonly pools: readonly { readonly subnet: string; readonly gateway?: string; readonly iprange?: string }[];
  readonly options: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * `state`: present or absent; then what the playbook speaks of, options and labels each under a key of their own. `definition`: all of
 * the network, as JSON, to make it again by. `containers`: who is on it. `interrupted`: containers wait to be connected again.
 * `subnets` and `drivers`: what others have, and what Docker can; `host`, as JSON: the host's addresses and routes, and Docker's pools.
 */
export type NetworkState = Readonly<Record<string, StateValue>>;

interface HostAround {
  readonly ranges: readonly HostRange[];
  readonly pools?: readonly DockerPool[];
}

const UNSET = 'unset';

/** What the probe printed, as far as the playbook speaks of it. */
export function readNetwork(output: string, p: DockerNetwork): NetworkState {
  const found = sections(output);
  const all = asList(parseDockerJson(found.get('networks')));
  const own = all.find((network) => textAt(network, 'Name') === p.name);
  const around = {
    subnets: all
      .filter((network) => network !== own)
      .flatMap((network) => poolsOf(network).map(({ subnet }) => `${subnet} ${textAt(network, 'Name')}`)),
    drivers: asList(parseDockerJson(found.get('drivers'))).map(String),
    host: JSON.stringify({
      ranges: parseHostAddresses(found.get('addresses') ?? ''),
      pools: parsePools(parseDockerJson(found.get('pools'))),
    }),
  };
  const interrupted = found.has('interrupted');
  if (own === undefined) return { state: 'absent', interrupted, ...around };
  const definition = definitionOf(own);
  return {
    state: 'present',
    interrupted,
    driver: definition.driver,
    internal: definition.internal,
    attachable: definition.attachable,
    enable_ipv6: definition.ipv6,
    ipam_config: (p.ipam_config ?? []).map((wanted) => {
      const pool = definition.pools.find(({ subnet }) => subnet === canonicalNetwork(wanted.subnet));
      return pool === undefined ? UNSET : spell({ ...wanted, ...pool }, Object.keys(wanted));
    }),
    ...prefixed('driver_options', Object.keys(p.driver_options), definition.options),
    ...prefixed('labels', Object.keys(p.labels), definition.labels),
    definition: JSON.stringify(definition),
    containers: (found.get('containers') ?? '').split('\n').filter((line) => line !== ''),
    ...around,
  };
}

/** What must hold. */
export function wantNetwork(p: DockerNetwork): NetworkState {
  if (p.state === 'absent') return { state: 'absent', interrupted: false };
  return {
    state: 'present',
    interrupted: false,
    driver: p.driver,
    ...(p.internal === undefined ? {} : { internal: p.internal }),
    ...(p.attachable === undefined ? {} : { attachable: p.attachable }),
    ...(p.enable_ipv6 === undefined ? {} : { enable_ipv6: p.enable_ipv6 }),
    ...(p.ipam_config === undefined
      ? {}
      : { ipam_config: p.ipam_config.map((pool) => spell(pool, Object.keys(pool))) }),
    ...prefixed('driver_options', Object.keys(p.driver_options), p.driver_options),
    ...prefixed('labels', Object.keys(p.labels), p.labels),
  };
}

/** The network that comes of laying the playbook over what is there. */
export function wantedDefinition(p: DockerNetwork, before: NetworkState | null): NetworkDefinition {
  const old = oldDefinition(before);
  const sameDriver = old?.driver === p.driver;
  return {
    driver: p.driver,
    internal: p.internal ?? old?.internal ?? false,
    attachable: p.attachable ?? old?.attachable ?? false,
    ipv6: p.enable_ipv6 ?? old?.ipv6 ?? false,
    pools: p.ipam_config?.map(canonicalPool) ?? old?.pools ?? [],
    options: { ...(sameDriver ? old?.options : {}), ...p.driver_options },
    labels: { ...old?.labels, ...p.labels },
  };
}

/** The host around Docker: its addresses and routes, and the pools that Docker takes subnets from. */
export function aroundIn(before: NetworkState): HostAround {
  return typeof before.host === 'string' ? (JSON.parse(before.host) as HostAround) : { ranges: [] };
}

/** The network as it was read; undefined where there was none. */
export function oldDefinition(before: NetworkState | null): NetworkDefinition | undefined {
  return typeof before?.definition === 'string' ? (JSON.parse(before.definition) as NetworkDefinition) : undefined;
}

function definitionOf(network: Json): NetworkDefinition {
  const truth = (key: string): boolean => isMap(network) && network[key] === true;
  return {
    driver: textAt(network, 'Driver'),
    internal: truth('Internal'),
    attachable: truth('Attachable'),
    ipv6: truth('EnableIPv6'),
    pools: poolsOf(network),
    options: texts(mapAt(network, 'Options')),
    labels: texts(mapAt(network, 'Labels')),
  };
}

function poolsOf(network: Json): NetworkDefinition['pools'] {
  return listAt(mapAt(network, 'IPAM'), 'Config').map((pool) =>
    canonicalPool({
      subnet: textAt(pool, 'Subnet'),
      gateway: textAt(pool, 'Gateway'),
      iprange: textAt(pool, 'IPRange'),
    }),
  );
}

type Pool = { readonly subnet: string; readonly gateway?: string | undefined; readonly iprange?: string | undefined };

function canonicalPool({ subnet, gateway, iprange }: Pool): NetworkDefinition['pools'][number] {
  return {
    subnet: canonicalNetwork(subnet) ?? subnet,
    ...(gateway ? { gateway: canonicalNetwork(gateway) ?? gateway } : {}),
    ...(iprange ? { iprange: canonicalNetwork(iprange) ?? iprange } : {}),
  };
}

function spell(pool: Pool, keys: readonly string[]): string {
  const canonical: Pool = canonicalPool(pool);
  const rest = (['gateway', 'iprange'] as const).filter((key) => keys.includes(key));
  return [canonical.subnet, ...rest.map((key) => `${key} ${canonical[key] ?? UNSET}`)].join(', ');
}

function prefixed(
  prefix: string,
  names: readonly string[],
  values: Readonly<Record<string, string>>,
): Record<string, string> {
  return Object.fromEntries(
    names.map((name) => [`${prefix}.${name}`, Object.hasOwn(values, name) ? String(values[name]) : UNSET]),
  );
}

function texts(map: JsonMap): Record<string, string> {
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, String(value)]));
}

function asList(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}
