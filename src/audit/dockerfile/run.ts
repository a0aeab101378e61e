import { UserError } from '../../errors.ts';
import { MOST_OF_TEXT, readLocalStream } from '../../text/local-file.ts';
import type { JudgeWork } from '../audit.ts';
import type { AuditOutcome } from '../result.ts';
import type { RuleSettings } from '../workload/rule.ts';
import { ruleSettings } from '../workload/settings.ts';
import { parseDockerfile } from './parse.ts';
import { judgeDockerfile } from './rules.ts';

/** A Dockerfile, before anything is built of it. */
export const dockerfileWork: JudgeWork = {
  kind: 'judge',
  judge: async (file, settings, now) => auditDockerfile(await textOf(file), file, ruleSettings(settings, now)),
};

/** What a Dockerfile comes to before anything is built of it. Throws a UserError where it cannot be built. */
export function auditDockerfile(text: string, file: string, settings: RuleSettings): AuditOutcome {
  const results = judgeDockerfile(parseDockerfile(text, file), settings);
  return { status: 'done', checks: results.length, results, failures: [] };
}

async function textOf(file: string): Promise<string> {
  try {
    return (await readLocalStream(file, MOST_OF_TEXT)).toString('utf8');
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'does not exist' : 'cannot be read';
    throw new UserError(`The Dockerfile ${file} ${reason}`, { cause: error });
  }
}
