import type { AnyTaskType } from '../engine/task.ts';

/** The task types that a playbook may name. */
export interface Registry {
  get(type: string): AnyTaskType | undefined;
  readonly types: readonly AnyTaskType[];
}
