import { type Script, sh } from '../../remote/sh.ts';

/** The statuses of the script that are answers: there is no docker command, and no daemon that answers. */
export const NO_DOCKER = 66;
export const NO_DAEMON = 67;

/**
 * Reads all that the audit needs in one go, and changes nothing: sections that start with NUL, their name and a newline, an object
 * of JSON a line in each, so that one that cannot be read hides no other. Only ids go from one command to the next, never names.
 */
export function containersScript(options: { readonly all: boolean }): Script {
  return sh`command -v docker >/dev/null || exit ${NO_DOCKER}
section() { printf '\\000%s\n' "$1"; }
section info
docker info --format '{{json .}}' || exit ${NO_DAEMON}
ids=$(docker ps --quiet --no-trunc ${options.all ? ['--all'] : []}) || exit ${NO_DAEMON}
section ids
printf '%s\n' "$ids"
found=$(printf '%s\n' "$ids" | xargs -r docker inspect --type container --format '{{.Image}} {{json .}}')
section containers
printf '%s\n' "$found"
section images
images=$(printf '%s\n' "$found" | sed -n 's/^\\(sha256:[0-9a-f]*\\) .*/\\1/p' | sort -u)
printf '%s\n' "$images" | xargs -r docker image inspect --format '{{json .}}'
section tags
docker image ls --no-trunc --format '{{json .}}'
section networks
docker network ls --quiet --no-trunc | xargs -r docker network inspect --format '{{json .}}'
section processes
grep -sHoE -m1 '[0-9a-f]{64}' /proc/[0-9]*/cgroup
grep -sHE '^(Name|Uid|NoNewPrivs|Seccomp):' /proc/[0-9]*/status
grep -sHE '^Max open files' /proc/[0-9]*/limits
section end`;
}
