import type { AuditResult, AuditSuggestion } from '../audit/result.ts';
import type { UserError } from '../errors.ts';
import type { Facts } from '../remote/facts.ts';
import type { HostPlan } from './plan.ts';

/** How one task or handler of an apply ended. */
export type StepStatus = 'changed' | 'unchanged' | 'failed' | 'not-run';

export interface StepError {
  readonly message: string;
  /** The script's exit status. */
  readonly exitCode?: number | undefined;
  /** What it wrote on stderr, else the end of its stdout; secrets masked. */
  readonly output?: string | undefined;
}

/** What happens during a run, in order per host; reports are made of these alone. */
export type RunEvent =
  | { readonly kind: 'connecting'; readonly host: string }
  | { readonly kind: 'connected'; readonly host: string; readonly facts: Facts }
  | { readonly kind: 'probing'; readonly host: string; readonly probes: number }
  | { readonly kind: 'planned'; readonly host: string; readonly plan: HostPlan }
  | { readonly kind: 'applying'; readonly host: string; readonly steps: number }
  | { readonly kind: 'step-started'; readonly host: string; readonly index: number; readonly name: string }
  | {
      readonly kind: 'step-ended';
      readonly host: string;
      readonly index: number;
      readonly name: string;
      readonly status: StepStatus;
      readonly milliseconds: number;
      readonly error?: StepError | undefined;
    }
  | { readonly kind: 'handler-started'; readonly host: string; readonly name: string }
  | {
      readonly kind: 'handler-ended';
      readonly host: string;
      readonly name: string;
      readonly status: StepStatus;
      readonly milliseconds: number;
      readonly error?: StepError | undefined;
    }
  | { readonly kind: 'proving'; readonly host: string; readonly freshLogin: boolean }
  | { readonly kind: 'proved'; readonly host: string }
  | { readonly kind: 'auditing'; readonly host: string; readonly tool: string }
  | { readonly kind: 'audited'; readonly host: string; readonly audit: AuditResult }
  | { readonly kind: 'suggested'; readonly host: string; readonly suggestion: AuditSuggestion }
  | { readonly kind: 'note'; readonly host: string; readonly message: string }
  | {
      readonly kind: 'host-ended';
      readonly host: string;
      readonly status: HostStatus;
      readonly error?: UserError | undefined;
    };

/** ok: as wanted. changes: plan found differences. failed: something on the host failed. unreachable: no root shell. */
export type HostStatus = 'ok' | 'changes' | 'failed' | 'unreachable';

export type Listener = (event: RunEvent) => void;
