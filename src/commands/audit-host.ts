import { join } from 'node:path';
import { type AuditedHost, runAudits } from '../audit/pipeline.ts';
import type { AuditResult } from '../audit/result.ts';
import type { Listener } from '../engine/events.ts';
import type { AuditGate, AuditSettings } from '../engine/resolved-task.ts';
import type { Io } from '../report/io.ts';
import { readGates } from './audit-gates.ts';

export interface AuditSourceOptions {
  /** A checkout of docker-bench-security. */
  readonly dockerBench?: string;
}

/** The checkout of docker-bench-security that an option or the environment names. */
export function checkoutOf({ dockerBench }: AuditSourceOptions, io: Io): string | undefined {
  return dockerBench || io.env.HARDEN_DOCKER_BENCH || undefined;
}

/** Runs the audits that the settings ask for on one host, and reports them as events. */
export async function auditHost(
  host: string,
  { shell, way }: Pick<AuditedHost, 'shell' | 'way'>,
  settings: AuditSettings,
  options: AuditSourceOptions,
  io: Io,
  listen: Listener,
): Promise<readonly AuditResult[]> {
  const dockerBench = {
    directory: checkoutOf(options, io),
    cache: join(io.env.XDG_CACHE_HOME || join(io.home, '.cache'), 'harden'),
  };
  const audits = await runAudits(
    { shell, way, sources: { dockerBench } },
    settings,
    await readGates(settings),
    (tool) => listen({ kind: 'auditing', host, tool }),
  );
  for (const audit of audits) listen({ kind: 'audited', host, audit });
  return audits;
}

/** True for an audit that ran to its end; what it did not get to is not passed. */
export function isWhole(audit: AuditResult): boolean {
  return audit.status === 'done' && audit.incomplete === undefined;
}

export type AuditVerdict = 'ok' | 'audit not run' | 'audit below threshold';

/** What audits mean for the exit code of an apply: one that had to meet a condition and did not run is a failure, not a pass. */
export function verdict(audits: readonly AuditResult[], settings: AuditSettings): AuditVerdict {
  const gated = Object.values(settings).some(
    (gate: AuditGate) => gate.min_score !== undefined || gate.fail_on !== undefined,
  );
  if (gated && !audits.every(isWhole)) return 'audit not run';
  return audits.some((audit) => audit.status === 'done' && audit.failures.length > 0) ? 'audit below threshold' : 'ok';
}
