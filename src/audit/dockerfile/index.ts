import type { FileAudit } from '../audit.ts';

/** A Dockerfile, before anything is built of it. */
export const dockerfile: FileAudit = {
  of: 'file',
  name: 'dockerfile',
  tool: 'dockerfile',
  ids: async () => (await import('./rules.ts')).DOCKERFILE_RULES.map(({ id }) => id),
  load: async () => (await import('./run.ts')).dockerfileWork,
};
