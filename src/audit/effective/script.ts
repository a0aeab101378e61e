import { type Script, sh } from '../../remote/sh.ts';

const INFO =
  '{"ServerVersion":{{json .ServerVersion}},"LiveRestoreEnabled":{{json .LiveRestoreEnabled}},"LoggingDriver":{{json .LoggingDriver}},"SecurityOptions":{{json .SecurityOptions}},"Debug":{{json .Debug}},"Registries":{{json .RegistryConfig}},"Swarm":{{json .Swarm.LocalNodeState}}}';
const CONTAINER =
  '{"Name":{{json .Name}},"Pid":{{json .State.Pid}},"SecurityOpt":{{json .HostConfig.SecurityOpt}},"Log":{{json .HostConfig.LogConfig}},"Ulimits":{{json .HostConfig.Ulimits}}}';

/** The status that says that there is no docker command. */
export const NO_DOCKER = 66;

/** Prints, in sections, what dockerd does: its answers, what the kernel says of each running container, who forwards ports, and daemon.json for comparison. Only reads. */
export function effectiveScript(): Script {
  return sh`command -v docker >/dev/null || exit ${NO_DOCKER}
docker='docker -H unix:///run/docker.sock'
# A daemon that does not answer is told by version in plain words, by a template in none.
info=$($docker info -f ${INFO} 2>&1) || { printf '%s\n' "$info" >&2; $docker version -f '{{.Server.Version}}' >/dev/null; exit 1; }
echo '== info'
printf '%s\n' "$info"
echo '== bridge'
$docker network inspect bridge -f '{{json .Options}}' 2>/dev/null
echo '== accepts'
if command -v iptables >/dev/null; then iptables -S DOCKER-USER 2>/dev/null | grep -e '-i docker0 -o docker0 .*-j ACCEPT' -e '-i docker0 -o docker0 -j ACCEPT'; fi
echo '== proxies'
for pid in /proc/[0-9]*; do
  [ "$(cat "$pid/comm" 2>/dev/null)" != docker-proxy ] || { tr '\\000' ' ' <"$pid/cmdline"; echo; }
done 2>/dev/null
echo '== containers'
ids=$($docker ps -q --no-trunc)
[ -z "$ids" ] || $docker inspect -f ${CONTAINER} $ids 2>/dev/null
echo '== kernel'
[ -z "$ids" ] || $docker inspect -f '{{.State.Pid}}' $ids 2>/dev/null | while read -r pid; do
  [ ! -r "/proc/$pid/status" ] || { echo "pid $pid"; grep -E '^(NoNewPrivs|Seccomp):' "/proc/$pid/status"; }
done
echo '== dockerd'
tr '\\000' '\\n' </proc/"$(cat /run/docker.pid 2>/dev/null)"/cmdline 2>/dev/null
echo
echo '== file'
cat /etc/docker/daemon.json 2>/dev/null || :`;
}
