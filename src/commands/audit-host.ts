import { join } from 'node:path';
import type { SourceOptions } from '../audit/docker-bench/source.ts';
import type { AuditResult } from '../audit/result.ts';
import type { Listener } from '../engine/events.ts';
import type { AuditSettings } from '../engine/resolved-task.ts';
import type { RootShell } from '../remote/shell.ts';
import type { Io } from '../report/io.ts';

export interface AuditOptions {
  /** A checkout of docker-bench-security. */
  readonly dockerBench?: string;
}

/** Runs the audits that the settings ask for on one host, and reports them as events. */
export async function auditHost(
  host: string,
  shell: RootShell,
  settings: AuditSettings,
  options: AuditOptions,
  io: Io,
  listen: Listener,
): Promise<AuditResult | undefined> {
  if (!settings.docker_bench) return undefined;
  const { runDockerBench } = await import('../audit/docker-bench/run.ts');
  listen({ kind: 'auditing', host });
  const audit = await runDockerBench(shell, settings.docker_bench, benchSource(options, io), new Date());
  listen({ kind: 'audited', host, audit });
  return audit;
}

function benchSource(options: AuditOptions, io: Io): SourceOptions {
  return {
    directory: options.dockerBench ?? (io.env.HARDEN_DOCKER_BENCH || undefined),
    cache: join(io.env.XDG_CACHE_HOME || join(io.home, '.cache'), 'harden'),
  };
}
