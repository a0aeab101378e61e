import { UserError } from '../../errors.ts';
import type { Audit, AuditContext } from '../audit.ts';
import type { AuditResult } from '../result.ts';
import { parseBench } from './parse.ts';
import { benchScript, NO_BASH, NO_DOCKER } from './script.ts';
import { dockerBenchFiles } from './source.ts';

const tool = 'docker-bench-security';

/** docker-bench-security itself, run on the host by bash from a private directory that is removed afterwards. */
export const dockerBench: Audit = { tool, run };

async function run({ shell, settings, source }: AuditContext): Promise<AuditResult> {
  try {
    const files = await dockerBenchFiles(source);
    const { frames } = await shell.apply([benchScript(files, settings.docker_bench?.trusted_users ?? [])]);
    const frame = frames[0];
    if (!frame) return notRun('it was interrupted');
    if (frame.exitCode === NO_DOCKER) return notRun('there is no docker command on the host');
    if (frame.exitCode === NO_BASH) return notRun('the host has no bash, which docker-bench-security needs');
    const report = parseBench(frame.stdout.toString('utf8'));
    if (report) return { tool, status: 'done', ...report, failures: [] };
    const said = frame.stderr.toString('utf8').trim().split('\n').at(-1);
    return notRun(said || 'docker-bench-security printed no result');
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return notRun(error.paragraph);
  }
}

function notRun(reason: string): AuditResult {
  return { tool, status: 'not-run', reason };
}
