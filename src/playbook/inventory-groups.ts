import type { SourcePosition } from '../errors.ts';
import { didYouMean } from '../text/did-you-mean.ts';
import { checkKeys } from './common-keys.ts';
import type { HostEntry } from './inventory-hosts.ts';
import { readInventoryVars } from './inventory-vars.ts';
import { describeNode, entryOf, isEmpty, type MapEntry, type MapNode } from './nodes.ts';
import type { Problems } from './problems.ts';
import type { Vars } from './vars.ts';

/** A group of an inventory; an outer group stands before those that it holds. */
export interface InventoryGroup {
  readonly name: string;
  /** Those of the groups that it holds too. */
  readonly hosts: ReadonlySet<string>;
  readonly vars: Vars;
}

interface GroupEntry {
  readonly name: string;
  readonly at: SourcePosition;
  readonly hosts: readonly NameAt[];
  readonly children: readonly NameAt[];
  readonly vars: Vars;
}

interface NameAt {
  readonly name: string;
  readonly at: SourcePosition;
}

const shape = 'Write groups: { web: { hosts: [web1, web2] } }';

/** The groups of an inventory, outer ones first. */
export function readGroups(root: MapNode, hosts: readonly HostEntry[], problems: Problems): readonly InventoryGroup[] {
  const entry = entryOf(root, 'groups');
  if (!entry || isEmpty(entry.value)) return [];
  if (entry.value.kind !== 'map') {
    problems.add(`\`groups\` must be a map, and this is ${describeNode(entry.value)}`, entry.value.at, shape);
    return [];
  }
  const before = problems.count;
  const entries = entry.value.entries.flatMap((each) => readGroup(each, problems) ?? []);
  const groups = new Map(entries.map((group) => [group.name, group]));
  checkNames(entries, hosts, groups, problems);
  if (problems.count > before) return [];
  const depths = new Map(entries.map((group) => [group.name, depthOf(group, entries)]));
  return entries
    .map((group) => ({ name: group.name, hosts: hostsOf(group, groups), vars: group.vars }))
    .sort((a, b) => (depths.get(a.name) ?? 0) - (depths.get(b.name) ?? 0));
}

function readGroup({ key, keyAt, value }: MapEntry, problems: Problems): GroupEntry | undefined {
  if (/^[!&@]|[\s,*?[\]{}]/.test(key) || key === 'all' || key === '') {
    problems.add(
      `\`${key}\` cannot be the name of a group`,
      keyAt,
      key === 'all'
        ? 'Every host is in `all`; its variables stand under `vars:` at the top'
        : 'Use letters, digits, dots, hyphens and underscores',
    );
  }
  if (isEmpty(value)) return { name: key, at: keyAt, hosts: [], children: [], vars: {} };
  if (value.kind === 'list')
    return { name: key, at: keyAt, hosts: names(value, 'hosts', problems), children: [], vars: {} };
  if (value.kind !== 'map') {
    problems.add(`The group \`${key}\` must be a map, and this is ${describeNode(value)}`, value.at, shape);
    return undefined;
  }
  checkKeys(value, ['hosts', 'children', 'vars'], 'A group', {}, problems);
  const list = (word: 'hosts' | 'children') => names(entryOf(value, word)?.value, word, problems);
  const vars = readInventoryVars(entryOf(value, 'vars')?.value, problems);
  return { name: key, at: keyAt, hosts: list('hosts'), children: list('children'), vars };
}

function names(node: MapEntry['value'] | undefined, key: string, problems: Problems): readonly NameAt[] {
  if (!node || isEmpty(node)) return [];
  if (node.kind === 'map') {
    return node.entries.map(({ key: name, keyAt, value }) => {
      if (!isEmpty(value))
        problems.add(`\`${name}\` has settings inside of a group`, value.at, 'Write them under `hosts:` at the top');
      return { name, at: keyAt };
    });
  }
  if (node.kind === 'scalar') {
    problems.add(`\`${key}\` must be a list, and this is ${describeNode(node)}`, node.at, `Write ${key}: [name, name]`);
    return [];
  }
  return node.items.flatMap((item) => {
    if (item.kind === 'scalar' && item.value !== null) return [{ name: String(item.value), at: item.at }];
    problems.add(`\`${key}\` holds names, and this is ${describeNode(item)}`, item.at, `Write ${key}: [name, name]`);
    return [];
  });
}

function checkNames(
  entries: readonly GroupEntry[],
  hosts: readonly HostEntry[],
  groups: ReadonlyMap<string, GroupEntry>,
  problems: Problems,
): void {
  const hostNames = hosts.map(({ name }) => name);
  for (const group of entries) {
    const host = hosts.find(({ name }) => name === group.name);
    if (host)
      problems.add(
        `\`${group.name}\` is a host already, in line ${host.at.line}`,
        group.at,
        'Give the group another name',
      );
    for (const { name, at } of group.hosts) {
      if (hostNames.includes(name)) continue;
      const hint = groups.has(name)
        ? `\`${name}\` is a group: write it under \`children:\``
        : (didYouMean(name, hostNames) ?? 'Add it under `hosts:` at the top');
      problems.add(`The group \`${group.name}\` names the host \`${name}\`, which is not there`, at, hint);
    }
    for (const { name, at } of group.children) {
      if (groups.has(name)) {
        if (reaches(name, group.name, groups))
          problems.add(`The group \`${group.name}\` holds itself, through \`${name}\``, at, 'Remove it here');
        continue;
      }
      const hint = hostNames.includes(name)
        ? `\`${name}\` is a host: write it under \`hosts:\``
        : (didYouMean(name, groups.keys()) ?? `There are ${[...groups.keys()].join(', ')}`);
      problems.add(`There is no group \`${name}\``, at, hint);
    }
  }
}

function reaches(from: string, to: string, groups: ReadonlyMap<string, GroupEntry>, seen = new Set<string>()): boolean {
  if (from === to) return true;
  if (seen.has(from)) return false;
  seen.add(from);
  return (groups.get(from)?.children ?? []).some(({ name }) => reaches(name, to, groups, seen));
}

function hostsOf(group: GroupEntry, groups: ReadonlyMap<string, GroupEntry>): ReadonlySet<string> {
  const below = group.children.flatMap(({ name }) => [...hostsOf(groups.get(name)!, groups)]);
  return new Set([...group.hosts.map(({ name }) => name), ...below]);
}

function depthOf(group: GroupEntry, entries: readonly GroupEntry[]): number {
  const parents = entries.filter(({ children }) => children.some(({ name }) => name === group.name));
  return parents.length === 0 ? 0 : 1 + Math.max(...parents.map((parent) => depthOf(parent, entries)));
}
