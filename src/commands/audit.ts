import { existsSync } from 'node:fs';
import type { AuditResult } from '../audit/result.ts';
import { eachHost } from '../engine/each-host.ts';
import { ExitCode, HostError, UserError } from '../errors.ts';
import { loadPlaybook } from '../playbook/load.ts';
import { registry } from '../registry.ts';
import type { Io } from '../report/io.ts';
import { auditFiles, patchFiles, reportFiles } from './audit-files.ts';
import { readGates } from './audit-gates.ts';
import { auditHost, checkoutOf, isWhole } from './audit-host.ts';
import {
  type AuditOptions,
  checkFilesAlone,
  gateOf,
  namesHosts,
  trustedUsers,
  withOptions,
  workloadOf,
} from './audit-options.ts';
import { checkVarsUsed, nameOfGiven } from './check-options.ts';
import { checkExtraVars } from './extra-vars.ts';
import { chooseHosts, commandVars, runHost } from './hosts.ts';
import { openReport } from './report.ts';
import { unlessAborted } from './sessions.ts';
import { taken, writeSuggestion } from './suggest.ts';

/** `harden audit`: the audits alone; with a playbook, by its `audit:`. Options win over the playbook. */
export async function audit(file: string | undefined, options: AuditOptions, io: Io): Promise<ExitCode> {
  const checkout = checkoutOf(options, io);
  const here = checkout === undefined ? options : { ...options, checkout };
  const report = openReport('audit', file ?? null, options, io);
  return report.guard(async () => {
    checkFilesAlone(file, options);
    checkVarsUsed(file, options);
    if (options.overwrite && options.suggest === undefined)
      throw new UserError('--overwrite is for the file of --suggest, and none is named', {
        hint: 'Add --suggest FILE, or leave it out',
      });
    const files = await auditFiles(options, gateOf(options), workloadOf(options), io.env);
    if (options.patch || options.write || options.rest) {
      checkPatch(file, options);
      await patchFiles(options, workloadOf(options), io);
      return exitCode(files.map(({ audit }) => audit));
    }
    reportFiles(files, report);
    if (files.length > 0 && !namesHosts(file, options)) {
      await report.finish();
      return exitCode(files.map(({ audit }) => audit));
    }
    const playbook = file === undefined ? undefined : await loadPlaybook(file, registry);
    if (playbook) await checkExtraVars(playbook, options);
    const vars = await commandVars(options);
    // With a playbook, what its audits know is not known yet.
    if (!playbook) await readGates(withOptions(undefined, here));
    const hosts = await chooseHosts(options, io);
    if (options.suggest !== undefined) checkSuggest(options, hosts.length);
    let mistake: UserError | undefined;
    const auditing = eachHost(hosts, options.forks, async (host) => {
      report.listen({ kind: 'connecting', host: host.name });
      let connected = false;
      try {
        const shell = await host.connect();
        connected = true;
        try {
          report.listen({ kind: 'connected', host: host.name, facts: shell.facts });
          const settings = playbook ? runHost(host, playbook, vars, options, io).resolve(shell.facts).audit : undefined;
          const asked = withOptions(settings, here);
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
              trustedUsers: trustedUsers(asked),
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
    const results = await unlessAborted(auditing, io.signal);
    if (mistake) throw mistake;
    await report.finish();
    // An audit that did not run is never passed.
    if (results.some((audits) => audits.length === 0 || !audits.every(isWhole))) return ExitCode.Failed;
    return exitCode([...files.map(({ audit }) => audit), ...results.flat()]);
  });
}

/** A suggestion is made of one host, and takes no file away; said before anything is asked of a host. */
function checkSuggest({ suggest = '', overwrite, only }: AuditOptions, hosts: number): void {
  if (hosts > 1)
    throw new UserError('--suggest writes a playbook for one host, and several were named', {
      hint: 'Name one with -H, or choose one with -l',
    });
  if (only && !only.includes('docker_bench') && !only.includes('cis_docker'))
    throw new UserError('--suggest is made of what cis_docker or docker_bench finds', {
      hint: 'Add cis_docker to --only',
    });
  if (!overwrite && existsSync(suggest)) throw taken(suggest);
}

function exitCode(audits: readonly AuditResult[]): ExitCode {
  return audits.some((audit) => audit.status === 'done' && audit.failures.length > 0)
    ? ExitCode.AuditBelowThreshold
    : ExitCode.Done;
}

/** A diff is all that goes to stdout: it can be piped into `patch`. */
function checkPatch(file: string | undefined, options: AuditOptions): void {
  const asked = options.write ? '--write' : options.rest ? '--rest' : '--patch';
  if (!options.compose)
    throw new UserError(`${asked} mends compose files, and none is named`, { hint: 'Add --compose FILE' });
  if (options.json || namesHosts(file, options))
    throw new UserError(`${asked} prints a diff of compose files alone`, { hint: 'Leave out --json and the hosts' });
  const { report, junit, sarif, suggest } = options;
  const name = nameOfGiven({ '--report': report, '--junit': junit, '--sarif': sarif, '--suggest': suggest });
  if (name)
    throw new UserError(`${name} is written by an audit, and ${asked} prints a diff alone`, {
      hint: 'Run them one after the other',
    });
}
