import { UserError } from '../../errors.ts';
import { plainText } from '../../text/plain-text.ts';
import type { Audit } from '../audit.ts';
import type { AuditResult } from '../result.ts';
import { parseLynis } from './parse.ts';
import { lynisScript, NO_LYNIS } from './script.ts';

/** Lynis on the host, from the distribution's package; the score is its hardening index. */
export const lynis: Audit = {
  tool: 'lynis',
  async run({ shell }): Promise<AuditResult> {
    try {
      const frame = (await shell.apply([lynisScript])).frames[0];
      if (!frame) return notRun('it was interrupted');
      if (frame.exitCode === NO_LYNIS)
        return notRun('there is no lynis command on the host; a task apt: { name: lynis } installs it');
      const report = parseLynis(frame.stdout.toString('utf8'));
      if (!report) return notRun(plainText(frame.stderr.toString('utf8')) || 'lynis wrote no report');
      return {
        tool: 'lynis',
        status: 'done',
        ...(report.score === undefined
          ? { incomplete: 'Lynis stopped before its end: there is no hardening index' }
          : { score: report.score }),
        checks: report.results.length,
        results: report.results,
        failures: [],
        notes: [`Lynis ${report.version}: the score is its hardening index, of 100`],
      };
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      return notRun(error.paragraph);
    }
  },
};

function notRun(reason: string): AuditResult {
  return { tool: 'lynis', status: 'not-run', reason };
}
