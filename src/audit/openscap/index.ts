import { defineAudit } from '../audit.ts';
import { OpenscapSettings } from './settings.ts';

/** OpenSCAP on the host with SCAP Security Guide's content; the score is the benchmark's own, of 100. */
export const openscap = defineAudit<OpenscapSettings>({
  of: 'host',
  name: 'openscap',
  tool: 'openscap',
  summary: "OpenSCAP on the host, with a profile of the distribution's ssg-debian or of a data stream that is named",
  settings: OpenscapSettings,
  load: async () => (await import('./run.ts')).openscapWork,
});
