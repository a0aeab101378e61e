import { appendFileSync } from 'node:fs';

/** The parts of the table, in its order. */
export const SECTIONS = {
  'lock-out': 'Ways to lock oneself out',
  lost: 'Ways that lost the host once',
  further: 'Thirty further ways',
  beside: 'Hosts that are not the usual one',
  random: 'Struck at random moments',
  way: 'The new way in',
  config: 'Configurations that their program does not take',
  kill: 'The client is killed',
  'audit-rules': 'The client is killed where the kernel audits',
  network: 'The network goes silent',
  host: 'Disk, locks, journal and killed programs',
  power: 'Power and clock',
  rollback: 'Rollback',
  secrets: 'Secrets',
} as const;
export type Section = keyof typeof SECTIONS;

/** One fault, and what came of it: a row of docs/reliability.md. */
export interface Row {
  readonly section: Section;
  /** What was done. */
  readonly fault: string;
  /** What the host was like. */
  readonly host: string;
  /** What the next run did, or how this one ended. */
  readonly next: string;
  /** From the start of the run to its end. */
  readonly seconds?: number | undefined;
}

/** Where the rows of a run are gathered; undefined where nobody asked for the table. */
export const ROWS_FILE = 'HARDEN_FAULT_ROWS';

/** Tells the table of a fault that was survived; call it after the last expectation. */
export function survived(row: Row): void {
  const file = process.env[ROWS_FILE];
  if (file !== undefined) appendFileSync(file, `${JSON.stringify(row)}\n`);
}
