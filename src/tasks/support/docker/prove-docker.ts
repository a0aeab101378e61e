import { type Script, sh } from '../../../remote/sh.ts';
import { DOCKER } from './cli.ts';
import { type ProofMachine, proofProgram } from './proof-program.ts';

/** On the image and the container of the proof, and on nothing else: what a run that was cut off left is found by it. */
const LABEL = 'io.harden.proof=7f3b1c5e';

/** One question to Docker may take so long. */
const SECONDS = 120;

/**
 * Script that fails where Docker cannot start a container. The image is harden's own program, made from stdin; the container has the
 * daemon's own ulimits, log driver, runtime and profiles, and no network. Image and container are gone afterwards.
 * A Docker that was stopped stays so, and proves nothing.
 */
export function proveDocker(): Script {
  return sh`command -v docker >/dev/null 2>&1 || exit 0
case $(systemctl is-active docker.service 2>/dev/null) in
  inactive | unknown | '') timeout 10 ${DOCKER} version >/dev/null 2>&1 || exit 0 ;;
esac
mkdir "$harden_tmp/root"
case $(uname -m) in
  x86_64) printf ${octal('x86_64')} ;;
  aarch64 | arm64) printf ${octal('aarch64')} ;;
  *) exit 0 ;;
esac >"$harden_tmp/root/harden-proof"
chmod 0755 "$harden_tmp/root" "$harden_tmp/root/harden-proof"
image='' container=''
docker() { timeout -k 5 ${SECONDS} ${DOCKER} "$@" 2>"$harden_tmp/said"; }
clean() {
  docker ps -aq --no-trunc --filter ${`label=${LABEL}`} >"$harden_tmp/containers" || return 1
  while read -r id; do docker rm -f -v "$id" >/dev/null || return 1; done <"$harden_tmp/containers"
  docker images -q --no-trunc --filter ${`label=${LABEL}`} >"$harden_tmp/images" || return 1
  while read -r id; do docker rmi -f "$id" >/dev/null || return 1; done <"$harden_tmp/images"
}
fail() {
  { printf '%s: ' "$1"; tail -n 3 "$harden_tmp/said" | cut -c 1-400; } >"$harden_tmp/why"
  clean || :
  cat "$harden_tmp/why" >&2
  exit 1
}
image=$(tar -C "$harden_tmp/root" -cf - harden-proof | docker import --change 'ENTRYPOINT ["/harden-proof"]' --change ${`LABEL ${LABEL}`} -) ||
  fail 'Docker takes no image'
container=$(docker create --network none --read-only --cap-drop ALL --security-opt no-new-privileges --user 65534:65534 "$image") ||
  fail 'Docker makes no container'
docker start -a "$container" >/dev/null || fail 'Docker starts no container'
clean || fail 'Docker does not remove the container and the image of the proof'`;
}

/** The program as what printf of every sh turns into its bytes. */
function octal(machine: ProofMachine): string {
  return [...proofProgram(machine)].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('');
}

/** What dockerd and containerd are set by, beside docker_daemon: their folders, their units, and what Debian's init files read. */
const PATHS =
  /^\/etc\/(docker|containerd|apparmor\.d\/docker[^/]*|default\/(docker|containerd)|systemd\/system\/([^/]+\/)*(docker|containerd)\.(service|socket)(\.[a-z]+)?)(\/|$)/;
const UNITS = /^(docker|containerd)(\.service|\.socket)?$/;
const PACKAGES = /^(docker(\.io|-ce|-cli|-engine|-buildx|-compose)?|docker-ce-.*|containerd(\.io)?|runc|crun|moby-.*)$/;

/** The proof of Docker for a task that writes a file, where the file is one that Docker is set by. */
export function proofForPath(path: string): Script | undefined {
  return PATHS.test(path) ? proveDocker() : undefined;
}

/** The same for a task about a unit. */
export function proofForUnit(name: string): Script | undefined {
  return UNITS.test(name) ? proveDocker() : undefined;
}

/** The same for a task about packages. */
export function proofForPackages(names: readonly string[]): Script | undefined {
  return names.some((name) => PACKAGES.test(name)) ? proveDocker() : undefined;
}
