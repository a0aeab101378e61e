import type { ProbeWork } from '../audit.ts';
import { notRun } from '../result.ts';
import { parseOpenscap } from './parse.ts';
import { NO_CONTENT, NO_OSCAP, openscapScript } from './script.ts';
import type { OpenscapSettings } from './settings.ts';

/** `oscap xccdf eval` on the host; its files are in a private directory that is removed afterwards. */
export const openscapWork: ProbeWork<OpenscapSettings> = {
  kind: 'probe',
  long: true,
  script: ({ profile = 'standard', data_stream }) => openscapScript(profile, data_stream),
  read: ({ stdout, said, exitCode }, { profile = 'standard' }) => {
    if (exitCode === NO_OSCAP)
      return notRun(
        'there is no oscap command on the host; a task apt: { name: [openscap-scanner, ssg-debian] } installs it',
      );
    if (exitCode === NO_CONTENT) return notRun(said ?? 'there is no data stream for this release on the host');
    const report = parseOpenscap(stdout);
    if (!report) return notRun(said ?? 'oscap wrote no result');
    if (report.results.length === 0)
      return notRun(
        `no rule of the profile ${profile} applies to this host (${report.counts}): the data stream is for another release`,
      );
    return {
      status: 'done',
      ...(report.score === undefined
        ? { incomplete: 'oscap stopped before its end: there is no score' }
        : { score: report.score }),
      checks: report.results.length,
      results: report.results,
      failures: [],
      notes: [`profile ${profile}: ${report.counts}; the score is the benchmark's own, of 100`],
    };
  },
};
