import type { ProbeWork } from '../audit.ts';
import { NO_DAEMON, NO_DOCKER } from '../containers/script.ts';
import { catalogue } from '../docker-bench/catalogue/catalogue.ts';
import { explained, scoreOf } from '../docker-bench/explain.ts';
import { type AuditCheck, type AuditOutcome, notRun } from '../result.ts';
import { daemonFindings } from './daemon.ts';
import { fileFindings } from './files.ts';
import type { CisFinding } from './finding.ts';
import { hostFindings } from './host.ts';
import { imageFindings } from './images.ts';
import { operationFindings } from './operations.ts';
import { type CisHost, readCisHost } from './read.ts';
import { runtimeFindings } from './runtime.ts';
import { cisDockerScript } from './script.ts';
import type { CisDockerSettings } from './settings.ts';

/** The CIS Docker Benchmark in one round trip; the score is docker-bench-security's sum, so that the two can be compared. */
export const cisDockerWork: ProbeWork<CisDockerSettings> = {
  kind: 'probe',
  script: () => cisDockerScript(),
  read: ({ stdout, said, exitCode }, { trusted_users = [] }) => {
    if (exitCode === NO_DOCKER) return notRun('there is no docker command on the host');
    if (exitCode === NO_DAEMON) return notRun(said ?? 'the Docker daemon does not answer');
    const host = readCisHost(stdout);
    if (!host?.effective) return notRun(said ?? 'the answer of the host is cut off');
    return cisDockerResult(host, trusted_users, new Date());
  },
};

/** What a host comes to. */
export function cisDockerResult(host: CisHost, trustedUsers: readonly string[], now: Date): AuditOutcome {
  const findings = {
    ...hostFindings(host, trustedUsers),
    ...daemonFindings(host),
    ...fileFindings(host),
    ...imageFindings(host, now),
    ...runtimeFindings(host),
    ...operationFindings(host),
  };
  const results = [...catalogue.keys()].flatMap((id) => (findings[id] ? [toCheck(id, findings[id])] : []));
  const lost = host.docker.unread.length;
  return {
    status: 'done',
    score: scoreOf(results),
    checks: results.length,
    results,
    ...(lost > 0 ? { incomplete: `${lost} ${lost === 1 ? 'container' : 'containers'} could not be read` } : {}),
    failures: [],
  };
}

const SECTIONS: Readonly<Record<string, string>> = {
  1: 'Host',
  2: 'Docker daemon',
  3: 'Files of the daemon',
  4: 'Images',
  5: 'Containers',
  6: 'Operations',
  7: 'Swarm',
};

function toCheck(id: string, { result, details, items, beyond }: CisFinding): AuditCheck {
  const about = catalogue.get(id)?.about ?? id;
  const section = id.split('.')[0] ?? '';
  // The catalogue's caveat is about the script, which reads files where this audit asks.
  const {
    caveat: _,
    points,
    ...check
  } = explained({
    id,
    title: `${about.charAt(0).toUpperCase()}${about.slice(1)}`,
    result,
    severity: 'info',
    section: `${section}. ${SECTIONS[section] ?? ''}`,
    ...(details ? { details } : {}),
    ...(items && items.length > 0 ? { items } : {}),
  });
  return points === undefined || beyond ? check : { ...check, points };
}
