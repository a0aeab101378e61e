import { parse } from 'yaml';
import type { Finding } from '../../engine/task.ts';
import type { Facts } from '../../remote/facts.ts';
import {
  defaultPoolFindings,
  type Pool,
  parsePools,
  rangeFindings,
  takesHostRoutes,
  type WantedRange,
} from '../support/docker/address-range.ts';
import { listAt, mapAt, parseDockerJson, textAt } from '../support/docker/cli.ts';
import { type HostRange, parseHostAddresses } from '../support/docker/host-addresses.ts';
import type { Json } from '../support/docker/json.ts';

/** The networks that compose would make, as far as they bear on the host, and what is around them there. */
export interface NewNetworks {
  readonly wanted: readonly WantedRange[];
  /** How many leave their subnet to Docker. */
  readonly unsaid: number;
  readonly pools?: readonly Pool[] | undefined;
  readonly host: readonly HostRange[];
}

/** What compose's dry run and its own reading of the file say of new networks; undefined where it makes none. */
export function readNewNetworks(plan: string, found: ReadonlyMap<string, string>): NewNetworks | undefined {
  const made = new Set([...plan.matchAll(/Network "?([^\s"]+)"?\s+(?:Creating|Recreat)/g)].map(([, name]) => name));
  const definitions = mapAt({ networks: parsed(found.get('definitions') ?? '') }, 'networks');
  const mine = Object.values(definitions).filter(
    (network) => made.has(textAt(network, 'name')) && takesHostRoutes(textAt(network, 'driver') || 'bridge'),
  );
  if (mine.length === 0) return undefined;
  const ranges = mine.map((network) =>
    listAt(mapAt(network, 'ipam'), 'config').filter((pool) => textAt(pool, 'subnet')),
  );
  return {
    wanted: mine.flatMap((network, at) =>
      (ranges[at] ?? []).map((pool) => ({
        name: `the subnet of the network ${textAt(network, 'name')},`,
        network: textAt(pool, 'subnet'),
        bridge: textAt(mapAt(network, 'driver_opts'), 'com.docker.network.bridge.name') || undefined,
      })),
    ),
    unsaid: ranges.filter((pools) => pools.length === 0).length,
    pools: parsePools(parseDockerJson(found.get('pools'))),
    host: parseHostAddresses(found.get('addresses') ?? ''),
  };
}

/** Refusals of ranges that would cut the host off from its operator or from a network of its own. `earlier`: how many tasks before may have taken one as well. */
export function networkFindings(networks: NewNetworks | undefined, earlier: number, facts: Facts): readonly Finding[] {
  if (networks === undefined) return [];
  const { wanted, unsaid, pools, host } = networks;
  const count = unsaid === 0 ? 0 : unsaid + earlier;
  return [...rangeFindings(wanted, host, facts), ...defaultPoolFindings(count, pools, host, facts)];
}

function parsed(text: string): Json {
  try {
    return (parse(text) as Json) ?? {};
  } catch {
    return {};
  }
}
