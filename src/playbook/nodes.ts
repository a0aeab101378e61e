import type { SourcePosition } from '../errors.ts';

/** What YAML can say, with the place where it says it; aliases and merge keys are already replaced by what they stand for. */
export type ValueNode = ScalarNode | ListNode | MapNode;

export interface ScalarNode {
  readonly kind: 'scalar';
  readonly at: SourcePosition;
  readonly value: string | number | boolean | null;
  /** As it is written in the file: `0644` where the value is 644. */
  readonly written: string;
  /** The place of the `index`-th `{{` of the text, from 0. */
  expressionAt(index: number): SourcePosition;
}

export interface ListNode {
  readonly kind: 'list';
  readonly at: SourcePosition;
  readonly items: readonly ValueNode[];
}

export interface MapNode {
  readonly kind: 'map';
  readonly at: SourcePosition;
  readonly entries: readonly MapEntry[];
}

export interface MapEntry {
  readonly key: string;
  readonly keyAt: SourcePosition;
  readonly value: ValueNode;
}

/** The entry of that name, if the map has one. */
export function entryOf(map: MapNode, key: string): MapEntry | undefined {
  return map.entries.find((entry) => entry.key === key);
}

/** The JavaScript value of a node, expressions left as they are written. */
export function plainValue(node: ValueNode): unknown {
  if (node.kind === 'scalar') return node.value;
  if (node.kind === 'list') return node.items.map(plainValue);
  return Object.fromEntries(node.entries.map((entry) => [entry.key, plainValue(entry.value)]));
}

/** True for text that holds a Handlebars expression, anywhere inside the node. */
export function hasExpression(node: ValueNode): boolean {
  if (node.kind === 'scalar') return typeof node.value === 'string' && node.value.includes('{{');
  if (node.kind === 'list') return node.items.some(hasExpression);
  return node.entries.some((entry) => entry.key.includes('{{') || hasExpression(entry.value));
}

/** True for a key whose value is nothing, as in `vars:` at the end of a line. */
export function isEmpty(node: ValueNode): boolean {
  return node.kind === 'scalar' && node.value === null;
}

/** What kind of value a person wrote, as a sentence speaks of it: `a list`, `a map`, `text`, `the number 12`. */
export function describeNode(node: ValueNode): string {
  if (node.kind === 'scalar') return describeValue(node.value);
  if (node.kind === 'list') return node.items.length === 0 ? 'an empty list' : 'a list';
  return node.entries.length === 0 ? 'an empty map' : 'a map';
}

/** The same for a value, without saying what it holds. */
export function describeValue(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map';
  if (typeof value === 'string') return value === '' ? 'empty text' : 'text';
  return typeof value === 'number' ? 'a number' : 'true or false';
}
