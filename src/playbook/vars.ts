import type { SourcePosition } from '../errors.ts';
import { UserError } from '../errors.ts';
import { describeNode, isEmpty, type MapEntry, type MapNode, plainValue, type ValueNode } from './nodes.ts';
import { collectProblems } from './problems.ts';
import { badVariableName } from './variables.ts';
import { readYaml } from './yaml-source.ts';

/** Variables from outside of the playbook, by name; expressions in them are not rendered yet. */
export type Vars = Readonly<Record<string, unknown>>;

/** The name and the text of `name=value`; throws a UserError. */
export function parseExtraVar(text: string): [name: string, value: string] {
  const split = text.indexOf('=');
  if (split < 1) {
    throw new UserError(`-e takes name=value, and \`${split === 0 ? '=…' : text}\` is not`, {
      hint: 'Write -e name=value, or -e @file.yml',
    });
  }
  const name = text.slice(0, split).trim();
  const bad = badVariableName(name);
  if (bad) throw new UserError(`\`${name}\` cannot be the name of a variable`, { hint: bad });
  return [name, text.slice(split + 1)];
}

/** The variables of a YAML file that is one map; an empty file has none. Throws a UserError. */
export async function loadVarsFile(file: string): Promise<Vars> {
  const { root } = await readYaml(file, 'variables file');
  if (!root || isEmpty(root)) return {};
  if (root.kind !== 'map') {
    throw new UserError(`A variables file must be a map, and this is ${describeNode(root)}`, {
      at: root.at,
      hint: 'Write name: value, one a line',
    });
  }
  return varsOf(root);
}

/** The variables of a map; where they stand is kept for error messages, through spreading and merging too. */
export function varsOf(map: MapNode): Vars {
  const problems = collectProblems();
  for (const { key, keyAt } of map.entries) {
    const bad = badVariableName(key);
    if (bad) problems.add(`\`${key}\` cannot be the name of a variable`, keyAt, bad);
  }
  problems.throwIfAny();
  const values = new Map(map.entries.map((entry) => [entry.key, { entry, value: plainValue(entry.value) }]));
  const vars = Object.fromEntries([...values].map(([name, { value }]) => [name, value]));
  // A symbol of its own for each map: merged variables keep the places of all that went into them.
  return { ...vars, [Symbol('places of variables')]: values };
}

/** The variables as map entries; those from a file with their places, the others at `at`. */
export function varEntries(vars: Vars, at: SourcePosition): readonly MapEntry[] {
  const places = Object.getOwnPropertySymbols(vars).map(
    (symbol) => (vars as Record<symbol, unknown>)[symbol] as ReadonlyMap<string, { entry: MapEntry; value: unknown }>,
  );
  return Object.entries(vars).map(([name, value]) => {
    const found = places.map((place) => place.get(name)).find((place) => place !== undefined && place.value === value);
    return found?.entry ?? { key: name, keyAt: at, value: nodeOf(value, at) };
  });
}

function nodeOf(value: unknown, at: SourcePosition): ValueNode {
  if (Array.isArray(value)) return { kind: 'list', at, items: value.map((item) => nodeOf(item, at)) };
  if (value !== null && typeof value === 'object') {
    const entries = Object.entries(value).map(([key, item]) => ({ key, keyAt: at, value: nodeOf(item, at) }));
    return { kind: 'map', at, entries };
  }
  const scalar = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null;
  return { kind: 'scalar', at, value: scalar, written: String(value), expressionAt: () => at };
}
