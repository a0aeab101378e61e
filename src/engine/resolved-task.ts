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

/** `audit:` of a playbook. */
export interface AuditSettings {
  readonly docker_bench?: {
    readonly min_score?: number | undefined;
    readonly fail_on?: readonly string[] | undefined;
    /** docker-bench's `-u`: users who may be in the docker group. */
    readonly trusted_users?: readonly string[] | undefined;
  };
}

/** A whole playbook, rendered and checked for one host. */
export interface ResolvedPlaybook {
  readonly file: string;
  readonly name: string;
  readonly tasks: readonly ResolvedTask[];
  /** The playbook's own handlers in the order of the file. */
  readonly handlers: readonly Handler[];
  readonly audit: AuditSettings | undefined;
  /** Values that must never be shown: what `env` gave, and every type's `secrets`. */
  readonly secrets: readonly string[];
}
