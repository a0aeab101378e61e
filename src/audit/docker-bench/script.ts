import { raw, type Script, sh } from '../../remote/sh.ts';
import type { BenchFiles } from './source.ts';

/** Where the last run's score is kept on the host. */
const RECORD = '/var/lib/harden/audit/docker-bench-security.json';

/** The statuses of the bench script that are answers, not results. */
export const NO_DOCKER = 66;
export const NO_BASH = 67;

/**
 * Unpacks the bench into a private directory, runs it with bash from there (it looks for its parts in the working directory, and on
 * dash gives wrong answers), prints the record of the run before, NUL, and the bench's JSON; leaves nothing behind but the record.
 */
export function benchScript(files: BenchFiles, trustedUsers: readonly string[]): Script {
  const folders = [
    ...new Set([...files.keys()].flatMap((name) => (name.includes('/') ? [name.replace(/\/[^/]*$/, '')] : []))),
  ];
  const unpack = [...files].map(([name, text]) => sh`printf '%s' ${text} >${name}`).join('\n');
  const users = trustedUsers.length > 0 ? sh`-u ${trustedUsers.join(',')}` : '';
  return sh`command -v docker >/dev/null || exit ${NO_DOCKER}
command -v bash >/dev/null || exit ${NO_BASH}
bench=$(mktemp -d /run/harden-bench.XXXXXX) || exit 1
trap 'rm -rf "$bench"' EXIT
cd "$bench" || exit 1
mkdir ${folders}
${raw(unpack)}
cat ${RECORD} 2>/dev/null
printf '\\0'
bash docker-bench-security.sh -b -l "$bench/log" ${raw(users)} >/dev/null 2>"$bench/stderr" || { tail -n 5 "$bench/stderr" >&2; exit 1; }
cat "$bench/log.json"`;
}

/** Keeps a run's score and warnings for the comparison with the next. */
export function recordScript(record: BenchRecord): Script {
  return sh`set -eu
mkdir -p -m 0700 /var/lib/harden /var/lib/harden/audit
printf '%s\n' ${JSON.stringify(record)} >${RECORD}.new
mv -f ${RECORD}.new ${RECORD}`;
}

/** What the host remembers of a run. */
export interface BenchRecord {
  readonly score: number;
  /** ISO 8601. */
  readonly at: string;
  /** Ids of the checks that warned. */
  readonly warnings: readonly string[];
}
