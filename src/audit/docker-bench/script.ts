import { raw, type Script, sh } from '../../remote/sh.ts';
import type { BenchFiles } from './source.ts';

/** The statuses of the bench script that are answers, not results. */
export const NO_DOCKER = 66;
export const NO_BASH = 67;

/**
 * Unpacks the bench into a private directory, runs it with bash from there (it looks for its parts in the working directory, and on
 * dash gives wrong answers), and prints the bench's JSON; leaves nothing behind.
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
bash docker-bench-security.sh -b -l "$bench/log" ${raw(users)} >/dev/null 2>"$bench/stderr" || tail -n 5 "$bench/stderr" >&2
# what it got to is worth reading also when it died; where the daemon does not answer it gets to nothing, and does not say so
if [ -s "$bench/log.json" ]; then cat "$bench/log.json"; else docker version -f '{{.Server.Version}}' >/dev/null; fi`;
}
