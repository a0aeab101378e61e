import type { TaskItem } from './playbook.ts';
import { collectProblems } from './problems.ts';
import { type RenderContext, renderNode } from './render-node.ts';
import type { Scope } from './template-lookup.ts';

/** Where a task stands and whose it is: to mask these wherever they appear would hide what harden speaks of, and no secret. */
const NO_SECRETS = new Set(
  'dest path src name user owner group groups mode state home shell validate creates removes chdir unless regexp insertafter insertbefore marker'.split(
    ' ',
  ),
);

/** Shorter values would tear every text apart. */
const SHORTEST = 6;

/** The texts of a sensitive task that must never be shown: its parameters, and the variables that they are made of. */
export function sensitiveValues(item: TaskItem, scope: Scope, helpersIn: RenderContext['helpersIn']): string[] {
  const values: string[] = [];
  const context = { scope: watched(scope, values), helpersIn, problems: collectProblems() };
  const { params } = item;
  const nodes =
    params.kind === 'map'
      ? params.entries.filter(({ key }) => !NO_SECRETS.has(key)).map(({ value }) => value)
      : [params];
  for (const node of nodes) values.push(...texts(renderNode(node, context).value));
  return values.filter((value) => value.length >= SHORTEST);
}

/** The same variables; the values of those that are asked for are noted in `values`. */
export function watched(scope: Scope, values: string[]): Scope {
  const entries = [...scope].map(([name, value]): [string, () => unknown] => [
    name,
    () => {
      const found = value();
      if (name !== 'facts') values.push(...texts(found).filter((text) => text.length >= SHORTEST));
      return found;
    },
  ]);
  return new Map(entries);
}

function texts(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return value !== null && typeof value === 'object' ? Object.values(value).flatMap(texts) : [];
}
