import { join } from 'node:path';
import { acceptFindings } from '../audit/accept.ts';
import type { Audit, AuditContext } from '../audit/audit.ts';
import { gateFailures } from '../audit/gate.ts';
import { exchangeRecords, notKept, readRecords } from '../audit/record.ts';
import type { AuditDone, AuditResult } from '../audit/result.ts';
import type { Listener } from '../engine/events.ts';
import type { AuditGate, AuditSettings } from '../engine/resolved-task.ts';
import type { RootShell } from '../remote/shell.ts';
import type { Io } from '../report/io.ts';
import { readGates } from './audit-gates.ts';

export interface AuditSourceOptions {
  /** A checkout of docker-bench-security. */
  readonly dockerBench?: string;
}

/** Runs the audits that the settings ask for on one host, judges them, and reports them as events. */
export async function auditHost(
  host: string,
  { shell, way }: Pick<AuditContext, 'shell' | 'way'>,
  settings: AuditSettings,
  options: AuditSourceOptions,
  io: Io,
  listen: Listener,
): Promise<readonly AuditResult[]> {
  const source = {
    directory: options.dockerBench || io.env.HARDEN_DOCKER_BENCH || undefined,
    cache: join(io.env.XDG_CACHE_HOME || join(io.home, '.cache'), 'harden'),
  };
  const baselines = await readGates(settings);
  const wanted = await auditsFor(settings);
  let results: readonly AuditResult[] = [];
  for (const { audit } of wanted) {
    listen({ kind: 'auditing', host, tool: audit.tool });
    results = [...results, await audit.run({ shell, settings, source, way })];
  }
  for (const [file, entries] of baselines) {
    const judged = results.filter((_, index) => wanted[index]?.gate.baseline === file);
    const accepted = acceptFindings(judged, entries, new Date());
    results = results.map((result) => accepted[judged.indexOf(result)] ?? result);
  }
  results = results.map((result, index) =>
    result.status === 'done' ? { ...result, failures: gateFailures(result, wanted[index]?.gate ?? {}) } : result,
  );
  const compared = await compareWithLast(results, shell);
  for (const audit of compared) listen({ kind: 'audited', host, audit });
  return compared;
}

/** Each audit that is asked for, with the conditions that it must meet. */
async function auditsFor(settings: AuditSettings): Promise<readonly { audit: Audit; gate: AuditGate }[]> {
  const wanted: { audit: Audit; gate: AuditGate }[] = [];
  if (settings.docker_bench) {
    const { dockerBench } = await import('../audit/docker-bench/run.ts');
    wanted.push({ audit: dockerBench, gate: settings.docker_bench });
  }
  if (settings.effective) {
    const { effective } = await import('../audit/effective/run.ts');
    wanted.push({ audit: effective, gate: settings.effective });
  }
  if (settings.containers) {
    const { containers } = await import('../audit/containers/run.ts');
    wanted.push({ audit: containers, gate: settings.containers });
  }
  if (settings.inspec) {
    const { inspec } = await import('../audit/inspec/run.ts');
    wanted.push({ audit: inspec, gate: settings.inspec });
  }
  if (settings.lynis) {
    const { lynis } = await import('../audit/lynis/run.ts');
    wanted.push({ audit: lynis, gate: settings.lynis });
  }
  return wanted;
}

/** The results with those of the run before, which the host keeps; this run's are kept in their place. */
async function compareWithLast(results: readonly AuditResult[], shell: RootShell): Promise<readonly AuditResult[]> {
  const done = results.filter((result): result is AuditDone => result.status === 'done');
  if (done.length === 0) return results;
  const { frames } = await shell.apply([exchangeRecords(done, new Date())]);
  const [frame] = frames;
  const records = readRecords(frame?.stdout.toString('utf8') ?? '');
  // The audit holds without its record; the next one will miss it.
  const lost = frame?.exitCode === 0 ? undefined : notKept(frame?.stderr.toString('utf8') ?? '');
  return results.map((result) => {
    if (result.status !== 'done') return result;
    const previous = records[done.indexOf(result)];
    const notes = lost && result === done[0] ? { notes: [...(result.notes ?? []), lost] } : {};
    return { ...result, ...(previous ? { previous } : {}), ...notes };
  });
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
