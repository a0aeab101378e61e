import { z } from 'zod';
import { raw, type Script, sh } from '../remote/sh.ts';
import { plainText } from '../text/clean.ts';
import { type AuditDone, findingKey, type PreviousAudit } from './result.ts';

/** Where the last run of each audit is kept on the host. */
const DIRECTORY = '/var/lib/harden/audit';

const Previous = z.object({ score: z.number().optional(), at: z.string(), warnings: z.array(z.string()) });

/** Prints each tool's last record, one a line (empty: there is none), and puts this run's in its place. */
export function exchangeRecords(audits: readonly AuditDone[], now: Date): Script {
  const lines = audits.map((audit) => {
    const path = `${DIRECTORY}/${audit.tool}.json`;
    const record: PreviousAudit = {
      ...(audit.score === undefined ? {} : { score: audit.score }),
      at: now.toISOString(),
      warnings: audit.results.filter(({ result }) => result === 'WARN').map(findingKey),
    };
    return sh`tr -d '\n' 2>/dev/null <${path} || :
echo
printf '%s\n' ${JSON.stringify(record)} >${path}.new
mv -f ${path}.new ${path}`;
  });
  return sh`set -eu
umask 077
mkdir -p -m 0700 /var/lib/harden ${DIRECTORY}
${raw(lines.join('\n'))}`;
}

/** What is told when `exchangeRecords` failed. */
export function notKept(stderr: string): string {
  const why = plainText(stderr).split('\n')[0];
  return `this run could not be kept on the host for the next to compare with${why ? `: ${why}` : ''}`;
}

/** The records that `exchangeRecords` printed, in the order of the audits; undefined where there was none, or it cannot be read. */
export function readRecords(output: string): readonly (PreviousAudit | undefined)[] {
  return output.split('\n').map((line) => {
    try {
      return Previous.safeParse(JSON.parse(line)).data;
    } catch {
      return undefined;
    }
  });
}
