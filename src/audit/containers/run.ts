import type { ProbeWork } from '../audit.ts';
import type { AuditCheck, AuditOutcome } from '../result.ts';
import { notRun } from '../result.ts';
import type { RuleSettings } from '../workload/rule.ts';
import { judgeAll } from '../workload/rules.ts';
import { ruleSettings } from '../workload/settings.ts';
import { type DockerHost, readDockerHost } from './read-host.ts';
import { containersScript, NO_DAEMON, NO_DOCKER } from './script.ts';
import type { ContainersSettings } from './settings.ts';
import { toWorkload } from './to-workload.ts';

/** Every container that runs (or that there is), by what Docker and the kernel say of it; one round trip. */
export const containersWork: ProbeWork<ContainersSettings> = {
  kind: 'probe',
  script: ({ all = false }) => containersScript({ all }),
  read: ({ stdout, said, exitCode }, settings) => {
    if (exitCode === NO_DOCKER) return notRun('there is no docker command on the host');
    if (exitCode === NO_DAEMON) return notRun(said ?? 'the Docker daemon does not answer');
    const host = readDockerHost(stdout);
    if (host.info === undefined) return notRun(said ?? 'docker info printed nothing that can be read');
    return containersResult(host, ruleSettings(settings, new Date()));
  },
};

/** What a host's containers come to; a container that could not be read is a check that says so. */
export function containersResult(host: DockerHost, settings: RuleSettings): AuditOutcome {
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
