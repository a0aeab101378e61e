import { formatPosition } from '../../errors.ts';
import { entryOf, type ValueNode } from '../../playbook/nodes.ts';
import { FIELDS, type Field, isUndecided, type Maybe, type Network, type Workload } from '../workload/workload.ts';
import { extrasOf } from './extras.ts';
import { toEntry } from './merge.ts';
import { allMounts } from './mounts.ts';
import { portsOf } from './ports.ts';
import { type ComposeProject, placeOf, type Service } from './project.ts';
import { at, itemsOf, keysOf, literalOf, numberOf, switchOf, textOf, textsOf } from './values.ts';
import { tmpfsOf } from './volumes.ts';

/** A service of a compose file as what its container will be. */
export function serviceWorkload(service: Service, project: ComposeProject): Workload {
  const { node, name } = service;
  const get = (...path: readonly string[]) => at(node, ...path);
  const limit = (key: string) => get('deploy', 'resources', 'limits', key);
  const text = (key: string): Maybe<string> => textOf(get(key)) ?? '';
  return {
    subject: name,
    kind: 'service',
    image: { reference: textOf(get('image')), built: get('build') !== undefined },
    user: textOf(get('user')),
    privileged: switchOf(get('privileged')) ?? false,
    extras: extrasOf(node),
    securityOpt: textsOf(get('security_opt')),
    capAdd: textsOf(get('cap_add')),
    capDrop: textsOf(get('cap_drop')),
    readOnly: switchOf(get('read_only')) ?? false,
    tmpfs: tmpfsOf(node),
    mounts: [...allMounts(service, project)],
    devices: itemsOf(get('devices')).flatMap(deviceOf),
    deviceRules: textsOf(get('device_cgroup_rules')).filter((rule) => typeof rule === 'string'),
    networkMode: text('network_mode'),
    networks: networksOf(service, project),
    ports: portsOf(get('ports')),
    memoryLimited: anyOf([get('mem_limit'), limit('memory')]),
    cpuLimited: anyOf([get('cpus'), get('cpu_shares'), get('cpu_quota'), get('cpuset'), limit('cpus')]),
    pidsLimit: numberOf(get('pids_limit')) ?? numberOf(limit('pids')),
    hasUlimits: keysOf(get('ulimits')).length > 0,
    pidMode: text('pid'),
    ipcMode: text('ipc'),
    utsMode: text('uts'),
    usernsMode: text('userns_mode'),
    cgroupnsMode: text('cgroup'),
    cgroupParent: text('cgroup_parent'),
    health: healthOf(get('healthcheck')),
    restart: restartOf(get('restart'), get('deploy', 'restart_policy')),
    environment: variablesOf(get('environment')),
    buildArgs: variablesOf(get('build', 'args')),
    at: (field) => placeOfField(service, field),
  };
}

/** Settings that can be said below another key, too. */
const BELOW: Partial<Record<Field, readonly (readonly string[])[]>> = {
  memory: [['deploy', 'resources', 'limits', 'memory']],
  cpu: [['cpu_shares'], ['cpu_quota'], ['cpuset'], ['deploy', 'resources', 'limits', 'cpus']],
  pidsLimit: [['deploy', 'resources', 'limits', 'pids']],
  restart: [['deploy', 'restart_policy']],
};

function placeOfField({ node, at: place }: Service, field: Field): string {
  const entry = entryOf(node, FIELDS[field][1]);
  if (entry) return formatPosition(entry.keyAt);
  const below = (BELOW[field] ?? []).map((path) => placeOf(at(node, ...path))).find(Boolean);
  return below ?? formatPosition(place);
}

function deviceOf(item: ValueNode): Workload['devices'] {
  const source = textOf(item.kind === 'map' ? at(item, 'source') : item);
  if (source === undefined) return [];
  const place = placeOf(item);
  if (isUndecided(source)) return [{ value: source, at: place }];
  // A name of the Container Device Interface (`vendor/class=name`) is no path.
  return source.startsWith('/') ? [{ value: source.split(':')[0] ?? '', at: place }] : [];
}

function anyOf(nodes: readonly (ValueNode | undefined)[]): Maybe<boolean> {
  const values = nodes.flatMap((node) => textOf(node) ?? []);
  if (values.some((value) => typeof value === 'string' && value !== '0' && value !== '')) return true;
  return values.find(isUndecided) ?? false;
}

function networksOf({ name, node }: Service, project: ComposeProject): readonly Network[] {
  const mode = textOf(at(node, 'network_mode'));
  if (mode === 'bridge') return [{ name: 'bridge', isDefaultBridge: true, icc: true, others: [] }];
  if (mode !== undefined) return [];
  return namesOfNetworks(node).map((network) => ({
    name: network,
    isDefaultBridge: false,
    icc: textOf(at(project.networks.get(network), 'driver_opts', 'com.docker.network.bridge.enable_icc')) !== 'false',
    others: project.services
      .filter((other) => other.name !== name && at(other.node, 'network_mode') === undefined)
      .filter((other) => namesOfNetworks(other.node).includes(network))
      .map((other) => other.name),
  }));
}

function namesOfNetworks(node: ValueNode): readonly string[] {
  const networks = at(node, 'networks');
  const names =
    networks?.kind === 'map' ? keysOf(networks) : textsOf(networks).filter((each) => typeof each === 'string');
  return names.length > 0 ? names : ['default'];
}

function healthOf(node: ValueNode | undefined): Workload['health'] {
  if (node?.kind !== 'map' || switchOf(at(node, 'disable')) === true) return 'none';
  return textsOf(at(node, 'test'))[0] === 'NONE' ? 'none' : 'set';
}

function restartOf(restart: ValueNode | undefined, policy: ValueNode | undefined): Workload['restart'] {
  const text = textOf(restart);
  if (isUndecided(text)) return text;
  if (text !== undefined) {
    const [name = '', retries = '0'] = text.split(':');
    return { policy: name === 'false' ? 'no' : name, retries: Number(retries) };
  }
  if (policy === undefined) return { policy: '', retries: 0 };
  const condition = textOf(at(policy, 'condition')) ?? 'any';
  if (isUndecided(condition)) return condition;
  const attempts = numberOf(at(policy, 'max_attempts')) ?? 0;
  if (isUndecided(attempts)) return attempts;
  const names: Readonly<Record<string, string>> = { none: 'no', 'on-failure': 'on-failure' };
  return { policy: names[condition] ?? 'always', retries: attempts };
}

function variablesOf(node: ValueNode | undefined): Workload['environment'] {
  const entries = node?.kind === 'map' ? node.entries : itemsOf(node).flatMap(toEntry);
  return entries.map(({ key, keyAt, value }) => ({ name: key, value: literalOf(value), at: formatPosition(keyAt) }));
}
