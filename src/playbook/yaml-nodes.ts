import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  type Scalar,
  visit,
  type YAMLMap,
} from 'yaml';
import { type SourcePosition, UserError } from '../errors.ts';
import { didYouMean } from '../text/did-you-mean.ts';
import type { MapEntry, ValueNode } from './nodes.ts';
import type { Problems } from './problems.ts';

const mostNodes = 100_000;
const deepest = 100;
/** The opening braces of expressions; `{{{` is one opening. */
export const openings = /\{\{+/g;
const plainTags = /^tag:yaml\.org,2002:(str|int|float|bool|null|map|seq|merge)$/;

/** The document as nodes with positions; what cannot be one (unknown aliases, maps as keys, keys that stand twice) is added to `problems`; throws a UserError where aliases make far too much of it. */
export function toNode(
  document: Document,
  text: string,
  position: (offset: number) => SourcePosition,
  problems: Problems,
): ValueNode {
  let count = 0;
  /** Where the alias stands that is being followed. */
  let outermost: SourcePosition | undefined;
  const inside: unknown[] = [];
  // Finding the anchor walks the whole document.
  const targets = new Map<Alias, ReturnType<Alias['resolve']>>();

  function convert(node: unknown, fallback: SourcePosition): ValueNode {
    // what is written out is bounded by the file itself
    if (outermost && ++count > mostNodes)
      throw new UserError('The aliases of this file stand for far too many values', { at: outermost });
    if (inside.length > deepest)
      throw new UserError(`Lists and maps stand in one another more than ${deepest} deep here`, {
        at: startOf(node) ?? fallback,
        hint: 'Write it with fewer',
      });
    if (isAlias(node)) return resolveAlias(node);
    const at = startOf(node) ?? fallback;
    const tag = (node as { tag?: string } | null)?.tag;
    if (tag && !plainTags.test(tag)) {
      problems.add(`The YAML tag \`${tag.replace('tag:yaml.org,2002:', '!!')}\` has no meaning here`, at, 'Remove it');
      return nothing(at);
    }
    inside.push(node);
    const value = isMap(node) ? mapNode(node, at) : isSeq(node) ? listNode(node.items, at) : scalarNode(node, at);
    inside.pop();
    return value;
  }

  function listNode(items: readonly unknown[], at: SourcePosition): ValueNode {
    return { kind: 'list', at, items: items.map((item) => convert(item, at)) };
  }

  function mapNode(map: YAMLMap, at: SourcePosition): ValueNode {
    if (isUnquotedExpression(map)) {
      problems.add('`{{` without quotes is a YAML map', at, 'Put the whole value in quotes: "{{name}}"');
      return nothing(at);
    }
    const own = new Map<string, MapEntry>();
    const merged: MapEntry[] = [];
    for (const pair of map.items) {
      if (!isPair(pair)) continue;
      const keyAt = startOf(pair.key) ?? at;
      const key = keyText(pair.key, keyAt);
      if (key === undefined) continue;
      const value = convert(pair.value, keyAt);
      if (key === '<<' && isScalar(pair.key) && pair.key.type === 'PLAIN') {
        merged.push(...mergedEntries(value, keyAt));
        continue;
      }
      const first = own.get(key);
      if (first) {
        problems.add(
          `\`${key}\` stands twice in this map, first in line ${first.keyAt.line}`,
          keyAt,
          'Remove one of them',
        );
      } else own.set(key, { key, keyAt, value });
    }
    for (const entry of merged) if (!own.has(entry.key)) own.set(entry.key, entry);
    return { kind: 'map', at, entries: [...own.values()] };
  }

  function mergedEntries(value: ValueNode, at: SourcePosition): readonly MapEntry[] {
    const maps = value.kind === 'list' ? value.items : [value];
    return maps.flatMap((map) => {
      if (map.kind === 'map') return map.entries;
      problems.add('`<<` merges maps, and this is none', at, 'Write an alias of a map: <<: *name');
      return [];
    });
  }

  function keyText(key: unknown, at: SourcePosition): string | undefined {
    if (isAlias(key)) {
      const target = key.resolve(document);
      if (isScalar(target)) return String(target.value);
    } else if (isScalar(key) && key.value !== null) {
      return typeof key.value === 'string' ? key.value : (key.source ?? String(key.value));
    }
    problems.add('A key must be text', at, isMap(key) ? 'Put an expression in quotes: "{{name}}"' : undefined);
    return undefined;
  }

  function scalarNode(node: unknown, at: SourcePosition): ValueNode {
    if (!isScalar(node)) return nothing(at);
    const value = node.value;
    const [start, end] = node.range ?? [0, 0];
    const written = text.slice(start, end);
    if (typeof value === 'string' && value.includes('\0'))
      problems.add('A text cannot hold a NUL byte', at, 'Remove the \\0');
    const plain = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null;
    return { kind: 'scalar', at, value: plain, written, expressionAt: (index) => braceAt(node, index, at) };
  }

  function braceAt(node: Scalar, index: number, at: SourcePosition): SourcePosition {
    const [start, end] = node.range ?? [0, 0];
    const opening = [...text.slice(start, end).matchAll(openings)][index];
    return opening ? position(start + opening.index) : at;
  }

  function resolveAlias(alias: Alias): ValueNode {
    const at = startOf(alias) ?? { file: '', line: 1, column: 1 };
    const target = targets.get(alias) ?? alias.resolve(document);
    targets.set(alias, target);
    if (!target) {
      const hint = didYouMean(alias.source, anchorsOf(document));
      problems.add(
        `\`*${alias.source}\` stands for nothing: no \`&${alias.source}\` comes before it`,
        at,
        hint ?? 'Quote a value that starts with `*`',
      );
      return nothing(at);
    }
    if (inside.includes(target)) {
      problems.add(`\`*${alias.source}\` stands for a value that it is part of`, at);
      return nothing(at);
    }
    const first = outermost === undefined;
    outermost ??= at;
    const value = convert(target, at);
    if (first) outermost = undefined;
    return value;
  }

  function startOf(node: unknown): SourcePosition | undefined {
    const range = (node as { range?: readonly [number, number, number] | null } | null)?.range;
    return range ? position(range[0]) : undefined;
  }

  return convert(document.contents, position(0));
}

function nothing(at: SourcePosition): ValueNode {
  return { kind: 'scalar', at, value: null, written: '', expressionAt: () => at };
}

function anchorsOf(document: Document): Set<string> {
  const names = new Set<string>();
  visit(document, {
    Value(_key, node) {
      if (node.anchor) names.add(node.anchor);
    },
  });
  return names;
}

/** `{{ x }}` without quotes: a flow map whose one key is a flow map. */
function isUnquotedExpression(map: YAMLMap): boolean {
  const key = map.flow && map.items.length === 1 ? map.items[0]?.key : undefined;
  return isMap(key) && key.flow === true;
}
