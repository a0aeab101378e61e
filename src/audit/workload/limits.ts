import { known, PASS, type Rule, type Verdict, warn } from './rule.ts';
import { liveOf, type Workload } from './workload.ts';

/** How much of the host one container may use up. */
export const LIMIT_RULES: readonly Rule[] = [
  {
    id: 'memory',
    title: 'Limit the memory',
    section: 'Limits',
    severity: 'medium',
    field: 'memory',
    related: ['5.11'],
    remediation: 'A leak or a flood takes the memory of the whole host. Measure what it needs, and allow half more.',
    fix: { run: '--memory 512m', compose: 'mem_limit: 512m' },
    judge: ({ memoryLimited }) => known(memoryLimited, (yes) => (yes ? PASS : warn('no limit'))),
  },
  {
    id: 'cpu',
    title: 'Limit the processors',
    section: 'Limits',
    severity: 'low',
    field: 'cpu',
    related: ['5.12'],
    remediation: 'One busy container starves the others. Say how many processors it may keep busy.',
    fix: { run: '--cpus 1.0', compose: 'cpus: 1.0' },
    judge: ({ cpuLimited }) => known(cpuLimited, (yes) => (yes ? PASS : warn('neither a limit nor a share'))),
  },
  {
    id: 'pids',
    title: 'Limit the number of processes',
    section: 'Limits',
    severity: 'medium',
    field: 'pidsLimit',
    related: ['5.29'],
    remediation: 'A fork bomb in one container ends the host. A few hundred are plenty for most services.',
    fix: { run: '--pids-limit 256', compose: 'pids_limit: 256' },
    judge: ({ pidsLimit }) =>
      pidsLimit === undefined ? warn('no limit') : known(pidsLimit, (limit) => (limit > 0 ? PASS : warn('no limit'))),
  },
  {
    id: 'ulimits',
    title: 'Set ulimits where the default does not fit',
    section: 'Limits',
    severity: 'info',
    field: 'ulimits',
    related: ['5.19'],
    remediation: "The daemon's default-ulimits hold for all; give a container its own only where it needs other ones.",
    fix: { run: '--ulimit nofile=4096:4096', compose: 'ulimits: { nofile: 4096 }' },
    judge: judgeUlimits,
  },
];

function judgeUlimits(workload: Workload): Verdict {
  if (workload.hasUlimits) return PASS;
  const openFiles = liveOf(workload)?.openFiles;
  const files = openFiles ? `: ${openFiles} open files` : '';
  return { result: 'INFO', details: `has what the daemon gives${files}` };
}
