import type { AuditSettings } from '../engine/resolved-task.ts';
import type { RootShell } from '../remote/shell.ts';
import type { SourceOptions } from './docker-bench/source.ts';
import type { AuditResult } from './result.ts';

/** What an audit of a host gets. */
export interface AuditContext {
  readonly shell: RootShell;
  readonly settings: AuditSettings;
  /** Where docker-bench-security comes from. */
  readonly source: SourceOptions;
  /** How a program of the operator's machine reaches the host by itself. */
  way(): Promise<OperatorWay>;
}

/** The way to a host for a program that speaks ssh itself: what the ssh configuration and the options come to, or `local`. */
export type OperatorWay =
  | 'local'
  | {
      readonly host: string;
      readonly port: number;
      readonly user: string;
      readonly identityFiles: readonly string[];
      /** Connects by this command's stdin and stdout, where a jump host stands between. */
      readonly proxyCommand?: string | undefined;
      /** The login is not root. */
      readonly sudo: boolean;
      readonly sudoPassword?: string | undefined;
    };

/**
 * One audit of a host: a name, and what finds out.
 *
 * To add one:
 * 1. `src/audit/NAME/`: an `Audit` whose `run` reads the host through `context.shell.probe` (one round trip; it MUST NOT change
 *    anything) and makes an `AuditCheck` of each thing that it looked at. Read the output defensively: names and labels on a host
 *    are written by strangers. What keeps it from running is a `not-run` result with the reason, never an exception and never an
 *    empty `done`; what it could not look at is a check with the result SKIP.
 * 2. Its settings in `AuditSettings` (src/engine/resolved-task.ts) and in `auditSchema` (src/playbook/resolve-audit.ts); the key
 *    being there asks for the audit.
 * 3. A line in `auditsFor` (src/commands/audit-host.ts), which runs what the settings ask for.
 *
 * `failures` of the result stays empty here: baseline, gates and the comparison with the run before are the same for all, and
 * `auditHost` adds them.
 */
export interface Audit {
  readonly tool: string;
  run(context: AuditContext): Promise<AuditResult>;
}
