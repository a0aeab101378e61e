import type { SourcePosition } from '../errors.ts';
import { didYouMean } from '../text/did-you-mean.ts';
import { checkKeys, readText } from './common-keys.ts';
import { describeNode, entryOf, isEmpty, type MapNode, type ScalarNode } from './nodes.ts';
import { collectProblems, type Problems } from './problems.ts';
import { readYaml } from './yaml-source.ts';

/** A finding that is accepted, and where it says so. */
export interface BaselineEntry {
  readonly id: string;
  /** Only on this container, image, file…; undefined: wherever it is found. */
  readonly subject?: string | undefined;
  /** Only what this tool finds; undefined: whichever tool finds it. */
  readonly tool?: string | undefined;
  readonly reason: string;
  /** The last day on which it is accepted: `2027-01-31`. */
  readonly expires?: string | undefined;
  readonly at: SourcePosition;
}

/** What a baseline may name. */
export interface BaselineWords {
  readonly ids: Iterable<string>;
  readonly tools: Iterable<string>;
  /** Tools whose checks are not known beforehand: an entry that names one of them may have any id. */
  readonly open: readonly string[];
}

const SHAPE = 'Write a list: - { id: "2.9", reason: why it is accepted, expires: 2027-01-31 }';

/** Reads a file of accepted findings; throws a UserError with all mistakes. */
export async function loadBaseline(file: string, words: BaselineWords): Promise<readonly BaselineEntry[]> {
  const problems = collectProblems();
  const { root } = await readYaml(file, 'baseline', undefined, problems);
  if (!root || isEmpty(root)) return [];
  if (root.kind !== 'list') {
    problems.add(`A baseline must be a list, and this is ${describeNode(root)}`, root.at, SHAPE);
    throw problems.error();
  }
  const entries = root.items.flatMap((item) => {
    if (item.kind === 'map') return readEntry(item, words, problems) ?? [];
    problems.add(`An accepted finding must be a map, and this is ${describeNode(item)}`, item.at, SHAPE);
    return [];
  });
  problems.throwIfAny();
  return entries;
}

function readEntry(map: MapNode, words: BaselineWords, problems: Problems): BaselineEntry | undefined {
  const before = problems.count;
  checkKeys(map, ['id', 'subject', 'tool', 'reason', 'expires'], 'An accepted finding', FOREIGN, problems);
  const [id, subject, tool, reason, expires] = ['id', 'subject', 'tool', 'reason', 'expires'].map((key) =>
    readText(map, key, problems),
  );
  if (!id && !entryOf(map, 'id')) problems.add('An accepted finding needs `id`', map.at, SHAPE);
  if (!reason && !entryOf(map, 'reason')) {
    problems.add(
      'An accepted finding needs `reason`',
      map.at,
      'Say why it is accepted: whoever reads it next must know',
    );
  }
  if (tool) known(String(tool.value), words.tools, 'tool', tool, problems);
  if (id && !(tool && words.open.includes(String(tool.value)))) {
    const more = `For a check of ${words.open.join(' or ')}, add tool: ${words.open[0]}`;
    known(idText(id), words.ids, 'check', id, problems, more);
  }
  if (expires) checkDate(expires, problems);
  if (!id || !reason || problems.count > before) return undefined;
  return {
    id: idText(id),
    ...(subject ? { subject: textOf(subject) } : {}),
    ...(tool ? { tool: String(tool.value) } : {}),
    reason: textOf(reason),
    ...(expires ? { expires: textOf(expires) } : {}),
    at: map.at,
  };
}

const FOREIGN: Readonly<Record<string, string>> = {
  why: 'Write `reason`',
  comment: 'Write `reason`',
  until: 'Write `expires`',
  expiry: 'Write `expires`',
  container: 'Write `subject`',
  check: 'Write `id`',
};

/** An id as it is written: YAML takes 2.10 without quotes for the number 2.1. */
function idText(node: ScalarNode): string {
  return typeof node.value === 'number' ? node.written : String(node.value);
}

function textOf(node: ScalarNode): string {
  return String(node.value);
}

function known(
  word: string,
  all: Iterable<string>,
  what: string,
  node: ScalarNode,
  problems: Problems,
  more?: string,
): void {
  const words = [...all];
  if (words.includes(word)) return;
  problems.add(
    `There is no ${what} \`${word}\``,
    node.at,
    didYouMean(word, words) ?? more ?? `There are ${words.join(', ')}`,
  );
}

function checkDate(node: ScalarNode, problems: Problems): void {
  const text = String(node.value);
  const date = new Date(`${text}T00:00:00Z`);
  const real = /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
  if (!real) problems.add(`\`expires\` is no date: ${text}`, node.at, 'Write the last day, as in 2027-01-31');
}
