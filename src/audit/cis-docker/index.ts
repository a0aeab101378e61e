import { defineAudit } from '../audit.ts';
import { CisDockerSettings } from './settings.ts';

/** The CIS Docker Benchmark, judged by harden itself: no download, one round trip. */
export const cisDocker = defineAudit<CisDockerSettings>({
  of: 'host',
  name: 'cis_docker',
  tool: 'cis-docker',
  summary: 'The checks of the CIS Docker Benchmark, by what dockerd and the kernel do; needs no download',
  settings: CisDockerSettings,
  byDefault: true,
  ids: async () => [...(await import('../docker-bench/catalogue/catalogue.ts')).catalogue.keys()],
  load: async () => (await import('./run.ts')).cisDockerWork,
});
