import { entryOf, type MapNode, type ScalarNode, type ValueNode } from '../../playbook/nodes.ts';
import type { Maybe } from '../workload/workload.ts';

const VARIABLE = /\$(?:\$|\{([A-Za-z_]\w*)[^}]*\}|([A-Za-z_]\w*))/g;

/** The text of a scalar; undecided where compose puts a variable of the environment in. */
export function textOf(node: ValueNode | undefined): Maybe<string> | undefined {
  if (node?.kind !== 'scalar' || node.value === null) return undefined;
  return interpolated(scalarText(node));
}

/** A text with `$$` as `$`, undecided where it holds a variable. */
export function interpolated(text: string): Maybe<string> {
  const name = variableIn(text);
  return name === undefined ? text.replaceAll('$$', '$') : { undecided: `the environment decides: ${name}` };
}

/** The first variable that compose would put in. */
export function variableIn(text: string): string | undefined {
  for (const [whole, braced, bare] of text.matchAll(VARIABLE)) if (whole !== '$$') return braced ?? bare;
  return undefined;
}

/** As YAML wrote it: `22` where the value is a number. */
export function scalarText({ value, written }: ScalarNode): string {
  return typeof value === 'string' ? value : /^[^\s"'&*!|>]/.test(written) ? written : String(value);
}

/** Compose takes the words of YAML 1.1 for a switch. */
export function switchOf(node: ValueNode | undefined): Maybe<boolean> | undefined {
  const text = textOf(node);
  if (text === undefined || typeof text !== 'string') return text;
  return /^(true|y|yes|on|1)$/i.test(text);
}

export function numberOf(node: ValueNode | undefined): Maybe<number> | undefined {
  const text = textOf(node);
  if (text === undefined || typeof text !== 'string') return text;
  return Number(text);
}

/** The items of a list; a single scalar counts as a list of one. */
export function itemsOf(node: ValueNode | undefined): readonly ValueNode[] {
  if (node === undefined || (node.kind === 'scalar' && node.value === null)) return [];
  return node.kind === 'list' ? node.items : [node];
}

/** The texts of a list of scalars. */
export function textsOf(node: ValueNode | undefined): readonly Maybe<string>[] {
  return itemsOf(node).flatMap((item) => textOf(item) ?? []);
}

/** What a path of keys leads to: `deploy`, `resources`, `limits`. */
export function at(map: ValueNode | undefined, ...path: readonly string[]): ValueNode | undefined {
  return path.reduce<ValueNode | undefined>(
    (node, key) => (node?.kind === 'map' ? entryOf(node, key)?.value : undefined),
    map,
  );
}

export function keysOf(node: ValueNode | undefined): readonly string[] {
  return node?.kind === 'map' ? node.entries.map(({ key }) => key) : [];
}

export const emptyMap = (node: ValueNode): MapNode => ({ kind: 'map', at: node.at, entries: [] });
