import { dirname, isAbsolute, join, resolve } from 'node:path';
import type { SourcePosition } from '../errors.ts';
import { didYouMean } from '../text/did-you-mean.ts';
import { asMap, checkKeys, readText, readVars } from './common-keys.ts';
import { foreignPlaybookKeys } from './foreign-words.ts';
import { describeNode, entryOf, isEmpty, type MapNode, type ValueNode } from './nodes.ts';
import type { HandlerItem, PlaybookFile, PlaybookItem } from './playbook.ts';
import type { Problems } from './problems.ts';
import { readHandlers } from './read-handlers.ts';
import { readTask } from './read-task.ts';
import type { Registry } from './registry.ts';
import { readYaml, type YamlSource } from './yaml-source.ts';

/** What the files of one playbook gather while they are read. */
export interface Loader {
  readonly registry: Registry;
  readonly problems: Problems;
  /** By absolute path. */
  readonly sources: Map<string, YamlSource>;
  readonly files: Map<string, PlaybookFile>;
  /** What could not be read, so that checks which need it would only repeat the mistake in other words. */
  readonly gaps: { handlers: boolean; readonly values: Set<PlaybookFile> };
}

const fileKeys = ['name', 'vars', 'tasks', 'handlers', 'audit'];

/** Reads one file and its includes; undefined after a mistake that leaves nothing of it. */
export async function loadFile(
  loader: Loader,
  file: string,
  includers: readonly string[],
  from: SourcePosition | undefined,
): Promise<PlaybookFile | undefined> {
  const path = resolve(file);
  const { problems } = loader;
  const nothing = () => {
    loader.gaps.handlers = true;
    return undefined;
  };
  if (includers.includes(path)) {
    problems.add(
      includers.at(-1) === path ? `${file} includes itself` : `${file} is included by a file that it includes`,
      from,
    );
    return nothing();
  }
  const known = loader.files.get(path);
  if (known) return known;
  const before = problems.count;
  let source: YamlSource;
  try {
    source = await readYaml(file, from ? 'included file' : 'playbook', from, problems);
  } catch (error) {
    problems.catch(error);
    return nothing();
  }
  loader.sources.set(path, source);
  const whole = problems.count === before;
  const map = fileMap(source, from !== undefined, problems);
  if (!map) return nothing();
  const loaded: PlaybookFile = {
    file,
    name: readText(map, 'name', problems),
    vars: readVars(map, problems),
    items: await loadItems(loader, map, [...includers, path], file),
    handlers: handlersOf(loader, map),
    audit: readAudit(map, problems),
  };
  loader.files.set(path, loaded);
  if (!whole) loader.gaps.values.add(loaded);
  return loaded;
}

function handlersOf(loader: Loader, map: MapNode): readonly HandlerItem[] {
  const before = loader.problems.count;
  const handlers = readHandlers(map, loader.problems);
  if (loader.problems.count > before) loader.gaps.handlers = true;
  return handlers;
}

/** The top of a file as a map; an included file may be the list of its tasks. */
function fileMap(source: YamlSource, isIncluded: boolean, problems: Problems): MapNode | undefined {
  const start = { file: source.file, line: 1, column: 1 };
  const what = isIncluded ? 'An included file' : 'A playbook';
  const { root } = source;
  if (!root || isEmpty(root)) {
    problems.add(`${source.file} is empty`, start, 'Write name: and tasks:');
    return undefined;
  }
  if (root.kind === 'list' && isIncluded) {
    return { kind: 'map', at: root.at, entries: [{ key: 'tasks', keyAt: root.at, value: root }] };
  }
  if (root.kind !== 'map') {
    problems.add(`${what} must be a map, and this is ${describeNode(root)}`, root.at, topHint(root));
    return undefined;
  }
  checkKeys(root, fileKeys, what, foreignPlaybookKeys, problems);
  if (!entryOf(root, 'tasks') && (isIncluded || !entryOf(root, 'audit'))) {
    problems.add(
      `${source.file} has no \`tasks:\``,
      root.at,
      didYouMean(
        'tasks',
        root.entries.map(({ key }) => key),
      ) ?? 'Add a list of tasks',
    );
  }
  return root;
}

function topHint(root: ValueNode): string {
  if (root.kind !== 'list') return 'Write name: and tasks:';
  const plays = root.items.some((item) => item.kind === 'map' && entryOf(item, 'hosts'));
  return plays
    ? 'Ansible plays become one map without the dash: name:, vars:, tasks:; hosts are named on the command line'
    : 'Write `tasks:` above the list, and indent it';
}

async function loadItems(
  loader: Loader,
  map: MapNode,
  includers: readonly string[],
  file: string,
): Promise<readonly PlaybookItem[]> {
  const { problems } = loader;
  const tasks = entryOf(map, 'tasks');
  if (!tasks) return [];
  if (tasks.value.kind !== 'list') {
    const found = isEmpty(tasks.value) ? 'empty' : describeNode(tasks.value);
    problems.add(
      `\`tasks\` must be a list, and this is ${found}`,
      isEmpty(tasks.value) ? tasks.keyAt : tasks.value.at,
      'Put a dash before each task: - name: …',
    );
    return [];
  }
  const items: PlaybookItem[] = [];
  for (const node of tasks.value.items) {
    const item = readTask(node, loader.registry, problems);
    if (item?.kind === 'task') items.push(item);
    if (item?.kind !== 'include') continue;
    const { path, pathAt, ...include } = item;
    const target = isAbsolute(path) ? path : join(dirname(file), path);
    const below = await loadFile(loader, target, includers, pathAt);
    if (below) items.push({ ...include, file: below });
  }
  return items;
}

function readAudit(map: MapNode, problems: Problems): MapNode | undefined {
  const entry = entryOf(map, 'audit');
  if (!entry) return undefined;
  return asMap(entry.value, '`audit`', entry.keyAt, 'Write audit: { cis_docker: { min_score: 40 } }', problems);
}
