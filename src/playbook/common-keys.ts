import type { SourcePosition } from '../errors.ts';
import { didYouMean } from '../text/did-you-mean.ts';
import {
  describeNode,
  entryOf,
  isEmpty,
  type ListNode,
  type MapEntry,
  type MapNode,
  type ScalarNode,
  type ValueNode,
} from './nodes.ts';
import type { NotifyItem } from './playbook.ts';
import type { Problems } from './problems.ts';
import { badVariableName } from './variables.ts';

/** The keys that every task may have beside the one that names its type. */
export const commonKeys = ['name', 'when', 'unless', 'each', 'tags', 'notify', 'sensitive'] as const;

/** A one-line text under `key`; anything else is a problem. */
export function readText(map: MapNode, key: string, problems: Problems): ScalarNode | undefined {
  const entry = entryOf(map, key);
  if (!entry) return undefined;
  const { value } = entry;
  if (value.kind === 'scalar' && value.value !== null && value.value !== '') return value;
  problems.add(`\`${key}\` must be text, and this is ${describeNode(value)}`, value.at);
  return undefined;
}

/** A map of variables under `vars`. */
export function readVars(map: MapNode, problems: Problems): readonly MapEntry[] {
  const entry = entryOf(map, 'vars');
  if (!entry || isEmpty(entry.value)) return [];
  if (entry.value.kind !== 'map') {
    const found = describeNode(entry.value);
    problems.add(`\`vars\` must be a map, and this is ${found}`, entry.value.at, 'Write vars: { name: value }');
    return [];
  }
  for (const { key, keyAt } of entry.value.entries) {
    const bad = badVariableName(key);
    if (bad) problems.add(`\`${key}\` cannot be the name of a variable`, keyAt, bad);
  }
  return entry.value.entries;
}

/** `when` or `unless`: a map of names and the values that they are compared with. */
export function readCondition(map: MapNode, key: 'when' | 'unless', problems: Problems): MapNode | undefined {
  const entry = entryOf(map, key);
  if (!entry) return undefined;
  const { value } = entry;
  if (value.kind === 'map' && value.entries.length > 0) return value;
  const hint = `Write a map of facts or variables and their values: ${key}: { facts.os.id: debian }`;
  problems.add(
    `\`${key}\` must be a map, and this is ${isEmpty(value) ? 'empty' : describeNode(value)}`,
    value.at,
    hint,
  );
  return undefined;
}

/** `tags` or `notify`: one name, several with commas, or a list of names. */
export function readNames(map: MapNode, key: 'tags' | 'notify', problems: Problems): readonly NotifyItem[] {
  const entry = entryOf(map, key);
  if (!entry || isEmpty(entry.value)) return [];
  const nodes = entry.value.kind === 'list' ? entry.value.items : [entry.value];
  return nodes.flatMap((node) => {
    if (node.kind !== 'scalar' || node.value === null || node.value === '') {
      problems.add(`\`${key}\` takes names, and this is ${describeNode(node)}`, node.at, `Write ${key}: [name, name]`);
      return [];
    }
    const text = typeof node.value === 'string' ? node.value : node.written;
    if (text.includes('{{')) {
      problems.add(`\`${key}\` cannot hold expressions`, node.at, 'Write the names themselves');
      return [];
    }
    const names = key === 'tags' && entry.value.kind === 'scalar' ? text.split(',') : [text];
    return names.map((name) => ({ name: name.trim(), at: node.at })).filter(({ name }) => name !== '');
  });
}

/** `each`: a list, or text that is one expression. */
export function readEach(map: MapNode, problems: Problems): ListNode | ScalarNode | undefined {
  const value = entryOf(map, 'each')?.value;
  if (!value || value.kind === 'list') return value;
  if (value.kind === 'scalar' && typeof value.value === 'string' && value.value.includes('{{')) return value;
  problems.add(
    `\`each\` must be a list, and this is ${describeNode(value)}`,
    value.at,
    'Write each: [a, b], or an expression that is a list: each: "{{names}}"',
  );
  return undefined;
}

/** `sensitive`: true or false. */
export function readSensitive(map: MapNode, problems: Problems): boolean {
  const value = entryOf(map, 'sensitive')?.value;
  if (!value) return false;
  if (value.kind === 'scalar' && typeof value.value === 'boolean') return value.value;
  problems.add(`\`sensitive\` must be true or false, and this is ${describeNode(value)}`, value.at);
  return false;
}

/** Adds a problem for every key that is not in `known`; `foreign` says what to write for words of other tools. */
export function checkKeys(
  map: MapNode,
  known: readonly string[],
  what: string,
  foreign: Readonly<Record<string, string>>,
  problems: Problems,
): void {
  for (const { key, keyAt } of map.entries) {
    if (known.includes(key)) continue;
    const hint = Object.hasOwn(foreign, key) ? foreign[key] : undefined;
    problems.add(
      `${what} has no key \`${key}\``,
      keyAt,
      hint ?? didYouMean(key, known) ?? `There are ${known.join(', ')}`,
    );
  }
}

/** The node when it is a map; anything else is a problem. */
export function asMap(
  node: ValueNode,
  what: string,
  at: SourcePosition,
  hint: string,
  problems: Problems,
): MapNode | undefined {
  if (node.kind === 'map') return node;
  problems.add(
    `${what} must be a map, and this is ${isEmpty(node) ? 'empty' : describeNode(node)}`,
    isEmpty(node) ? at : node.at,
    hint,
  );
  return undefined;
}
