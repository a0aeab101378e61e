import { UserError } from '../../errors.ts';
import type { Audit, AuditContext } from '../audit.ts';
import type { AuditCheck, AuditResult } from '../result.ts';
import type { RuleSettings } from '../workload/rule.ts';
import { judgeAll } from '../workload/rules.ts';
import { ruleSettings } from '../workload/settings.ts';
import { type DockerHost, readDockerHost } from './read-host.ts';
import { containersScript, NO_DAEMON, NO_DOCKER } from './script.ts';
import { toWorkload } from './to-workload.ts';

const tool = 'containers';

/** Every container that runs (or that there is), by what Docker and the kernel say of it. */
export const containers: Audit = { tool, run };

async function run({ shell, settings }: AuditContext): Promise<AuditResult> {
  const wanted = settings.containers ?? {};
  try {
    const { frames } = await shell.probe([containersScript({ all: wanted.all ?? false })]);
    const frame = frames[0];
    if (!frame) return notRun('it was interrupted');
    const output = frame.stdout.toString('utf8');
    const said = frame.stderr.toString('utf8').trim().split('\n').at(-1);
    if (frame.exitCode === NO_DOCKER) return notRun('there is no docker command on the host');
    if (frame.exitCode === NO_DAEMON) return notRun(said || 'the Docker daemon does not answer');
    const host = readDockerHost(output);
    if (host.info === undefined) return notRun(said || 'docker info printed nothing that can be read');
    return containersResult(host, ruleSettings(wanted, new Date()));
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return notRun(error.paragraph);
  }
}

/** What a host's containers come to; a container that could not be read is a check that says so. */
export function containersResult(host: DockerHost, settings: RuleSettings): AuditResult {
  const results = [
    swarm(host),
    ...host.unread.map(unreadCheck),
    ...judgeAll(
      host.containers.map((container) => toWorkload(container, host)),
      settings,
    ),
  ];
  const lost = host.unread.length;
  return {
    tool,
    status: 'done',
    checks: results.length,
    results,
    ...(lost > 0 || host.isCutOff
      ? {
          incomplete:
            lost > 0
              ? `${lost} ${lost === 1 ? 'container' : 'containers'} could not be read: what is wrong with them is not known`
              : 'the answer of the host is cut off: what is missing in it was not checked',
        }
      : {}),
    failures: [],
  };
}

function unreadCheck({ subject, reason }: DockerHost['unread'][number]): AuditCheck {
  return {
    id: 'container',
    title: 'Can be read',
    result: 'SKIP',
    severity: 'info',
    section: 'Operation',
    subject,
    details: reason,
  };
}

function swarm({ info, containers: found }: DockerHost): AuditCheck {
  const state = info?.Swarm?.LocalNodeState ?? 'inactive';
  const count = `${found.length} ${found.length === 1 ? 'container' : 'containers'} read`;
  return {
    id: 'swarm',
    title: 'Swarm mode is off, unless it is used',
    result: state === 'inactive' || state === '' ? 'PASS' : 'INFO',
    severity: 'info',
    section: 'Operation',
    subject: 'daemon',
    field: '.Swarm.LocalNodeState',
    details: `swarm is ${state || 'inactive'}; ${count}`,
    remediation: 'Where it is on by mistake: docker swarm leave --force.',
    related: ['5.1'],
  };
}

function notRun(reason: string): AuditResult {
  return { tool, status: 'not-run', reason };
}
