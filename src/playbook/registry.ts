import type { z } from 'zod';
import type { AuditGate } from '../engine/resolved-task.ts';
import type { AnyTaskType } from '../engine/task.ts';

/** The task types that a playbook may name. */
export interface TaskRegistry {
  get(type: string): AnyTaskType | undefined;
  readonly types: readonly AnyTaskType[];
}

/** An audit, as far as a playbook speaks of it. */
export interface NamedAudit {
  readonly name: string;
  readonly summary: string;
  readonly settings: z.ZodType<AuditGate>;
  readonly needsSettings?: true;
  readonly beside?: string;
  settle?(settings: AuditGate, folder: string): AuditGate;
}

/** All that a playbook may name. */
export interface Registry extends TaskRegistry {
  readonly audits: readonly NamedAudit[];
}
