import { entryOf, type MapNode, type ScalarNode, type ValueNode } from '../../playbook/nodes.ts';
import { openIn } from '../interpolate.ts';
import type { Maybe } from '../workload/workload.ts';
import type { ComposeScalar } from './surroundings.ts';

/** The text of a scalar; undecided where the environment of the deployment decides. */
export function textOf(node: ValueNode | undefined): Maybe<string> | undefined {
  if (node?.kind !== 'scalar' || node.value === null) return undefined;
  return decidedText(scalarText(node));
}

/** A text whose variables are put in; undecided where one is still open. */
export function decidedText(text: string): Maybe<string> {
  const name = openIn(text);
  return name === undefined ? text : { undecided: `the environment decides: ${name}` };
}

/** The text as the file alone says it, with the defaults of variables. */
export function literalOf(node: ValueNode | undefined): Maybe<string> | undefined {
  if (node?.kind !== 'scalar' || node.value === null) return undefined;
  return decidedText((node as ComposeScalar).literal ?? scalarText(node));
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
