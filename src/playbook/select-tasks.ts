import type { ResolvedTask } from '../engine/resolved-task.ts';
import type { Need } from '../engine/task.ts';
import type { Facts } from '../remote/facts.ts';
import { didYouMean } from '../text/did-you-mean.ts';
import type { ExpandedTask } from './expand.ts';
import { MissingHereError, type Problems } from './problems.ts';

/** What `--tags` and `--skip-tags` ask for. */
export interface TagSelection {
  readonly tags?: readonly string[];
  readonly skipTags?: readonly string[];
}

/**
 * The tasks that the tags choose, and the earlier ones that bring what these need; without tags all but those tagged `never`.
 * Mistakes go to `problems`, but for tasks that are left out not those that this machine or command line could mend.
 */
export function selectTasks(
  expanded: readonly ExpandedTask[],
  facts: Facts,
  selection: TagSelection,
  problems: Problems,
): readonly ResolvedTask[] {
  checkTags(expanded, selection, problems);
  const chosen = new Set(expanded.filter((each) => isChosen(each, selection)));
  for (const each of expanded) {
    for (const error of each.errors) {
      if (chosen.has(each) || !(error instanceof MissingHereError)) problems.catch(error);
    }
  }
  if (selection.tags?.length) addNeeded(expanded, chosen, facts, selection);
  return expanded.flatMap((each) => (each.task && chosen.has(each) ? [each.task] : []));
}

function isChosen({ tags }: ExpandedTask, { tags: asked = [], skipTags = [] }: TagSelection): boolean {
  if (tags.some((tag) => skipTags.includes(tag))) return false;
  if (tags.some((tag) => asked.includes(tag))) return true;
  if (tags.includes('never')) return false;
  return asked.length === 0 || tags.includes('always');
}

function checkTags(
  expanded: readonly ExpandedTask[],
  { tags = [], skipTags = [] }: TagSelection,
  problems: Problems,
): void {
  const known = new Set(['always', 'never', ...expanded.flatMap((each) => each.tags)]);
  const own = [...known].filter((tag) => tag !== 'always' && tag !== 'never');
  for (const tag of [...tags, ...skipTags]) {
    if (known.has(tag)) continue;
    const there = own.length > 0 ? `There are ${own.join(', ')}` : 'No task has a tag';
    problems.add(`No task has the tag \`${tag}\``, undefined, didYouMean(tag, known) ?? there);
  }
}

/** Adds the tasks that provide what a chosen later one needs, and what they need themselves. */
function addNeeded(
  expanded: readonly ExpandedTask[],
  chosen: Set<ExpandedTask>,
  facts: Facts,
  { skipTags = [] }: TagSelection,
): void {
  const providers = new Map<string, ExpandedTask[]>();
  const places = new Map(expanded.map((each, index) => [each, index]));
  for (const each of expanded) {
    if (!each.task || each.task.skipped !== undefined || each.tags.some((tag) => skipTags.includes(tag))) continue;
    for (const name of brought(each.task, facts)) {
      const known = providers.get(name);
      if (known) known.push(each);
      else providers.set(name, [each]);
    }
  }
  // From the end: a provider stands before what needs it, so its own needs are looked at later.
  for (const [index, each] of [...expanded.entries()].reverse()) {
    if (!chosen.has(each) || !each.task || each.task.skipped !== undefined) continue;
    for (const need of needsOf(each.task, facts)) {
      for (const provider of providers.get(need) ?? []) if (places.get(provider)! < index) chosen.add(provider);
    }
  }
}

/** What a task provides; with a path the directories above it, but for those that it needs itself. */
function brought(task: ResolvedTask, facts: Facts): ReadonlySet<string> {
  const needs = needsOf(task, facts);
  const provided = task.type.provides?.(task.params) ?? [];
  const above = provided.filter((name) => name.startsWith('path:')).flatMap(parents);
  return new Set([...provided, ...above.filter((name) => !needs.some((need) => `${need}/`.startsWith(`${name}/`)))]);
}

function parents(name: Need): string[] {
  const parts = name.split('/');
  return parts.slice(1, -1).map((_, index) => parts.slice(0, index + 2).join('/'));
}

function needsOf(task: ResolvedTask, facts: Facts): readonly Need[] {
  return task.type.needs?.(task.params, facts) ?? [];
}
