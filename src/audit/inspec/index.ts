import { resolve } from 'node:path';
import { defineAudit } from '../audit.ts';
import { InspecSettings } from './settings.ts';

/** An InSpec profile against a host. */
export const inspec = defineAudit<InspecSettings>({
  of: 'host',
  name: 'inspec',
  tool: 'inspec',
  summary: "An InSpec profile, run from the operator's machine with inspec or cinc-auditor",
  settings: InspecSettings,
  needsSettings: true,
  // A path that begins with a dot starts at the playbook's folder; all else is InSpec's to understand.
  settle: (settings, folder) =>
    /^\.\.?\//.test(settings.profile) ? { ...settings, profile: resolve(folder, settings.profile) } : settings,
  load: async () => (await import('./run.ts')).inspecWork,
});
