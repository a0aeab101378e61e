import type { ProbeWork } from '../audit.ts';
import { notRun } from '../result.ts';
import { judgeEffective } from './judge.ts';
import { readEffective } from './read.ts';
import { effectiveScript, NO_DOCKER } from './script.ts';

/** What dockerd and the kernel do, where docker-bench-security reads what daemon.json says; one round trip. */
export const effectiveWork: ProbeWork<object> = {
  kind: 'probe',
  script: () => effectiveScript(),
  read: ({ stdout, said, exitCode }) => {
    if (exitCode === NO_DOCKER) return notRun('there is no docker command on the host');
    const host = readEffective(stdout);
    if (!host) return notRun(said ?? 'docker info gave no answer that could be read');
    const results = judgeEffective(host);
    return { status: 'done', checks: results.length, results, failures: [] };
  },
};
