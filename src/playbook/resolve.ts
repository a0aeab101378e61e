import type { ResolvedPlaybook } from '../engine/resolved-task.ts';
import type { Facts } from '../remote/facts.ts';
import { withBudget } from './budget.ts';
import { checkConflicts } from './conflicts.ts';
import { expandItems } from './expand.ts';
import { makeHelpersIn } from './helpers.ts';
import type { Playbook } from './load.ts';
import type { PlaybookFile } from './playbook.ts';
import { collectProblems } from './problems.ts';
import { renderLine } from './render-node.ts';
import { resolveAudit } from './resolve-audit.ts';
import { resolveHandlers } from './resolve-handlers.ts';
import { rootScope } from './scopes.ts';
import { selectTasks } from './select-tasks.ts';
import type { Scope } from './template-lookup.ts';
import { typicalFacts } from './typical-facts.ts';
import type { Vars } from './vars.ts';

/** What a playbook is rendered with. */
export interface ResolveContext {
  readonly facts: Facts;
  /** Variables of the host, its groups and the command line, already merged; they win over the playbook's. */
  readonly vars: Vars;
  readonly env: NodeJS.ProcessEnv;
  /** The operator's home, for `~`. */
  readonly home: string;
  readonly tags?: readonly string[];
  readonly skipTags?: readonly string[];
  /** Gets what must never be shown, also where the playbook turns out to be wrong. */
  readonly secrets?: { add(secrets: Iterable<string>): void };
}

/** The tasks of a playbook for one host, rendered, checked and chosen by tags; throws a UserError with all mistakes. */
export function resolvePlaybook(playbook: Playbook, context: ResolveContext): ResolvedPlaybook {
  return resolve(playbook, context, false);
}

/** Checks a playbook without a host: the facts are those of a typical Debian 12, and tasks that a `when` on facts leaves out are checked too. Throws a UserError with all mistakes. */
export function validatePlaybook(playbook: Playbook, context: Omit<ResolveContext, 'facts'>): void {
  resolve(playbook, { ...context, facts: typicalFacts }, true);
}

function resolve(playbook: Playbook, context: ResolveContext, everything: boolean): ResolvedPlaybook {
  const secrets = new Set<string>();
  try {
    return withBudget(() => resolveWith(playbook, context, everything, secrets));
  } finally {
    context.secrets?.add(secrets);
  }
}

function resolveWith(
  playbook: Playbook,
  context: ResolveContext,
  everything: boolean,
  secrets: Set<string>,
): ResolvedPlaybook {
  const problems = collectProblems();
  const { env, home, facts } = context;
  const helpersIn = makeHelpersIn({ env, home, secrets });
  const { scope, external } = rootScope(playbook.root, context.vars, facts, helpersIn);
  const scopes = new Map<PlaybookFile, Scope>([[playbook.root, scope]]);
  const expanded = expandItems(playbook.root.items, {
    scope,
    external,
    helpersIn,
    home,
    secrets,
    everything,
    scopes,
    tags: [],
    counted: { items: 0 },
    skipped: undefined,
    checked: true,
  });
  const tasks = selectTasks(expanded, facts, context, problems);
  checkConflicts(
    expanded.flatMap(({ task }) => (task ? [task] : [])),
    problems,
  );
  const rendering = { scope, helpersIn, problems };
  const handlers = resolveHandlers(playbook, scopes, rendering);
  const audit = resolveAudit(scopes, playbook.audits, rendering);
  const name = playbook.root.name ? renderLine(playbook.root.name, rendering) : undefined;
  problems.throwIfAny(secrets);
  for (const task of tasks) {
    for (const secret of task.skipped === undefined ? (task.type.secrets?.(task.params) ?? []) : [])
      secrets.add(secret);
  }
  return {
    file: playbook.file,
    name: name ?? playbook.name,
    tasks: tasks.map((task, index) => ({ ...task, index })),
    handlers,
    audit,
    secrets: [...secrets].filter((secret) => secret !== ''),
  };
}
