import { raw, type Script, sh } from '../../remote/sh.ts';
import { containersScript } from '../containers/script.ts';
import { effectiveScript } from '../effective/script.ts';

/** Files whose owner and mode the benchmark asks for; units and certificates are asked for where they are. */
const FILES = [
  '/etc/docker',
  '/etc/docker/daemon.json',
  '/etc/docker/certs.d',
  '/etc/default/docker',
  '/etc/sysconfig/docker',
  '/etc/containerd/config.toml',
  '/run/docker.sock',
  '/run/containerd',
  '/run/containerd/containerd.sock',
  '/var/lib/docker',
];

/** Programs of Docker, in the folders in which the distributions and docker.com have them. */
const PROGRAMS = [
  'dockerd',
  'containerd',
  'containerd-shim',
  'containerd-shim-runc-v1',
  'containerd-shim-runc-v2',
  'runc',
];

/** So many images are asked for their history; each takes a process. */
const MOST_IMAGES = 100;

/**
 * Reads all that the benchmark asks for, and changes nothing: the sections of the audits of containers and of what holds in effect, and
 * those of the host.
 */
export function cisDockerScript(): Script {
  const programs = PROGRAMS.flatMap((name) => [`/usr/bin/${name}`, `/usr/sbin/${name}`]);
  return sh`${raw(containersScript({ all: false }))}
section effective
(
${raw(effectiveScript())}
) | tr -d '\\000'
section server
docker version --format '{{json .Server}}'
section group
getent group docker || :
section mounts
cut -d ' ' -f 5 /proc/self/mountinfo
section kernel-audit
if command -v auditctl >/dev/null; then auditctl -s 2>&1; else echo 'there is no auditctl'; fi
section loaded-rules
if command -v auditctl >/dev/null; then auditctl -l 2>/dev/null; fi
section kept-rules
cat /etc/audit/rules.d/*.rules 2>/dev/null | tr -d '\\000'
section units
[ ! -d /run/systemd/system ] || systemctl show -p Id -p FragmentPath docker.service docker.socket
section cmdline
read -r pid 2>/dev/null </run/docker.pid && tr '\\000' '\\n' <"/proc/$pid/cmdline" 2>/dev/null
section stat
for file in ${[...FILES, ...programs]}; do [ ! -e "$file" ] || stat -L -c '%a %U %G %F	%n' -- "$file"; done
section unit-stat
[ ! -d /run/systemd/system ] || systemctl show -p FragmentPath --value docker.service docker.socket | while IFS= read -r file; do
  [ ! -f "$file" ] || stat -L -c '%a %U %G %F	%n' -- "$file"
done
section certificates
[ ! -d /etc/docker/certs.d ] || find /etc/docker/certs.d -type f -name '*.crt' -exec stat -c '%a %U %G %F	%n' {} +
section tls
{
  { read -r pid && tr '\\000' '\\n' <"/proc/$pid/cmdline"; } 2>/dev/null </run/docker.pid | sed -n -e 's/^--\\(tlscacert\\|tlscert\\|tlskey\\)=/\\1 /p' -e '/^--tls\\(cacert\\|cert\\|key\\)$/{s/^--//;N;s/\\n/ /p}'
  grep -soE '"(tlscacert|tlscert|tlskey)"[[:space:]]*:[[:space:]]*"[^"]*"' /etc/docker/daemon.json | sed 's/^"\\([a-z]*\\)"[^"]*"\\(.*\\)"$/\\1 \\2/'
} | while read -r key file; do [ ! -e "$file" ] || stat -L -c "$key %a %U %G %F	%n" -- "$file"; done
section all-images
docker image ls --quiet --no-trunc | sort -u | xargs -r docker image inspect --format '{{json .}}'
section history
docker image ls --quiet --no-trunc | sort -u | head -n ${MOST_IMAGES} | while read -r id; do
  docker history --no-trunc --format "{{json .CreatedBy}}" "$id" 2>/dev/null | sed "s/^/$id /"
done
section counts
docker ps --all --quiet --no-trunc | xargs -r docker inspect --type container --format '{{.Image}}'
section trust
printf '%s\n' "$DOCKER_CONTENT_TRUST"
section listening
ss -H -lnt 2>/dev/null | awk '{ print $4 }'
section swarm
if [ "$(docker info --format '{{.Swarm.LocalNodeState}} {{.Swarm.ControlAvailable}}' 2>/dev/null)" = 'active true' ]; then
  docker node ls --format '{{json .}}'
  echo '-- secrets'
  docker secret ls --quiet
  echo '-- autolock'
  docker info --format '{{.Swarm.Cluster.Spec.EncryptionConfig.AutoLockManagers}}'
  echo '-- expiry'
  docker info --format '{{.Swarm.Cluster.Spec.CAConfig.NodeCertExpiry}}'
fi
section cis-end`;
}
