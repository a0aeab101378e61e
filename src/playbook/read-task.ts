import type { SourcePosition } from '../errors.ts';
import { didYouMean } from '../text/did-you-mean.ts';
import {
  checkKeys,
  commonKeys,
  readCondition,
  readEach,
  readNames,
  readSensitive,
  readText,
  readVars,
} from './common-keys.ts';
import { foreignTaskKeys, otherTypeNames } from './foreign-words.ts';
import { describeNode, isEmpty, type MapEntry, type MapNode, type ValueNode } from './nodes.ts';
import type { IncludeItem, TaskItem } from './playbook.ts';
import type { Problems } from './problems.ts';
import type { Registry } from './registry.ts';

/** An include whose file is not read yet. */
export interface UnreadInclude extends Omit<IncludeItem, 'file'> {
  readonly path: string;
  readonly pathAt: SourcePosition;
}

const includeKeys = ['include', 'name', 'vars', 'when', 'unless', 'tags'];

/** One entry of `tasks:`; undefined after a mistake, which is in `problems`. */
export function readTask(
  node: ValueNode,
  registry: Registry,
  problems: Problems,
): TaskItem | UnreadInclude | undefined {
  if (node.kind !== 'map' || node.entries.length === 0) {
    const found = isEmpty(node) ? 'empty' : node.kind === 'map' ? 'an empty map' : describeNode(node);
    problems.add(
      `A task must be a map, and this is ${found}`,
      node.at,
      'Write - name: … and a task type with its parameters',
    );
    return undefined;
  }
  if (node.entries.some(({ key }) => key === 'include')) return readInclude(node, problems);
  const before = problems.count;
  const own = node.entries.filter(({ key }) => !(commonKeys as readonly string[]).includes(key));
  const entry = typeEntry(own, node, registry, problems);
  const item = {
    at: node.entries[0]?.keyAt ?? node.at,
    name: readText(node, 'name', problems),
    when: readCondition(node, 'when', problems),
    unless: readCondition(node, 'unless', problems),
    tags: readNames(node, 'tags', problems).map(({ name }) => name),
    each: readEach(node, problems),
    notify: readNames(node, 'notify', problems),
    sensitive: readSensitive(node, problems),
  };
  const type = entry && registry.get(entry.key);
  if (!entry || !type || problems.count > before) return undefined;
  return { kind: 'task', ...item, type, typeAt: entry.keyAt, params: entry.value };
}

/** The one entry that names a task type. */
function typeEntry(
  own: readonly MapEntry[],
  task: MapNode,
  registry: Registry,
  problems: Problems,
): MapEntry | undefined {
  const types = registry.types.map(({ type }) => type);
  const known = own.filter(({ key }) => registry.get(key));
  for (const entry of own) {
    if (known.includes(entry)) continue;
    if (Object.hasOwn(foreignTaskKeys, entry.key)) {
      problems.add(`A task has no key \`${entry.key}\``, entry.keyAt, foreignTaskKeys[entry.key]);
    } else if (known.length > 0) {
      const hint = didYouMean(entry.key, commonKeys);
      problems.add(
        `A task has no key \`${entry.key}\``,
        entry.keyAt,
        misplaced(known) ?? hint ?? `Beside its type it may have ${commonKeys.join(', ')}`,
      );
    } else {
      problems.add(`There is no task type \`${entry.key}\``, entry.keyAt, typeHint(entry, types, registry));
    }
  }
  if (known.length > 1) {
    const names = known.map(({ key }) => `\`${key}\``).join(' and ');
    problems.add(`This task has two types: ${names}`, known[1]?.keyAt, 'Write two tasks, each with a dash of its own');
    return undefined;
  }
  if (own.length === 0) {
    problems.add(
      'This task does nothing: it names no task type',
      task.entries[0]?.keyAt ?? task.at,
      `Add one, such as \`${types[0] ?? 'user'}:\``,
    );
  }
  return known[0];
}

/** A parameter that is not indented deep enough: it stands beside the type instead of below. */
function misplaced(known: readonly MapEntry[]): string | undefined {
  const type = known[0];
  if (!type || !isEmpty(type.value)) return undefined;
  return `Indent it deeper than \`${type.key}:\` if it is a parameter of it`;
}

function typeHint(entry: MapEntry, types: readonly string[], registry: Registry): string {
  const short = entry.key.split('.').at(-1) ?? entry.key;
  if (short !== entry.key && registry.get(short)) return `Write \`${short}\``;
  const other = (Object.hasOwn(otherTypeNames, short) ? otherTypeNames[short] : undefined)?.find((name) =>
    registry.get(name),
  );
  if (other) return `Its name here is \`${other}\``;
  return didYouMean(short, [...types, ...commonKeys, 'include']) ?? '`harden tasks` lists them';
}

function readInclude(node: MapNode, problems: Problems): UnreadInclude | undefined {
  checkKeys(node, includeKeys, 'An include', foreignTaskKeys, problems);
  const base = {
    at: node.entries[0]?.keyAt ?? node.at,
    name: readText(node, 'name', problems),
    when: readCondition(node, 'when', problems),
    unless: readCondition(node, 'unless', problems),
    tags: readNames(node, 'tags', problems).map(({ name }) => name),
    vars: readVars(node, problems),
  };
  const path = readText(node, 'include', problems);
  if (!path) return undefined;
  if (String(path.value).includes('{{')) {
    problems.add(
      '`include` cannot hold an expression: files are read before any host is known',
      path.at,
      'Write one include for each file, with `when:`',
    );
    return undefined;
  }
  return { kind: 'include', ...base, path: String(path.value), pathAt: path.at };
}
