import type { ProbeWork } from '../audit.ts';
import { notRun } from '../result.ts';
import { parseLynis } from './parse.ts';
import { lynisScript, NO_LYNIS } from './script.ts';

/** Lynis on the host, from the distribution's package. */
export const lynisWork: ProbeWork<object> = {
  kind: 'probe',
  long: true,
  script: () => lynisScript,
  read: ({ stdout, said, exitCode }) => {
    if (exitCode === NO_LYNIS)
      return notRun('there is no lynis command on the host; a task apt: { name: lynis } installs it');
    const report = parseLynis(stdout);
    if (!report) return notRun(said ?? 'lynis wrote no report');
    return {
      status: 'done',
      ...(report.score === undefined
        ? { incomplete: 'Lynis stopped before its end: there is no hardening index' }
        : { score: report.score }),
      checks: report.results.length,
      results: report.results,
      failures: [],
      notes: [`Lynis ${report.version}: the score is its hardening index, of 100`],
    };
  },
};
