import type { AuditResult } from '../result.ts';
import type { RuleSettings } from '../workload/rule.ts';
import { parseDockerfile } from './parse.ts';
import { judgeDockerfile } from './rules.ts';

/** What a Dockerfile comes to before anything is built of it. Throws a UserError where it cannot be built. */
export function auditDockerfile(text: string, file: string, settings: RuleSettings): AuditResult {
  const results = judgeDockerfile(parseDockerfile(text, file), settings);
  return { tool: 'dockerfile', status: 'done', checks: results.length, results, failures: [] };
}
