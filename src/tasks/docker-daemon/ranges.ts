import type { Change } from '../../engine/diff.ts';
import type { Finding } from '../../engine/task.ts';
import type { Facts } from '../../remote/facts.ts';
import { raw, type Script, sh } from '../../remote/sh.ts';
import { defaultPoolFindings, parsePools, rangeFindings, type WantedRange } from '../support/docker/address-range.ts';
import { mergeConfig, parseConfig } from '../support/docker/daemon-json.ts';
import { type HostRange, parseHostAddresses, readHostAddresses } from '../support/docker/host-addresses.ts';
import type { JsonMap } from '../support/docker/json.ts';
import { readDaemon } from '../support/docker/read-daemon.ts';
import type { DaemonState, DockerDaemon } from './state.ts';

const POOLS = 'default-address-pools';
/** Keys that give the default bridge its range. */
const BRIDGE_RANGES = ['bip', 'bip6', 'fixed-cidr', 'fixed-cidr-v6'];
const KEYS = [...BRIDGE_RANGES, POOLS];

const DAEMON = '== daemon\n';

/** Whether the task has a say in which addresses Docker takes. */
export function speaksOfRanges(p: DockerDaemon): boolean {
  return KEYS.some((key) => key in p.options || p.remove.includes(key));
}

/** Script that prints the host's addresses and routes, and then what `readDaemon` prints. */
export function aroundDaemon(): Script {
  return sh`${raw(readHostAddresses())}
echo '== daemon'
${raw(readDaemon())}`;
}

/** What `readDaemon` printed. */
export function daemonPart(output: string): string {
  return output.startsWith('== addresses') ? output.slice(output.indexOf(DAEMON) + DAEMON.length) : output;
}

/** The host's addresses and routes; undefined where the probe did not ask for them. */
export function hostPart(output: string): readonly HostRange[] | undefined {
  return output.startsWith('== addresses') ? parseHostAddresses(output.slice(0, output.indexOf(DAEMON))) : undefined;
}

/** Refusals of ranges that this change brings: those that daemon.json has and Docker uses already are as they are. */
export function daemonRangeFindings(
  p: DockerDaemon,
  change: Change<DaemonState> | undefined,
  before: DaemonState,
  facts: Facts,
): readonly Finding[] {
  if (change === undefined || typeof before?.host !== 'string' || typeof before.broken === 'string') return [];
  const host = JSON.parse(before.host) as readonly HostRange[];
  const comes = (key: string): boolean => change.keys.includes(key) || change.keys.includes('loaded');
  const file = parseConfig(typeof before.file === 'string' ? before.file : undefined).config;
  const config = mergeConfig(file, p.options, p.remove);
  const bridge = typeof config.bridge === 'string' && config.bridge !== '' ? config.bridge : 'docker0';
  const wanted = KEYS.filter((key) => key in p.options && comes(key)).flatMap((key) => rangesOf(key, config, bridge));
  const findings = rangeFindings(wanted, host, facts);
  const picks = config.bip === undefined && config.bridge === undefined && ['bip', POOLS].some(comes);
  if (findings.length > 0 || !picks) return findings;
  const others = host.filter(({ device }) => device !== bridge);
  return defaultPoolFindings(1, parsePools(config[POOLS]), others, facts);
}

function rangesOf(key: string, config: JsonMap, bridge: string): readonly WantedRange[] {
  const value = config[key];
  if (key === POOLS) return (parsePools(value) ?? []).map(({ base }) => ({ name: 'the address pool', network: base }));
  return typeof value === 'string' ? [{ name: key, network: value, bridge }] : [];
}
