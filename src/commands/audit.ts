import { existsSync } from 'node:fs';
import { eachHost } from '../engine/each-host.ts';
import type { AuditGate, AuditSettings } from '../engine/resolved-task.ts';
import { ExitCode, HostError, UserError } from '../errors.ts';
import { didYouMean } from '../playbook/did-you-mean.ts';
import { loadPlaybook } from '../playbook/load.ts';
import type { Io } from '../report/io.ts';
import { registry } from '../tasks/index.ts';
import { readGates } from './audit-gates.ts';
import { type AuditSourceOptions, auditHost, isWhole } from './audit-host.ts';
import { chooseHosts, commandVars, type HostOptions, type PlaybookOptions, runHost } from './hosts.ts';
import { type OutputOptions, openReport } from './report.ts';
import { taken, writeSuggestion } from './suggest.ts';

export interface AuditOptions extends HostOptions, PlaybookOptions, OutputOptions, AuditSourceOptions {
  readonly minScore?: number;
  readonly failOn?: readonly string[];
  readonly trustedUsers?: readonly string[];
  /** A file with accepted findings. */
  readonly baseline?: string;
  /** Names of audits as `audit:` of a playbook knows them. */
  readonly only?: readonly string[];
  /** A file for the playbook that would mend what is found. */
  readonly suggest?: string;
  readonly overwrite?: boolean;
  /** An InSpec profile. */
  readonly inspec?: string;
}

/** `harden audit`: the audits alone; with a playbook, by its `audit:`. Options win over the playbook. */
export async function audit(file: string | undefined, options: AuditOptions, io: Io): Promise<ExitCode> {
  const report = openReport('audit', file ?? null, options, io);
  return report.guard(async () => {
    const playbook = file === undefined ? undefined : await loadPlaybook(file, registry);
    const vars = await commandVars(options);
    // With a playbook, what its audits know is not known yet.
    if (!playbook) await readGates(withOptions(undefined, options));
    const hosts = await chooseHosts(options, io);
    if (options.suggest !== undefined) checkSuggest(options, hosts.length);
    let mistake: UserError | undefined;
    const results = await eachHost(hosts, options.forks, async (host) => {
      report.listen({ kind: 'connecting', host: host.name });
      let connected = false;
      try {
        const shell = await host.connect();
        connected = true;
        try {
          report.listen({ kind: 'connected', host: host.name, facts: shell.facts });
          const settings = playbook ? runHost(host, playbook, vars, options, io).resolve(shell.facts).audit : undefined;
          const asked = withOptions(settings, options);
          const audits = await auditHost(
            host.name,
            { shell, way: host.operatorWay },
            asked,
            options,
            io,
            report.listen,
          );
          if (options.suggest !== undefined) {
            const wanted = {
              file: options.suggest,
              overwrite: options.overwrite ?? false,
              trustedUsers: asked.docker_bench?.trusted_users ?? [],
            };
            const suggestion = await writeSuggestion(host.name, shell, audits, wanted, io);
            report.listen({ kind: 'suggested', host: host.name, suggestion });
          }
          const whole = audits.length > 0 && audits.every(isWhole);
          report.listen({ kind: 'host-ended', host: host.name, status: whole ? 'ok' : 'failed' });
          return audits;
        } finally {
          await shell.close();
        }
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        if (!(error instanceof HostError)) mistake ??= error;
        report.listen({ kind: 'host-ended', host: host.name, status: connected ? 'failed' : 'unreachable', error });
        return [];
      }
    });
    if (mistake) throw mistake;
    await report.finish();
    if (io.signal.aborted) return ExitCode.Interrupted;
    // An audit that did not run is never passed.
    if (results.some((audits) => audits.length === 0 || !audits.every(isWhole))) return ExitCode.Failed;
    return results.flat().some((audit) => audit.status === 'done' && audit.failures.length > 0)
      ? ExitCode.AuditBelowThreshold
      : ExitCode.Done;
  });
}

/** A suggestion is made of one host, and takes no file away; said before anything is asked of a host. */
function checkSuggest({ suggest = '', overwrite, only }: AuditOptions, hosts: number): void {
  if (hosts > 1)
    throw new UserError('--suggest writes a playbook for one host, and several were named', {
      hint: 'Name one with -H, or choose one with -l',
    });
  if (only && !only.includes('docker_bench'))
    throw new UserError('--suggest is made of what docker-bench-security finds', {
      hint: 'Add docker_bench to --only',
    });
  if (!overwrite && existsSync(suggest)) throw taken(suggest);
}

const names = ['docker_bench', 'effective', 'containers', 'inspec', 'lynis'] as const;

/** The audits that the command line names, else the playbook's, else those that need nothing; conditions of the command line hold for each, and win. */
function withOptions(settings: AuditSettings | undefined, options: AuditOptions): AuditSettings {
  const own = options.inspec ? { ...settings, inspec: { ...settings?.inspec, profile: options.inspec } } : settings;
  const asked = options.only ? chosen(options.only, own) : (own ?? { docker_bench: {}, effective: {}, containers: {} });
  const gate: AuditGate = {
    ...(options.failOn ? { fail_on: options.failOn } : {}),
    ...(options.baseline ? { baseline: options.baseline } : {}),
  };
  const gated = Object.fromEntries(
    Object.entries(asked).map(([name, own]: [string, AuditGate]) => [name, { ...own, ...gate }]),
  ) as AuditSettings;
  if (!gated.docker_bench) return gated;
  return {
    ...gated,
    docker_bench: {
      ...gated.docker_bench,
      ...(options.minScore === undefined ? {} : { min_score: options.minScore }),
      ...(options.trustedUsers ? { trusted_users: options.trustedUsers } : {}),
    },
  };
}

function chosen(only: readonly string[], settings: AuditSettings | undefined): AuditSettings {
  for (const name of only) {
    if ((names as readonly string[]).includes(name)) continue;
    throw new UserError(`--only: there is no audit ${name}`, {
      hint: didYouMean(name, names) ?? `There are ${names.join(', ')}`,
    });
  }
  if (only.includes('inspec') && !settings?.inspec)
    throw new UserError('--only inspec: no profile is named', { hint: 'Add --inspec PROFILE, or name one in audit:' });
  return Object.fromEntries(names.filter((name) => only.includes(name)).map((name) => [name, settings?.[name] ?? {}]));
}
