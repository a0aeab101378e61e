import { accessAfter } from '../engine/access.ts';
import { eachHost } from '../engine/each-host.ts';
import type { Listener } from '../engine/events.ts';
import type { RunIdentity } from '../engine/journal/journal-script.ts';
import { refusals } from '../engine/plan-tasks.ts';
import { ApplyRun } from '../engine/run/apply-run.ts';
import { planStatus } from '../engine/session.ts';
import { ExitCode, HostError, UserError } from '../errors.ts';
import { loadPlaybook } from '../playbook/load.ts';
import { registry } from '../registry.ts';
import type { Io } from '../report/io.ts';
import { readGates } from './audit-gates.ts';
import { type AuditSourceOptions, type AuditVerdict, auditHost, verdict } from './audit-host.ts';
import { checkBesidePlan } from './check-options.ts';
import { checkExtraVars } from './extra-vars.ts';
import { type ChosenHost, chooseHosts, commandVars, type HostOptions, type PlaybookOptions, runHost } from './hosts.ts';
import { consent } from './journal.ts';
import { checkPlanFile, readPlanFile, savedHosts } from './plan-file.ts';
import { type OutputOptions, openReport } from './report.ts';
import { newRunIdentity } from './run-identity.ts';
import { closeAll, endWithPlan, interrupted, type PlannedHost, planHosts, unlessAborted } from './sessions.ts';

export interface ApplyOptions extends HostOptions, PlaybookOptions, OutputOptions, AuditSourceOptions {
  readonly yes?: boolean;
  /** Seconds. */
  readonly guardTimeout: number;
}

/** `harden apply`: shows the plan, asks, applies, runs the handlers, and proves; a saved plan is refused when anything has moved on. */
export async function apply(file: string, options: ApplyOptions, io: Io): Promise<ExitCode> {
  const reading = readPlanFile(file);
  const saved = await reading.catch(() => undefined);
  const given = saved ? { ...options, ...saved.playbookOptions } : options;
  const playbookFile = saved?.playbook ?? file;
  const report = openReport('apply', playbookFile, options, io);
  return report.guard(async () => {
    await reading; // what is wrong with a saved plan is told in the report
    if (saved) checkBesidePlan(file, options);
    const playbook = await loadPlaybook(playbookFile, registry);
    await checkExtraVars(playbook, options);
    const vars = { ...saved?.vars, ...(await commandVars(options)) };
    const hosts =
      saved && !options.host && !options.inventory && !options.vagrant
        ? await savedHosts(saved, options, io)
        : await chooseHosts(options, io);
    const planned = await planHosts(
      hosts.map((host) => runHost(host, playbook, vars, given, io)),
      options.forks,
      report.listen,
      io.signal,
    );
    try {
      if (saved) checkPlanFile(saved, playbook, planned);
      report.plans(
        planned.map((entry) => entry.plan),
        !options.yes && io.interactive,
      );
      for (const { session } of planned) await readGates(session.playbook.audit);
      const ready = planned.filter(({ plan }) => refusals(plan).length === 0);
      for (const { plan } of planned) if (refusals(plan).length > 0) endWithPlan(plan, report.listen);
      const pending = ready.filter(({ plan }) => planStatus(plan) === 'changes');
      if (pending.length > 0 && !options.yes)
        await consent(
          'apply',
          `Apply this to ${pending.length} ${pending.length === 1 ? 'host' : 'hosts'}?`,
          'nothing was applied',
          io,
        );
      const run = newRunIdentity(playbookFile, io);
      if (io.signal.aborted) throw interrupted();
      const results = await eachHost(ready, options.forks, (entry) => {
        const chosen = hosts.find(({ name }) => name === entry.plan.host)!;
        return applyHost(entry, chosen, run, options, report.listen, io);
      });
      await report.finish();
      const { failed, unreachable } = report.summary();
      if (failed + unreachable > 0) return ExitCode.Failed;
      if (results.includes('audit not run')) return ExitCode.Failed;
      return results.includes('audit below threshold') ? ExitCode.AuditBelowThreshold : ExitCode.Done;
    } finally {
      await closeAll(planned);
    }
  });
}

/** Applies one host's plan and, where that went well, audits it; the apply's own result stands whatever the audit says. */
async function applyHost(
  entry: PlannedHost,
  chosen: ChosenHost,
  run: RunIdentity,
  options: ApplyOptions,
  listen: Listener,
  io: Io,
): Promise<'ok' | 'failed' | AuditVerdict> {
  const { session, plan } = entry;
  const { host } = plan;
  // A run that did not come to its end is owed a proof, also where nothing differs any more.
  if (planStatus(plan) !== 'ok' || plan.lastRun !== undefined) {
    const applied = await new ApplyRun(session, plan, {
      run,
      guardSeconds: options.guardTimeout,
      signal: io.signal,
    }).run();
    if (applied.status === 'failed') {
      if (applied.stopped)
        listen({ kind: 'note', host, message: `interrupted; left undone: ${applied.left.join('; ') || 'the proof'}` });
      const interrupted = new HostError('interrupted', { hint: 'The next apply goes on from here' });
      listen({ kind: 'host-ended', host, status: 'failed', error: applied.error ?? interrupted });
      return 'failed';
    }
  }
  const { audit } = session.playbook;
  const way = () => chosen.operatorWay(accessAfter(plan.tasks, session.facts));
  try {
    const auditing = audit && auditHost(host, { shell: session.shell, way }, audit, options, io, listen);
    const audits = auditing ? await unlessAborted(auditing, io.signal) : [];
    listen({ kind: 'host-ended', host, status: 'ok' });
    return audit ? verdict(audits, audit) : 'ok';
  } catch (error) {
    // A host that is lost while it is audited ends alone: others are still applied.
    if (!(error instanceof UserError)) throw error;
    listen({ kind: 'host-ended', host, status: 'failed', error });
    return 'failed';
  }
}
