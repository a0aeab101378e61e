import type { FileAudit } from '../audit.ts';

/** The services of a compose file, before they run. */
export const compose: FileAudit = {
  of: 'file',
  name: 'compose',
  tool: 'compose',
  ids: async () => [...(await import('../workload/rules.ts')).RULES.map(({ id }) => id), 'extends', 'include'],
  load: async () => (await import('./run.ts')).composeWork,
};
