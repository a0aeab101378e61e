/** One line of an audit, whichever tool it came from. */
export interface AuditCheck {
  readonly id: string;
  readonly title: string;
  /** PASS and WARN count; INFO and NOTE are for a person to read; SKIP was not checked. */
  readonly result: 'PASS' | 'WARN' | 'INFO' | 'NOTE' | 'SKIP';
  readonly section: string;
  readonly details?: string | undefined;
  readonly items?: readonly string[] | undefined;
  readonly remediation?: string | undefined;
}

/** What one audit tool said of one host. */
export type AuditResult =
  | {
      readonly tool: 'docker-bench-security';
      readonly status: 'done';
      readonly score: number;
      /** How many checks ran. */
      readonly checks: number;
      readonly results: readonly AuditCheck[];
      /** Why the report is not whole. */
      readonly incomplete?: string | undefined;
      /** The run before on this host, where one is on record. */
      readonly previous?:
        | { readonly score: number; readonly at: string; readonly warnings: readonly string[] }
        | undefined;
      /** Why the audit counts as below its threshold: `min_score`, `fail_on`; empty: it does not. */
      readonly failures: readonly string[];
    }
  | {
      readonly tool: 'docker-bench-security';
      /** Never counts as passed. */
      readonly status: 'not-run';
      readonly reason: string;
    };
