import { formatPosition } from '../../errors.ts';
import type { JudgeWork } from '../audit.ts';
import type { AuditCheck, AuditOutcome } from '../result.ts';
import type { RuleSettings } from '../workload/rule.ts';
import { judgeAll } from '../workload/rules.ts';
import { ruleSettings } from '../workload/settings.ts';
import { type ComposeProject, loadProject, type Service } from './project.ts';
import { type ComposeSource, readCompose } from './source.ts';
import { serviceWorkload } from './to-workload.ts';

/** The services of a compose file, before they run. */
export const composeWork: JudgeWork = {
  kind: 'judge',
  judge: async (file, settings, now) => auditCompose(await readCompose(file), ruleSettings(settings, now)),
};

/** What the services of a compose file come to before they run. Throws a UserError where compose could not read it. */
export async function auditCompose(source: ComposeSource, settings: RuleSettings): Promise<AuditOutcome> {
  return composeResult(await loadProject(source), settings);
}

function composeResult(project: ComposeProject, settings: RuleSettings): AuditOutcome {
  const workloads = project.services.map((service) => serviceWorkload(service, project));
  const results = [...project.services.flatMap(unreadCheck), ...judgeAll(workloads, settings)];
  return { status: 'done', checks: results.length, results, failures: [] };
}

function unreadCheck({ name, at, unread }: Service): AuditCheck[] {
  if (unread === undefined) return [];
  return [
    {
      id: 'extends',
      title: 'Name what is extended',
      result: 'SKIP',
      severity: 'info',
      section: 'Operation',
      subject: name,
      field: 'extends',
      at: formatPosition(at),
      details: unread,
    },
  ];
}
