import type { ResolvedTask } from '../engine/resolved-task.ts';
import { UserError } from '../errors.ts';
import { buildTask } from './build-task.ts';
import { mentions, whySkipped } from './conditions.ts';
import type { IncludeItem, PlaybookFile, PlaybookItem, TaskItem } from './playbook.ts';
import { collectProblems, type Problems } from './problems.ts';
import { type RenderContext, renderLine, renderNode } from './render-node.ts';
import { includedScope } from './scopes.ts';
import type { Scope } from './template-lookup.ts';

/** One task after `include` and `each`, or the mistakes that keep it from being one. */
export interface ExpandedTask {
  readonly task: ResolvedTask | undefined;
  readonly tags: readonly string[];
  readonly errors: readonly UserError[];
}

export interface ExpandContext {
  readonly scope: Scope;
  /** Variables from outside of the playbook: they win in every include. */
  readonly external: Scope;
  readonly helpersIn: RenderContext['helpersIn'];
  readonly home: string;
  /** Gets what must never be shown. */
  readonly secrets: Set<string>;
  /** Check the tasks too that a condition on facts leaves out. */
  readonly everything: boolean;
  /** Gets the names that each file's handlers and audit see. */
  readonly scopes: Map<PlaybookFile, Scope>;
  /** Of the includes around. */
  readonly tags: readonly string[];
  /** How many tasks and includes there were so far. */
  readonly counted: { items: number };
  /** Why an include around leaves its tasks out. */
  readonly skipped: string | undefined;
  /** False where the tasks are left out and need not be right for this host. */
  readonly checked: boolean;
}

/** The tasks of a list in order, those of its includes in their place. */
export function expandItems(items: readonly PlaybookItem[], context: ExpandContext): readonly ExpandedTask[] {
  return items.flatMap((item) => {
    count(item, context, 1);
    return item.kind === 'task' ? expandTask(item, context) : expandInclude(item, context);
  });
}

/** The most tasks and includes that a playbook may come to. */
const mostItems = 250_000;

/** Files that include each other several times, and lists, multiply. */
function count(item: PlaybookItem, { counted }: ExpandContext, more: number): void {
  counted.items += more;
  if (counted.items > mostItems)
    throw new UserError(`The playbook comes to more than ${mostItems.toLocaleString('en')} tasks here`, {
      at: item.at,
      hint: 'Look for includes that include the same file several times, and for long lists in `each:`',
    });
}

interface Standing {
  readonly skipped: string | undefined;
  readonly checked: boolean;
}

function standing(item: PlaybookItem, scope: Scope, context: ExpandContext, problems: Problems): Standing {
  if (context.skipped !== undefined && !context.checked) return context;
  const rendering = { scope, helpersIn: context.helpersIn, problems };
  const skipped = whySkipped(item.when, item.unless, rendering);
  const notByFacts = (name: string) => name !== 'facts' && !name.startsWith('facts.');
  const checked =
    skipped === undefined ||
    (context.everything && whySkipped(item.when, item.unless, rendering, notByFacts) === undefined);
  return { skipped: context.skipped ?? skipped, checked };
}

function expandInclude(item: IncludeItem, context: ExpandContext): readonly ExpandedTask[] {
  const problems = collectProblems();
  const tags = [...context.tags, ...item.tags];
  const scope = includedScope(item, context.scope, context.external, context.helpersIn);
  if (!context.scopes.has(item.file)) context.scopes.set(item.file, scope);
  const { skipped, checked } = standing(item, context.scope, context, problems);
  if (problems.count > 0) return [{ task: undefined, tags, errors: problems.list() }];
  return expandItems(item.file.items, { ...context, scope, tags, skipped, checked });
}

function expandTask(item: TaskItem, context: ExpandContext): readonly ExpandedTask[] {
  const problems = collectProblems();
  const tags = [...new Set([...context.tags, ...item.tags])];
  const byItem = item.each !== undefined && (mentions(item.when, 'item') || mentions(item.unless, 'item'));
  const around = byItem ? context : standing(item, context.scope, context, problems);
  if (problems.count > 0) return [{ task: undefined, tags, errors: problems.list() }];
  if (!around.checked || !item.each) return [one(item, context.scope, around, tags, context)];
  const items = eachItem(item.each, { scope: context.scope, helpersIn: context.helpersIn, problems });
  if (!items) return [{ task: undefined, tags, errors: problems.list() }];
  count(item, context, items.length);
  return items.map((value) => {
    const scope = new Map([...context.scope, ['item', () => value]]);
    const own = collectProblems();
    const each = byItem ? standing(item, scope, context, own) : around;
    if (own.count > 0) return { task: undefined, tags, errors: own.list() };
    return one(item, scope, each, tags, context);
  });
}

function eachItem(each: NonNullable<TaskItem['each']>, rendering: RenderContext): readonly unknown[] | undefined {
  const before = rendering.problems.count;
  const { value } = renderNode(each, rendering);
  if (rendering.problems.count > before) return undefined;
  if (Array.isArray(value)) return value;
  rendering.problems.add(
    '`each` must be a list, and this expression is none',
    each.at,
    'Name a variable that is a list',
  );
  return undefined;
}

function one(
  item: TaskItem,
  scope: Scope,
  { skipped, checked }: Standing,
  tags: readonly string[],
  context: ExpandContext,
): ExpandedTask {
  const { helpersIn, home } = context;
  const problems = collectProblems();
  const built = checked ? buildTask(item, scope, helpersIn, home, problems) : undefined;
  const common = {
    index: 0,
    type: item.type,
    at: item.at,
    tags,
    notify: item.notify.map(({ name }) => name),
    sensitive: item.sensitive,
  };
  if (problems.count > 0) return { task: undefined, tags, errors: problems.list() };
  if (skipped !== undefined || !built) {
    const quiet = { scope, helpersIn, problems: collectProblems() };
    const name = (item.name && renderLine(item.name, quiet)) ?? item.type.type;
    return { task: { ...common, name, params: null, id: '', skipped: skipped ?? '' }, tags, errors: [] };
  }
  const { secrets, ...fields } = built;
  for (const secret of secrets) context.secrets.add(secret);
  return { task: { ...common, ...fields }, tags, errors: [] };
}
