import type { AuditCheck, AuditDone, AuditResult } from '../audit/result.ts';
import type { RunDocument } from './document.ts';

/** What was audited, and what every tool said of it: what report files are made of. */
export interface Audited {
  /** The host as the operator named it, or the file. */
  readonly name: string;
  /** What it is, for people: the system's name; empty where it is not known. */
  readonly system: string;
  readonly audits: readonly AuditResult[];
  /** Why there is nothing to report, or not all. */
  readonly error?: string | undefined;
}

/** The audited things of a run, in its order. */
export function auditedOf(document: RunDocument): readonly Audited[] {
  return document.hosts.map(({ host, facts, audits = [], error }) => ({
    name: host,
    system: facts?.os.name ?? '',
    audits,
    error,
  }));
}

/** True for a finding that stands: it warns, and no baseline accepts it. */
export function stands({ result, accepted }: AuditCheck): boolean {
  return result === 'WARN' && !accepted;
}

export function isDone(audit: AuditResult): audit is AuditDone {
  return audit.status === 'done';
}
