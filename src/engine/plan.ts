import type { Facts } from '../remote/facts.ts';
import type { Script } from '../remote/sh.ts';
import type { Masker } from '../text/masker.ts';
import type { Change } from './diff.ts';
import type { ResolvedTask } from './resolved-task.ts';
import type { Finding, Handler } from './task.ts';

export type TaskAction = 'create' | 'update' | 'delete' | 'none' | 'skip';

/** What a plan says of one task. */
export interface PlannedTask {
  readonly task: ResolvedTask;
  readonly action: TaskAction;
  /** Undefined for none and skip. When `unknown` is set its `before` is null and its keys are those of `after`. */
  readonly change?: Change | undefined;
  /** What apply runs; undefined for none and skip, and where it is known only after apply. */
  readonly script?: Script | undefined;
  /** What apply runs once a login by the new way in has succeeded: it closes the old one. */
  readonly closing?: Script | undefined;
  /** Why the change is known only after apply. */
  readonly unknown?: string | undefined;
  readonly findings: readonly Finding[];
  /** Names of the handlers that the change notifies. */
  readonly notifies: readonly string[];
  readonly risk: boolean;
  readonly irreversible?: string | undefined;
  /** Directories on the way that are missing, and that the task makes. */
  readonly makes?: readonly string[];
  /** What of the state people need to know. */
  readonly tells?: string | undefined;
}

/** What differs on one host, and the very shell text that makes it right. */
export interface HostPlan {
  /** As the operator named it. */
  readonly host: string;
  readonly facts: Facts;
  readonly tasks: readonly PlannedTask[];
  /** Those that will run, in order: notified ones, and those that an earlier run left pending. */
  readonly handlers: readonly PlannedHandler[];
  /** Runs that were cut off before they proved the way in: the next apply takes their guard over. */
  readonly armed: readonly string[];
  /** How the last run stopped, as a sentence; undefined where it came to its end. */
  readonly lastRun?: string | undefined;
  /** The playbook closes with an audit. */
  readonly audited: boolean;
  /** Masks this host's secrets in whatever is shown of the plan. */
  readonly masker: Masker;
}

export interface PlannedHandler extends Handler {
  /** An earlier run notified it and did not get to run it. */
  readonly pending: boolean;
}
