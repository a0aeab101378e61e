import type { SourcePosition } from '../errors.ts';
import type { AnyTaskType, Handler } from './task.ts';

/** A task of a playbook, rendered and checked for one host. */
export interface ResolvedTask {
  /** Its place in the run, from 0; `each` and `include` are expanded. */
  readonly index: number;
  /** The playbook's `name`, or `type id`. */
  readonly name: string;
  readonly type: AnyTaskType;
  /** What `type.params` parsed and `type.load` completed; null for a skipped task. */
  readonly params: unknown;
  /** `type.id(params)`; empty for a skipped task. */
  readonly id: string;
  readonly at: SourcePosition;
  readonly tags: readonly string[];
  /** Names of the playbook's handlers. */
  readonly notify: readonly string[];
  /** The playbook says that nothing of this task's values may be shown. */
  readonly sensitive: boolean;
  /** Why the task does not apply to this host (`when`, `unless`); undefined: it does. */
  readonly skipped?: string | undefined;
}

/** When an audit fails; the same for every tool. */
export interface AuditGate {
  /** Only where the tool gives a score. */
  readonly min_score?: number | undefined;
  /** Check ids, sections (`2`), severities (`high`: that and worse) and results (`WARN`). */
  readonly fail_on?: readonly string[] | undefined;
  /** A file with accepted findings, as seen from the working directory. */
  readonly baseline?: string | undefined;
}

/** What is demanded of containers and their images beyond what holds for everyone. */
export interface WorkloadSettings {
  /** `docker.io/library`, `registry.example.com`: images come from these alone. */
  readonly allowed_registries?: readonly string[] | undefined;
  /** An image without a digest is a finding, not a remark. */
  readonly require_digest?: boolean | undefined;
  readonly max_age_days?: number | undefined;
}

/** `audit:` of a playbook: a key that is there asks for that audit; its own settings are the audit's to know. */
export type AuditSettings = Readonly<Record<string, AuditGate & Readonly<Record<string, unknown>>>>;

/** A whole playbook, rendered and checked for one host. */
export interface ResolvedPlaybook {
  readonly file: string;
  readonly name: string;
  readonly tasks: readonly ResolvedTask[];
  /** The playbook's own handlers in the order of the file. */
  readonly handlers: readonly Handler[];
  readonly audit: AuditSettings | undefined;
  /** Values that must never be shown: what `env` gave, every type's `secrets`, and the values of sensitive tasks. */
  readonly secrets: readonly string[];
}
