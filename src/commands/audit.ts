import { eachHost } from '../engine/each-host.ts';
import type { AuditSettings } from '../engine/resolved-task.ts';
import { ExitCode, UserError } from '../errors.ts';
import { loadPlaybook } from '../playbook/load.ts';
import type { Io } from '../report/io.ts';
import { registry } from '../tasks/index.ts';
import { type AuditOptions as AuditSource, auditHost } from './audit-host.ts';
import { chooseHosts, commandVars, type HostOptions, type PlaybookOptions, runHost } from './hosts.ts';
import { type OutputOptions, openReport } from './report.ts';

export interface AuditOptions extends HostOptions, PlaybookOptions, OutputOptions, AuditSource {
  readonly minScore?: number;
  readonly failOn?: readonly string[];
  readonly trustedUsers?: readonly string[];
}

/** `harden audit`: the audits alone; with a playbook, by its `audit:`. Options win over the playbook. */
export async function audit(file: string | undefined, options: AuditOptions, io: Io): Promise<ExitCode> {
  const report = openReport('audit', file ?? null, options, io);
  return report.guard(async () => {
    const playbook = file === undefined ? undefined : await loadPlaybook(file, registry);
    const vars = await commandVars(options);
    const hosts = await chooseHosts(options, io);
    const results = await eachHost(hosts, options.forks, async (host) => {
      report.listen({ kind: 'connecting', host: host.name });
      let connected = false;
      try {
        const shell = await host.connect();
        connected = true;
        try {
          report.listen({ kind: 'connected', host: host.name, facts: shell.facts });
          const settings = playbook ? runHost(host, playbook, vars, options, io).resolve(shell.facts).audit : undefined;
          const result = await auditHost(host.name, shell, withOptions(settings, options), options, io, report.listen);
          report.listen({ kind: 'host-ended', host: host.name, status: result?.status === 'done' ? 'ok' : 'failed' });
          return result;
        } finally {
          await shell.close();
        }
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        report.listen({ kind: 'host-ended', host: host.name, status: connected ? 'failed' : 'unreachable', error });
        return undefined;
      }
    });
    await report.finish();
    if (io.signal.aborted) return ExitCode.Interrupted;
    if (results.some((result) => result?.status !== 'done')) return ExitCode.Failed;
    return results.some((result) => result?.status === 'done' && result.failures.length > 0)
      ? ExitCode.AuditBelowThreshold
      : ExitCode.Done;
  });
}

function withOptions(settings: AuditSettings | undefined, options: AuditOptions): AuditSettings {
  return {
    docker_bench: {
      ...settings?.docker_bench,
      ...(options.minScore === undefined ? {} : { min_score: options.minScore }),
      ...(options.failOn ? { fail_on: options.failOn } : {}),
      ...(options.trustedUsers ? { trusted_users: options.trustedUsers } : {}),
    },
  };
}
