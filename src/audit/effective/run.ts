import type { Audit, AuditContext } from '../audit.ts';
import type { AuditResult } from '../result.ts';
import { judgeEffective } from './judge.ts';
import { readEffective } from './read.ts';
import { effectiveScript, NO_DOCKER } from './script.ts';

const tool = 'effective';

/** What dockerd and the kernel do, where docker-bench-security reads what daemon.json says; one round trip. */
export const effective: Audit = { tool, run };

async function run({ shell }: AuditContext): Promise<AuditResult> {
  const { frames } = await shell.probe([effectiveScript()]);
  const frame = frames[0];
  if (frame?.exitCode === NO_DOCKER)
    return { tool, status: 'not-run', reason: 'there is no docker command on the host' };
  const host = readEffective(frame?.stdout.toString('utf8') ?? '');
  if (!host) {
    const said = frame?.stderr.toString('utf8').trim().split('\n').at(-1);
    return { tool, status: 'not-run', reason: said || 'docker info gave no answer that could be read' };
  }
  const results = judgeEffective(host);
  return { tool, status: 'done', checks: results.length, results, failures: [] };
}
