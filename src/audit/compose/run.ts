import { formatPosition } from '../../errors.ts';
import type { JudgeWork } from '../audit.ts';
import type { AuditCheck, AuditOutcome } from '../result.ts';
import type { RuleSettings } from '../workload/rule.ts';
import { judgeAll } from '../workload/rules.ts';
import { ruleSettings } from '../workload/settings.ts';
import { type ComposeProject, loadProject, type Unread } from './project.ts';
import { type ComposeSource, readCompose } from './source.ts';
import { serviceWorkload } from './to-workload.ts';

/** The services of a compose file, before they run. */
export const composeWork: JudgeWork = {
  kind: 'judge',
  judge: async (file, settings, now, environment) =>
    auditCompose(await readCompose(file), ruleSettings(settings, now, environment)),
};

/** What the services of a compose file come to before they run. Throws a UserError where compose could not read it. */
export async function auditCompose(source: ComposeSource, settings: RuleSettings): Promise<AuditOutcome> {
  return composeResult(await loadProject(source, settings.environment), settings);
}

function composeResult(project: ComposeProject, settings: RuleSettings): AuditOutcome {
  const workloads = project.services.map((service) => serviceWorkload(service, project));
  const results = [...project.unread.map(unreadCheck), ...judgeAll(workloads, settings)];
  const { unread } = project;
  return {
    status: 'done',
    checks: results.length,
    results,
    ...(unread.length > 0
      ? { incomplete: `a part was not read: ${[...new Set(unread.map(({ reason }) => reason))].join('; ')}` }
      : {}),
    failures: [],
  };
}

const TITLES = { include: 'Include files that can be read here', extends: 'Name what is extended' } as const;

function unreadCheck({ key, subject, at, reason }: Unread): AuditCheck {
  return {
    id: key,
    title: TITLES[key],
    result: 'SKIP',
    severity: 'info',
    section: 'Operation',
    subject,
    field: key,
    at: formatPosition(at),
    details: reason,
    unread: true,
  };
}
