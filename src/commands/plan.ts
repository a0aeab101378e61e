import { ExitCode } from '../errors.ts';
import { loadPlaybook } from '../playbook/load.ts';
import { registry } from '../registry.ts';
import type { Io } from '../report/io.ts';
import { checkExtraVars } from './extra-vars.ts';
import { chooseHosts, commandVars, type HostOptions, type PlaybookOptions, runHost } from './hosts.ts';
import { writePlanFile } from './plan-file.ts';
import { planScript } from './plan-script.ts';
import { type OutputOptions, openReport } from './report.ts';
import { closeAll, endWithPlan, planHosts } from './sessions.ts';

export interface PlanOptions extends HostOptions, PlaybookOptions, OutputOptions {
  readonly out?: string;
  readonly script?: boolean;
  readonly detailedExitcode?: boolean;
}

/** `harden plan`: reads the hosts and shows each difference; changes nothing. */
export async function plan(file: string, options: PlanOptions, io: Io): Promise<ExitCode> {
  const report = openReport('plan', file, options, io);
  return report.guard(async () => {
    const playbook = await loadPlaybook(file, registry);
    await checkExtraVars(playbook, options);
    const vars = await commandVars(options);
    const hosts = await chooseHosts(options, io);
    const planned = await planHosts(
      hosts.map((host) => runHost(host, playbook, vars, options, io)),
      options.forks,
      report.listen,
      io.signal,
    );
    for (const { plan: hostPlan } of planned) endWithPlan(hostPlan, report.listen);
    await closeAll(planned);
    const plans = planned.map((entry) => entry.plan);
    if (options.out)
      await writePlanFile(
        options.out,
        playbook,
        plans,
        { vars, tags: options.tags, skipTags: options.skipTags, iKnow: options.iKnow },
        options,
        planned,
      );
    if (options.script) for (const hostPlan of plans) io.out(planScript(hostPlan));
    else report.plans(plans);
    await report.finish();
    const { failed, unreachable, changed } = report.summary();
    if (failed + unreachable > 0) return ExitCode.Failed;
    return options.detailedExitcode && changed > 0 ? ExitCode.ChangesPending : ExitCode.Done;
  });
}
