/** Where harden's audit of containers and docker-bench-security differ about one container, and the command that shows who is right. */
export interface Difference {
  readonly check: string;
  readonly container: string;
  /** Who finds it; the other one does not. */
  readonly finds: 'bench' | 'harden';
  /** Asked on the host. */
  readonly command: string;
  /** What is in its answer, and makes the finding right (harden's) or wrong (the bench's). */
  readonly shows: string;
}

/** Containers that are run well, badly, and in every way about which the two tools do not agree; from an image that needs no registry. */
export const DIFFERING = `set -e
d=$(mktemp -d)
cp /bin/busybox "$d/busybox"
printf '#!/busybox sh\\nwhile :; do /busybox sleep 1000; done\\n' >"$d/sshd"
chmod 755 "$d/sshd"
tar -C "$d" -c . | docker import - busybox >/dev/null
docker network create app >/dev/null
mkdir -p /srv/data
run() { name=$1; shift; docker run -d --name "$name" "$@" >/dev/null; }
s='busybox /busybox sleep 100000'
run well --user 1000:1000 --security-opt no-new-privileges:true --cap-drop ALL --read-only --tmpfs /tmp:size=16m --network app --memory 64m --cpus 0.5 --pids-limit 50 --ulimit nofile=100:100 --restart on-failure:5 --health-cmd true --health-interval 1h $s
run bare $s
run web -p 80:80 $s
run edge -p 127.0.0.1:1024:80 $s
run six -p '[::]:8081:80' $s
run quota --cpu-quota 50000 $s
run zero --user 0:0 $s
run db --pid host --ipc host --uts host --userns host -v /etc:/host-etc $s
run reads -v /etc:/host-etc:ro $s
run keys -v /etc/ssh:/keys:ro $s
run volume -v data:/etc $s
run socket -v /run/docker.sock:/run/docker.sock $s
run folder -v /run:/host-run $s
run agent --network host --cap-add SYS_ADMIN --cap-add CHOWN --device /dev/null --security-opt seccomp=unconfined $s
run shared -v /srv/data:/srv/data:shared $s
run group --cgroup-parent other.slice $s
run ssh busybox /sshd
run ten --restart on-failure:10 $s
run forever --restart on-failure $s`;

/** All of them; docs/audit.md tells each. */
export const DIFFERENCES: readonly Difference[] = [
  {
    check: '4.1',
    container: 'zero',
    finds: 'harden',
    command: "docker inspect -f '{{.Config.User}}' zero",
    shows: '0:0',
  },
  {
    check: '5.6',
    container: 'folder',
    finds: 'harden',
    command: "docker inspect -f '{{range .Mounts}}{{.Source}}{{end}}' folder",
    shows: '/run',
  },
  {
    check: '5.6',
    container: 'keys',
    finds: 'harden',
    command: "docker inspect -f '{{range .Mounts}}{{.Source}} {{.RW}}{{end}}' keys",
    shows: '/etc/ssh false',
  },
  {
    check: '5.6',
    container: 'reads',
    finds: 'harden',
    command: 'docker exec reads /busybox head -c 5 /host-etc/shadow',
    shows: 'root:',
  },
  {
    check: '5.6',
    container: 'volume',
    finds: 'bench',
    command: "docker inspect -f '{{range .Mounts}}{{.Type}} {{.Source}}{{end}}' volume",
    shows: 'volume /var/lib/docker/volumes/data/_data',
  },
  { check: '5.7', container: 'ssh', finds: 'harden', command: 'docker top ssh -o pid,comm', shows: 'sshd' },
  {
    check: '5.8',
    container: 'edge',
    finds: 'bench',
    command: 'sysctl -n net.ipv4.ip_unprivileged_port_start',
    shows: '1024',
  },
  { check: '5.9', container: 'six', finds: 'harden', command: 'docker port six', shows: ':8081' },
  {
    check: '5.12',
    container: 'quota',
    finds: 'bench',
    command: "docker inspect -f '{{.HostConfig.CpuQuota}}' quota",
    shows: '50000',
  },
  { check: '5.14', container: 'six', finds: 'harden', command: 'docker port six', shows: ':8081' },
  {
    check: '5.15',
    container: 'forever',
    finds: 'harden',
    command:
      "docker inspect -f '{{.HostConfig.RestartPolicy.Name}} {{.HostConfig.RestartPolicy.MaximumRetryCount}}' forever",
    shows: 'on-failure 0',
  },
  {
    check: '5.32',
    container: 'folder',
    finds: 'harden',
    command: 'docker exec folder /busybox ls /host-run/docker.sock',
    shows: '/host-run/docker.sock',
  },
];
