import { oneLine } from './text/clean.ts';

/** Where something stands in a file that a person wrote; line and column count from 1. */
export interface SourcePosition {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** `file:line:column`, as editors and terminals link it. */
export function formatPosition(at: SourcePosition): string {
  return `${at.file}:${at.line}:${at.column}`;
}

/** The exit codes of the design: what ends the process when this error is the reason. */
export const ExitCode = {
  Done: 0,
  Failed: 1,
  ChangesPending: 2,
  StalePlan: 3,
  AuditBelowThreshold: 4,
  Usage: 64,
  Interrupted: 130,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

export interface UserErrorOptions {
  /** What to write or do instead; a sentence. */
  readonly hint?: string | undefined;
  readonly at?: SourcePosition | undefined;
  readonly exitCode?: ExitCode;
  readonly cause?: unknown;
}

/** A mistake or a circumstance that a person can act on: printed as one clean paragraph, never with a stack. Much of it may be a host's words: message and hint are made one line each, whoever wrote them. */
export class UserError extends Error {
  readonly hint: string | undefined;
  readonly at: SourcePosition | undefined;
  readonly exitCode: ExitCode;

  constructor(message: string, options: UserErrorOptions = {}) {
    super(oneLine(message), options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'UserError';
    this.hint = options.hint === undefined ? undefined : oneLine(options.hint);
    this.at = options.at;
    this.exitCode = options.exitCode ?? ExitCode.Usage;
  }

  /** `file:line:col: message. hint`: one paragraph. */
  get paragraph(): string {
    const where = this.at ? `${formatPosition(this.at)}: ` : '';
    const { message, hint } = this;
    // Another sentence follows, so this one ends, with a bracket too.
    return hint
      ? `${where}${sentence(message).replace(/\)$/, ').')} ${sentence(hint)}`
      : `${where}${sentence(message)}`;
  }
}

/** A host that could not be reached, or on which something failed: exit code 1. */
export class HostError extends UserError {
  constructor(message: string, options: Omit<UserErrorOptions, 'exitCode'> = {}) {
    super(message, { ...options, exitCode: ExitCode.Failed });
    this.name = 'HostError';
  }
}

function sentence(text: string): string {
  return /[.!?:)]$/.test(text.trimEnd()) ? text.trimEnd() : `${text.trimEnd()}.`;
}
