import { formatPosition } from '../../errors.ts';
import { entryOf, isEmpty, type ListNode, type MapEntry, type MapNode, type ValueNode } from '../../playbook/nodes.ts';
import { scalarText } from './values.ts';

/** Lists of which the later one counts alone. */
const REPLACED = new Set(['command', 'entrypoint', 'test']);
/** Written as a list of `name=value` or as a map. */
const PAIRS = new Set(['environment', 'labels', 'annotations', 'sysctls', 'extra_hosts', 'args']);

/** A service with what it extends, or with what another file says of it: maps are merged, lists joined, and what is said later counts. */
export function mergeService(base: MapNode, own: MapNode, overriding: ReadonlySet<string> = new Set()): MapNode {
  const entries = new Map(base.entries.map((entry) => [entry.key, entry]));
  for (const entry of own.entries) {
    const below = entries.get(entry.key);
    // a key without a value says nothing
    if (below && isEmpty(entry.value) && !overriding.has(formatPosition(entry.value.at))) continue;
    entries.set(
      entry.key,
      below ? { ...entry, value: mergeValue(entry.key, below.value, entry.value, overriding) } : entry,
    );
  }
  return { kind: 'map', at: own.at, entries: [...entries.values()] };
}

/** What several documents or files say together of a project. */
export function mergeRoots(roots: readonly MapNode[], overriding: ReadonlySet<string>): MapNode {
  return roots.reduce((below, above) => mergeService(below, above, overriding));
}

function mergeValue(key: string, below: ValueNode, above: ValueNode, overriding: ReadonlySet<string>): ValueNode {
  if (overriding.has(formatPosition(above.at))) return above;
  if (PAIRS.has(key)) return mergeService(asMap(below), asMap(above), overriding);
  if (below.kind === 'map' && above.kind === 'map') return mergeService(below, above, overriding);
  if (below.kind !== 'list' || above.kind !== 'list' || REPLACED.has(key)) return above;
  if (key === 'volumes') {
    const targets = new Set(above.items.map(targetOf));
    return { ...above, items: [...below.items.filter((item) => !targets.has(targetOf(item))), ...above.items] };
  }
  return { ...above, items: [...below.items, ...above.items] };
}

function asMap(node: ValueNode): MapNode {
  if (node.kind === 'map') return node;
  const items = node.kind === 'list' ? (node as ListNode).items : [];
  return { kind: 'map', at: node.at, entries: items.flatMap(toEntry) };
}

/** `NAME=value` as an entry of a map. */
export function toEntry(item: ValueNode): MapEntry[] {
  if (item.kind !== 'scalar' || item.value === null) return [];
  const text = scalarText(item);
  const { literal = text } = item as { literal?: string };
  const [split, splitLiteral] = [text.indexOf('='), literal.indexOf('=')];
  const value = split < 0 ? null : text.slice(split + 1);
  return [
    {
      key: split < 0 ? text : text.slice(0, split),
      keyAt: item.at,
      value: {
        ...item,
        value,
        written: value ?? '',
        ...(splitLiteral < 0 ? {} : { literal: literal.slice(splitLiteral + 1) }),
      } as MapEntry['value'],
    },
  ];
}

/** Where a volume is mounted, in either way of writing it. */
function targetOf(item: ValueNode): string {
  if (item.kind === 'map') {
    const target = entryOf(item, 'target')?.value;
    return target?.kind === 'scalar' ? scalarText(target) : '';
  }
  if (item.kind !== 'scalar') return '';
  const parts = scalarText(item).split(':');
  return parts[1] ?? parts[0] ?? '';
}
