import type { AuditSettings } from '../../engine/resolved-task.ts';
import { UserError } from '../../errors.ts';
import type { RootShell } from '../../remote/shell.ts';
import type { AuditCheck, AuditResult } from '../result.ts';
import { parseBench, parseRecord } from './parse.ts';
import { benchScript, NO_BASH, NO_DOCKER, recordScript } from './script.ts';
import { dockerBenchFiles, type SourceOptions } from './source.ts';

type BenchSettings = NonNullable<AuditSettings['docker_bench']>;

/** Runs docker-bench-security through a root shell and judges it; what keeps it from running is a `not-run` result, never an exception. */
export async function runDockerBench(
  shell: RootShell,
  settings: BenchSettings,
  source: SourceOptions,
  now: Date,
): Promise<AuditResult> {
  try {
    const files = await dockerBenchFiles(source);
    const { frames } = await shell.apply([benchScript(files, settings.trusted_users ?? [])]);
    const frame = frames[0];
    if (!frame) return notRun('it was interrupted');
    if (frame.exitCode === NO_DOCKER) return notRun('there is no docker command on the host');
    if (frame.exitCode === NO_BASH) return notRun('the host has no bash, which docker-bench-security needs');
    const output = frame.stdout.toString('utf8');
    const split = output.indexOf('\0');
    const report = parseBench(output.slice(split + 1));
    if (!report)
      return notRun(
        frame.stderr.toString('utf8').trim().split('\n').at(-1) || 'docker-bench-security printed no result',
      );
    const previous = parseRecord(output.slice(0, Math.max(split, 0)));
    const warnings = report.results.filter(({ result }) => result === 'WARN').map(({ id }) => id);
    await shell.apply([recordScript({ score: report.score, at: now.toISOString(), warnings })]);
    return {
      tool: 'docker-bench-security',
      status: 'done',
      ...report,
      ...(previous ? { previous } : {}),
      failures: thresholdFailures(report.score, report.results, settings),
    };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return notRun(error.paragraph);
  }
}

/** Why an audit is below what the playbook asks for: `min_score`, and `fail_on` as check ids, sections (`2`) or results (`WARN`). */
export function thresholdFailures(
  score: number,
  results: readonly AuditCheck[],
  settings: BenchSettings,
): readonly string[] {
  const failures: string[] = [];
  if (settings.min_score !== undefined && score < settings.min_score)
    failures.push(`the score is ${score}, and min_score is ${settings.min_score}`);
  for (const wanted of settings.fail_on ?? []) {
    const upper = wanted.toUpperCase();
    const hits = results.filter(
      ({ id, result }) =>
        (upper === result && result !== 'PASS') ||
        (result === 'WARN' && (id === wanted || id.startsWith(`${wanted}.`))),
    );
    if (hits.length > 0) failures.push(`fail_on ${wanted}: ${hits.map(({ id }) => id).join(', ')}`);
  }
  return failures;
}

function notRun(reason: string): AuditResult {
  return { tool: 'docker-bench-security', status: 'not-run', reason };
}
