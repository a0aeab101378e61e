import type { AuditCheck } from '../result.ts';

/** What one check of the benchmark comes to; the catalogue knows the rest. */
export interface CisFinding {
  readonly result: AuditCheck['result'];
  readonly details?: string | undefined;
  readonly items?: readonly string[] | undefined;
  /** Nothing on this host can mend it: no points are promised. */
  readonly beyond?: true | undefined;
}

/** Checks by their numbers. */
export type CisFindings = Readonly<Record<string, CisFinding>>;

export const PASS: CisFinding = { result: 'PASS' };

export function warn(details: string, items?: readonly string[]): CisFinding {
  return { result: 'WARN', details, items };
}

export function info(details: string, items?: readonly string[]): CisFinding {
  return { result: 'INFO', details, items };
}

/** What only a person can judge, with what there is to judge it by. */
export function note(details: string, items?: readonly string[]): CisFinding {
  return { result: 'NOTE', details, items };
}
