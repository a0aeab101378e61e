import type { ProbeWork } from '../audit.ts';
import { notRun } from '../result.ts';
import { parseBench } from './parse.ts';
import { benchScript, NO_BASH, NO_DOCKER } from './script.ts';
import type { DockerBenchSettings } from './settings.ts';
import { dockerBenchFiles } from './source.ts';

/** docker-bench-security itself, run on the host by bash from a private directory that is removed afterwards. */
export const dockerBenchWork: ProbeWork<DockerBenchSettings> = {
  kind: 'probe',
  long: true,
  script: async ({ trusted_users }, sources) =>
    benchScript(await dockerBenchFiles(sources.dockerBench), trusted_users ?? []),
  read: ({ stdout, said, exitCode }) => {
    if (exitCode === NO_DOCKER) return notRun('there is no docker command on the host');
    if (exitCode === NO_BASH) return notRun('the host has no bash, which docker-bench-security needs');
    const report = parseBench(stdout);
    if (report) return { status: 'done', ...report, failures: [] };
    return notRun(said ?? 'docker-bench-security printed no result');
  },
};
