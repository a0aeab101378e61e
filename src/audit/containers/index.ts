import { defineAudit } from '../audit.ts';
import { ContainersSettings } from './settings.ts';

/** Every container that runs (or that there is), by what Docker and the kernel say of it. */
export const containers = defineAudit<ContainersSettings>({
  of: 'host',
  name: 'containers',
  tool: 'containers',
  summary: 'Each running container, by what docker inspect and the kernel say of it',
  settings: ContainersSettings,
  byDefault: true,
  // Beside the rules: what is said of the host, or of a container as a whole.
  ids: async () => [...(await import('../workload/rules.ts')).RULES.map(({ id }) => id), 'swarm', 'container'],
  load: async () => (await import('./run.ts')).containersWork,
});
