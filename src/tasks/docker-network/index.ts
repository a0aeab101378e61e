import { defineTask, type Finding } from '../../engine/task.ts';
import type { Facts } from '../../remote/facts.ts';
import { defaultPoolFindings, rangeFindings, takesHostRoutes } from '../support/docker/address-range.ts';
import { DOCKER_NEEDS } from '../support/docker/cli.ts';
import { proveDocker } from '../support/docker/prove-docker.ts';
import { refusal, warning } from '../support/finding.ts';
import { contains } from '../support/network.ts';
import { DockerNetwork } from './params.ts';
import { makeNetwork, probeNetwork, removeNetwork } from './scripts.ts';
import { aroundIn, type NetworkState, oldDefinition, readNetwork, wantedDefinition, wantNetwork } from './state.ts';

/** A network of Docker's. */
export const dockerNetworkTask = defineTask<DockerNetwork, NetworkState>({
  type: 'docker_network',
  summary: 'A network of Docker’s: its driver, subnets and options.',
  notes:
    'Read with `docker network inspect`. Nothing of a network can be changed once it is there, so one that differs is made anew, and only with `force: true`: containers that run on it are taken off and connected again with their aliases and fixed addresses, and those that are stopped find it by its name. What the playbook does not speak of (other options and labels, the subnet) is taken over. `com.docker.network.bridge.enable_icc: false` keeps containers on one network from reaching each other, a proxy and its application too: give such a pair a network of its own. Refused at plan: a driver that Docker does not have, a subnet that another network has, and one that holds your address or one of the host, or overlaps with a route of the host (networks of the drivers macvlan, ipvlan and overlay give the host no route, so they may). The default network belongs to `docker_daemon`. docker-bench 2.2, 5.30.',
  params: DockerNetwork,
  examples: [
    { name: 'front', driver_options: { 'com.docker.network.bridge.enable_icc': false } },
    {
      name: 'database',
      internal: true,
      ipam_config: [{ subnet: '172.30.5.0/24', gateway: '172.30.5.1' }],
      labels: { tier: 'data' },
      force: true,
    },
    { name: 'old', state: 'absent' },
  ],
  id: (p) => p.name,
  probe: (p) => probeNetwork(p.name),
  read: readNetwork,
  want: wantNetwork,
  apply: (change, p) =>
    p.state === 'absent' ? removeNetwork(p.name) : makeNetwork(p.name, wantedDefinition(p, change.before)),
  proof: () => proveDocker(),
  needs: () => DOCKER_NEEDS,
  provides: (p) => (p.state === 'present' ? [`network:${p.name}`] : []),
  action: (p, { before }) => (p.state === 'absent' ? 'delete' : before?.state === 'present' ? 'update' : 'create'),

  findings(change, p, { before, facts, earlier = [] }): readonly Finding[] {
    if (change === undefined) return [];
    const containers = listOf(before.containers);
    const findings: Finding[] = [];
    const consent = p.force || change.keys.every((key) => key === 'interrupted');
    if (before.state === 'present' && !consent) {
      if (p.state === 'present')
        findings.push(
          refusal(
            `${keysIn(change.keys)} cannot be changed on a network that is there: it must be made anew${containers.length === 0 ? '' : `, and ${names(containers)} ${containers.length === 1 ? 'is' : 'are'} on it`}`,
            'force: true makes it anew and connects its containers again',
          ),
        );
      else if (containers.length > 0)
        findings.push(
          refusal(
            `${names(containers)} ${containers.length === 1 ? 'is' : 'are'} on this network`,
            'Take them off first; force: true takes them off',
          ),
        );
    } else if (containers.length > 0 && before.state === 'present') {
      findings.push(
        warning(
          p.state === 'absent'
            ? `${names(containers)} will be without this network`
            : `${names(containers)} will be off this network for a moment: connections break`,
        ),
      );
    }
    if (p.state === 'absent') return findings;
    const drivers = listOf(before.drivers);
    if (drivers.length > 0 && !drivers.includes(p.driver))
      findings.push(refusal(`Docker has no network driver ${p.driver} here`, `It has ${drivers.join(', ')}`));
    for (const { subnet } of p.ipam_config ?? []) {
      const other = listOf(before.subnets).find((line) => overlap(subnet, line.split(' ')[0] ?? ''));
      if (other !== undefined)
        findings.push(
          refusal(`${subnet} overlaps with ${other.replace(' ', ' of the network ')}`, 'Choose a subnet that is free'),
        );
    }
    return [...findings, ...hostFindings(change.keys, p, before, earlier.length, facts)];
  },

  undo(change, p) {
    const old = oldDefinition(change.before);
    return old === undefined ? removeNetwork(p.name) : makeNetwork(p.name, old);
  },
});

/** What its ranges would do to the host around Docker, where the network is made, or made anew. */
function hostFindings(
  keys: readonly string[],
  p: DockerNetwork,
  before: NetworkState,
  earlier: number,
  facts: Facts,
): readonly Finding[] {
  if (!takesHostRoutes(p.driver) || keys.every((key) => key === 'interrupted')) return [];
  const { ranges, pools } = aroundIn(before);
  const definition = wantedDefinition(p, before);
  const bridge = definition.options['com.docker.network.bridge.name'];
  const wanted = definition.pools.map(({ subnet }) => ({ name: 'the subnet', network: subnet, bridge }));
  if (wanted.length > 0) return rangeFindings(wanted, ranges, facts);
  return defaultPoolFindings(earlier + 1, pools, ranges, facts);
}

function listOf(value: NetworkState[string] | undefined): readonly string[] {
  return Array.isArray(value) ? value : [];
}

function names(containers: readonly string[]): string {
  const shown = containers.slice(0, 5).join(', ');
  return `${containers.length === 1 ? 'the container' : 'the containers'} ${shown}${containers.length > 5 ? ` and ${containers.length - 5} more` : ''}`;
}

function keysIn(keys: readonly string[]): string {
  return keys
    .filter((key) => key !== 'interrupted')
    .map((key) => key.replace(/^(driver_options|labels)\./, ''))
    .join(', ');
}

function overlap(one: string, other: string): boolean {
  return contains(one, other) || contains(other, one);
}
