import type { AuditResult, AuditSuggestion } from '../audit/result.ts';
import type { HostStatus, Listener, RunEvent, StepError, StepStatus } from '../engine/events.ts';
import type { HostPlan, PlannedTask, TaskAction } from '../engine/plan.ts';
import { type ShownChange, shownChanges } from '../engine/shown.ts';
import { formatPosition, type UserError } from '../errors.ts';
import type { Facts } from '../remote/facts.ts';
import { Masker } from '../text/masker.ts';

/** `--json`: one document for a whole run; `version` changes when its shape does. */
export interface RunDocument {
  readonly version: 1;
  readonly command: string;
  readonly playbook: string | null;
  readonly hosts: readonly HostDocument[];
  readonly summary: Summary;
  /** Why the run as a whole ended early: a usage or playbook error, an interrupt. */
  readonly error?: string;
}

/** Counts of hosts; changed: something differs (plan) or was changed (apply). */
export interface Summary {
  readonly hosts: number;
  readonly changed: number;
  readonly unchanged: number;
  readonly failed: number;
  readonly unreachable: number;
}

export interface HostDocument {
  readonly host: string;
  readonly status: HostStatus;
  readonly facts: Facts | null;
  readonly tasks: readonly TaskDocument[];
  readonly handlers: readonly HandlerDocument[];
  /** How many of the plan's changes were made, of how many; apply only. */
  readonly changes?: { readonly made: number; readonly planned: number };
  /** docker-bench-security's result, where it was asked for. */
  readonly audit?: AuditResult;
  /** What every audit said, docker-bench-security included, in the order in which they ran. */
  readonly audits?: readonly AuditResult[];
  /** What --suggest wrote. */
  readonly suggestion?: AuditSuggestion;
  readonly error?: string;
}

export interface TaskDocument {
  readonly index: number;
  readonly name: string;
  readonly type: string;
  readonly id: string;
  /** `file:line:column`. */
  readonly at: string;
  readonly action: TaskAction;
  readonly changes: readonly ShownChange[];
  /** Why the change is known only after apply: its `before` is null then. */
  readonly known_after_apply?: string;
  readonly warnings?: readonly string[];
  /** What became of it; apply only. */
  readonly status?: StepStatus | 'skipped';
  readonly error?: string;
}

export interface HandlerDocument {
  readonly name: string;
  /** An earlier run left it. */
  readonly pending: boolean;
  readonly status?: StepStatus;
  readonly error?: string;
}

interface HostRecord {
  plan?: HostPlan;
  facts?: Facts;
  status: HostStatus;
  error?: UserError;
  audits: AuditResult[];
  suggestion?: AuditSuggestion;
  steps: Map<number, { status: StepStatus; error?: StepError | undefined }>;
  handlers: Map<string, { status: StepStatus; error?: StepError | undefined }>;
}

/** Collects a run's events into its document; the document is whole at any moment, also when the run fails. */
export class DocumentRecorder {
  private readonly hosts = new Map<string, HostRecord>();
  private readonly masker: Masker;
  private readonly command: string;
  private readonly playbook: string | null;

  /** `masker`: for hosts that have no plan. */
  constructor(command: string, playbook: string | null, masker: Masker = new Masker()) {
    this.masker = masker;
    this.command = command;
    this.playbook = playbook;
  }

  readonly listen: Listener = (event: RunEvent) => {
    const record = this.record(event.host);
    if (event.kind === 'connected') {
      record.facts = event.facts;
      // Reached, and not at its end: where the whole run ends first (a stale plan, no consent), that is what it is.
      record.status = 'failed';
    } else if (event.kind === 'planned') record.plan = event.plan;
    else if (event.kind === 'step-ended') record.steps.set(event.index, event);
    else if (event.kind === 'handler-ended') record.handlers.set(event.name, event);
    else if (event.kind === 'audited') record.audits.push(event.audit);
    else if (event.kind === 'suggested') record.suggestion = event.suggestion;
    else if (event.kind === 'host-ended') {
      record.status = event.status;
      if (event.error) record.error = event.error;
    }
  };

  document(error?: string): RunDocument {
    const hosts = [...this.hosts].map(([host, record]) =>
      hostDocument(host, record, this.command === 'apply', this.masker),
    );
    return {
      version: 1,
      command: this.command,
      playbook: this.playbook,
      hosts,
      summary: this.summary(),
      ...(error ? { error: this.masker.text(error) } : {}),
    };
  }

  summary(): Summary {
    const records = [...this.hosts.values()];
    const count = (test: (record: HostRecord) => boolean) => records.filter(test).length;
    const good = (record: HostRecord) => record.status === 'ok' || record.status === 'changes';
    const changed = (record: HostRecord) =>
      record.status === 'changes' ||
      [...record.steps.values(), ...record.handlers.values()].some(({ status }) => status === 'changed');
    return {
      hosts: records.length,
      changed: count((record) => good(record) && changed(record)),
      unchanged: count((record) => good(record) && !changed(record)),
      failed: count(({ status }) => status === 'failed'),
      unreachable: count(({ status }) => status === 'unreachable'),
    };
  }

  private record(host: string): HostRecord {
    let record = this.hosts.get(host);
    if (!record) {
      record = { status: 'unreachable', audits: [], steps: new Map(), handlers: new Map() };
      this.hosts.set(host, record);
    }
    return record;
  }
}

function hostDocument(host: string, record: HostRecord, applied: boolean, fallback: Masker): HostDocument {
  const masker = record.plan?.masker ?? fallback;
  const bench = record.audits.find(({ tool }) => tool === 'docker-bench-security');
  const document: HostDocument = {
    host,
    status: record.status,
    facts: record.facts ?? null,
    tasks: (record.plan?.tasks ?? []).map((planned) => taskDocument(planned, masker, applied ? record : undefined)),
    handlers: handlerDocuments(record),
    ...(applied && record.plan ? { changes: changesOf(record, record.plan) } : {}),
    ...(bench ? { audit: bench } : {}),
    ...(record.audits.length > 0 ? { audits: record.audits } : {}),
    ...(record.suggestion ? { suggestion: record.suggestion } : {}),
    ...(record.error ? { error: record.error.paragraph } : {}),
  };
  return masker.deep(document);
}

function changesOf({ steps }: HostRecord, { tasks }: HostPlan): { made: number; planned: number } {
  const planned = tasks.filter(({ action }) => action !== 'none' && action !== 'skip').length;
  const made = [...steps.values()].filter(({ status }) => status === 'changed').length;
  // What was known only then may have needed no change, and a further pass may have made more.
  return { made, planned: Math.max(made, planned) };
}

function taskDocument(planned: PlannedTask, masker: Masker, record: HostRecord | undefined): TaskDocument {
  const { task, action, findings } = planned;
  const warnings = findings.filter(({ level }) => level === 'warn').map(({ message }) => message);
  const refused = findings
    .filter(({ level }) => level === 'refuse')
    .map(({ message, hint }) => (hint ? `${message}. ${hint}` : message));
  const step = record?.steps.get(task.index);
  const error = step?.error ? (step.error.output ?? step.error.message) : refused.join('; ');
  return {
    index: task.index,
    name: task.name,
    type: task.type.type,
    id: task.id,
    at: formatPosition(task.at),
    action,
    changes: shownChanges(planned, masker),
    ...(planned.unknown ? { known_after_apply: planned.unknown } : {}),
    ...(warnings.length > 0 ? { warnings } : {}),
    ...(record ? { status: step?.status ?? (refused.length > 0 ? 'not-run' : restStatus(action)) } : {}),
    ...(error ? { error } : {}),
  };
}

function restStatus(action: TaskAction): StepStatus | 'skipped' {
  if (action === 'skip') return 'skipped';
  return action === 'none' ? 'unchanged' : 'not-run';
}

function handlerDocuments(record: HostRecord): HandlerDocument[] {
  const planned = new Map((record.plan?.handlers ?? []).map(({ name, pending }) => [name, pending]));
  for (const name of record.handlers.keys()) if (!planned.has(name)) planned.set(name, false);
  return [...planned].map(([name, pending]) => {
    const ended = record.handlers.get(name);
    const error = ended?.error ? (ended.error.output ?? ended.error.message) : undefined;
    return { name, pending, ...(ended ? { status: ended.status } : {}), ...(error ? { error } : {}) };
  });
}
