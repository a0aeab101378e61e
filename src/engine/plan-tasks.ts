import { HostError, UserError } from '../errors.ts';
import type { Facts } from '../remote/facts.ts';
import type { Answers } from './answers.ts';
import { type Change, diff } from './diff.ts';
import { describeNeed, type NeedStanding, standing } from './needs.ts';
import type { HostPlan, PlannedHandler, PlannedTask } from './plan.ts';
import { mayRemove } from './removes-cause.ts';
import type { ResolvedPlaybook, ResolvedTask } from './resolved-task.ts';
import type { State } from './state.ts';
import type { Consent, Finding, Handler, Need, Outlook } from './task.ts';

/** What the run and the whole playbook say to each of its tasks. */
export type RunOutlook = Pick<Outlook, 'transport' | 'passwordAsked' | 'effects' | 'tasksOf'>;

/** What differs, and what would make it right: a pure function of the playbook and the host's answers. Tasks that are `settled` stay as they were planned, and others count on them. */
export function planTasks(
  tasks: readonly ResolvedTask[],
  answers: Answers,
  facts: Facts,
  outlook: RunOutlook = {},
  settled: readonly PlannedTask[] = [],
): readonly PlannedTask[] {
  const known = new Map(settled.map((entry) => [entry.task.index, entry]));
  const planned: PlannedTask[] = [];
  for (const task of tasks) planned.push(known.get(task.index) ?? planTask(task, answers, facts, outlook, planned));
  return planned;
}

/** The handlers that will run: what types bring in the order of their tasks, then the playbook's in its own, then what an earlier run left. */
export function planHandlers(
  playbook: ResolvedPlaybook,
  tasks: readonly PlannedTask[],
  pending: readonly Handler[],
): readonly PlannedHandler[] {
  const known = new Map<string, Handler>();
  for (const { task, change } of tasks) {
    if (change)
      for (const handler of task.type.handlers?.(task.params, change) ?? [])
        known.set(handler.name, known.get(handler.name) ?? handler);
  }
  for (const handler of playbook.handlers) known.set(handler.name, handler);
  const left = new Set(pending.map((handler) => handler.name));
  const notified = new Set(tasks.flatMap((task) => task.notifies));
  const fromPlaybook = [...known.values()].filter((handler) => notified.has(handler.name) || left.has(handler.name));
  const others = pending.filter((handler) => !known.has(handler.name));
  return [...fromPlaybook, ...others].map((handler) => ({ ...handler, pending: left.has(handler.name) }));
}

/** The refusals of a plan: with any of them apply does not start. */
export function refusals(
  plan: Pick<HostPlan, 'tasks'>,
): readonly { readonly planned: PlannedTask; readonly finding: Finding }[] {
  return plan.tasks.flatMap((planned) =>
    planned.findings.filter(({ level }) => level === 'refuse').map((finding) => ({ planned, finding })),
  );
}

/** The plan with the refusals that the operator knows of and accepts as remarks. */
export function consented(planned: readonly PlannedTask[], given: readonly Consent[]): readonly PlannedTask[] {
  if (given.length === 0) return planned;
  return planned.map((entry) => ({
    ...entry,
    findings: entry.findings.map((finding) =>
      finding.level === 'refuse' && finding.consent !== undefined && given.includes(finding.consent)
        ? { level: 'warn', message: finding.message, hint: `Accepted with --i-know ${finding.consent}` }
        : finding,
    ),
  }));
}

function planTask(
  task: ResolvedTask,
  answers: Answers,
  facts: Facts,
  run: RunOutlook,
  earlier: readonly PlannedTask[],
): PlannedTask {
  const nothing = { task, findings: [], notifies: [], risk: false } as const;
  if (task.skipped !== undefined) return { ...nothing, action: 'skip' };
  const unfit = task.type.unfit?.(task.params, facts) as Finding | undefined;
  if (unfit !== undefined) return { ...nothing, action: 'none', findings: [unfit] };
  const needs = (task.type.needs?.(task.params, facts) ?? []) as readonly Need[];
  const standings = needs.map((need) => ({ need, standing: standing(need, answers.held, earlier) }));
  const missing = standings.filter((entry) => entry.standing.kind === 'missing').map(({ need }) => missingNeed(need));
  if (missing.length > 0) return { ...nothing, action: 'none', findings: missing };
  const maybe = standings.find(
    (entry): entry is { need: Need; standing: NeedStanding & { kind: 'maybe' } } => entry.standing.kind === 'maybe',
  );
  if (maybe) return unknownTask(task, facts, `${describeNeed(maybe.need)} comes with "${maybe.standing.by}"`);
  const waits = earlier.some(changes) ? task.type.awaits?.(task.params) : undefined;
  if (waits !== undefined) return unknownTask(task, facts, waits);
  try {
    const before = readState(task, answers);
    const change = diff(before, task.type.want(task.params, facts, before) as State);
    const outlook = {
      ...run,
      changing: earlier.some(changes),
      pending: provided(earlier),
      earlier: sameType(task, earlier),
    };
    const makes =
      change === undefined ? [] : standings.flatMap(({ standing: is }) => (is.kind === 'makeable' ? is.makes : []));
    return settledLater({ ...plannedChange(task, change, before, facts, outlook), makes }, facts, earlier);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const finding: Finding = { level: 'refuse', message: error.message, hint: error.hint };
    return settledLater({ ...nothing, action: 'none', findings: [finding] }, facts, earlier);
  }
}

/** A task with refusals that only the changes before it settle is known after apply. */
export function settledLater(entry: PlannedTask, facts: Facts, earlier: readonly PlannedTask[]): PlannedTask {
  const refused = entry.findings.filter(({ level }) => level === 'refuse');
  const settling = refused.map((finding) => mayRemove(earlier, finding));
  const first = settling[0];
  if (first === undefined || settling.includes(undefined)) return entry;
  return unknownTask(
    entry.task,
    facts,
    `"${first.task.name}" may settle what is against it now: ${refused[0]?.message}`,
  );
}

function readState(task: ResolvedTask, answers: Answers): State {
  const frame = answers.frames.get(task.index);
  if (!frame) throw new Error(`no answer to the probe of task ${task.index}`);
  const stderr = frame.stderr.toString('utf8').trim();
  if (frame.exitCode >= 65 && frame.exitCode <= 125)
    throw new HostError(stderr || `reading the state failed with status ${frame.exitCode}`);
  return task.type.read(frame.stdout.toString('utf8'), task.params) as State;
}

function plannedChange(
  task: ResolvedTask,
  change: Change | undefined,
  before: State,
  facts: Facts,
  outlook: Outlook,
): PlannedTask {
  const findings = task.type.findings?.(change, task.params, { ...outlook, facts, before }) ?? [];
  if (!change)
    return { task, action: 'none', findings, notifies: [], risk: false, tells: task.type.tells?.(task.params, before) };
  return {
    task,
    action: task.type.action?.(task.params, change) ?? change.action,
    change,
    script: task.type.apply(change, task.params, facts, outlook),
    closing: task.type.closeOldWay?.(change, task.params, facts, outlook),
    findings,
    notifies: notified(task, change),
    risk: task.type.risk?.(task.params, change) === 'access',
    irreversible: task.type.irreversible?.(task.params, change),
  };
}

/** A task whose change is known only once earlier ones are through. */
export function unknownTask(task: ResolvedTask, facts: Facts, reason: string): PlannedTask {
  const after = task.type.want(task.params, facts, null) as State;
  const change: Change = { action: 'update', before: null, after, keys: Object.keys(after ?? {}) };
  return {
    task,
    action: 'update',
    change,
    unknown: reason,
    findings: [],
    notifies: notified(task, change),
    risk: task.type.risk?.(task.params, change) === 'access',
    irreversible: task.type.irreversible?.(task.params, change),
  };
}

function notified(task: ResolvedTask, change: Change): string[] {
  return [
    ...new Set([...(task.type.handlers?.(task.params, change) ?? []).map((handler) => handler.name), ...task.notify]),
  ];
}

function changes({ action }: PlannedTask): boolean {
  return action !== 'none' && action !== 'skip';
}

function provided(earlier: readonly PlannedTask[]): readonly Need[] {
  return earlier.flatMap(({ action, task }) =>
    action === 'create' || action === 'update' ? (task.type.provides?.(task.params) ?? []) : [],
  );
}

function sameType(task: ResolvedTask, earlier: readonly PlannedTask[]): readonly unknown[] {
  return earlier.filter((one) => one.task.type === task.type && one.change !== undefined).map((one) => one.task.params);
}

function missingNeed(need: Need): Finding {
  return {
    level: 'refuse',
    message: `needs ${describeNeed(need)}, which the host does not have and no earlier task brings`,
    hint: hintFor(need),
  };
}

function hintFor(need: Need): string {
  if (need.startsWith('directory:'))
    return 'Add a file task that creates it before this one (state: directory): it is made by itself only where root alone can write, and never a home';
  if (need.startsWith('path:')) return 'Add a file task that creates it before this one';
  if (need === 'plugin:docker-compose')
    return "Add a package task before this one: docker-compose on Debian 13 (Debian 12 has version 1 alone), docker-compose-v2 on Ubuntu, docker-compose-plugin from Docker's own repository";
  return 'Add a task that brings it before this one';
}
