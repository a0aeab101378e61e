import type { MapNode, ValueNode } from '../../playbook/nodes.ts';
import { allMounts } from './mounts.ts';
import type { ComposeProject, Service } from './project.ts';
import { at, itemsOf, scalarText, textOf } from './values.ts';

/** Lists of which compose takes each item once. */
const UNIQUE = ['security_opt', 'cap_add', 'cap_drop', 'tmpfs', 'volumes', 'ports', 'devices', 'expose'];
const UNITS: Readonly<Record<string, number>> = { '': 1, b: 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };

/** Why compose or dockerd would not take a service, as far as a patch can bring it about. */
export function whyRefused(service: Service, project: ComposeProject): readonly string[] {
  const { node } = service;
  return [...twice(node), ...limits(node), ...targets(service, project)];
}

function twice(node: MapNode): readonly string[] {
  return UNIQUE.filter((key) => {
    const items = itemsOf(at(node, key)).map((item) =>
      item.kind === 'scalar' ? scalarText(item) : JSON.stringify(item),
    );
    return new Set(items).size < items.length;
  }).map((key) => `${key} says one thing twice`);
}

/** A limit is said in one place, and not below what is reserved. */
function limits(node: MapNode): readonly string[] {
  const deploy = at(node, 'deploy', 'resources', 'limits');
  const pairs = [
    ['mem_limit', 'memory'],
    ['cpus', 'cpus'],
    ['pids_limit', 'pids'],
  ] as const;
  const both = pairs.filter(([own]) => deploy !== undefined && at(node, own) !== undefined);
  const limit = bytes(at(node, 'mem_limit')) ?? bytes(at(deploy, 'memory'));
  const reserved = [at(node, 'mem_reservation'), at(node, 'deploy', 'resources', 'reservations', 'memory')].map(bytes);
  const swap = bytes(at(node, 'memswap_limit'));
  return [
    ...both.map(([own, other]) => `${own} beside deploy.resources.limits.${other}`),
    ...(limit !== undefined && reserved.some((one) => one !== undefined && one > limit)
      ? ['the limit on memory is below what is reserved']
      : []),
    ...(limit !== undefined && swap !== undefined && swap > 0 && swap < limit
      ? ['memswap_limit is below the limit']
      : []),
  ];
}

/** Two mounts on one path. */
function targets(service: Service, project: ComposeProject): readonly string[] {
  const tmpfs = itemsOf(at(service.node, 'tmpfs')).flatMap((item) => {
    const text = textOf(item);
    return typeof text === 'string' ? [text.split(':')[0] ?? ''] : [];
  });
  const long = itemsOf(at(service.node, 'volumes')).flatMap((item) =>
    item.kind === 'map' && textOf(at(item, 'type')) === 'tmpfs' ? [String(textOf(at(item, 'target')) ?? '')] : [],
  );
  const all = [...tmpfs, ...long, ...allMounts(service, project).map(({ target }) => target)].map((path) =>
    path.replace(/(.)\/+$/, '$1'),
  );
  return all
    .filter((path, index) => path !== '?' && all.indexOf(path) !== index)
    .map((path) => `two mounts on ${path}`);
}

/** `512m` as a number; undefined for what nothing says here. */
function bytes(node: ValueNode | undefined): number | undefined {
  const text = textOf(node);
  const [, number, unit = ''] =
    /^(\d+(?:\.\d+)?)\s*([bkmgt]?)(?:i?b)?$/i.exec(typeof text === 'string' ? text : '') ?? [];
  return number === undefined ? undefined : Number(number) * (UNITS[unit.toLowerCase()] ?? 1);
}
