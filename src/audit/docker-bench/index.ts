import { defineAudit } from '../audit.ts';
import { DockerBenchSettings } from './settings.ts';

/** docker-bench-security itself. */
export const dockerBench = defineAudit<DockerBenchSettings>({
  of: 'host',
  name: 'docker_bench',
  tool: 'docker-bench-security',
  summary: 'docker-bench-security after the run',
  settings: DockerBenchSettings,
  ids: async () => [...(await import('./catalogue/catalogue.ts')).catalogue.keys()],
  load: async () => (await import('./run.ts')).dockerBenchWork,
});
