/**
 * Three containers as they should not be run, with names and labels of a stranger, from an image that needs no registry; a fourth that
 * is privileged is made and not started, for not every host can.
 */
export const BADLY_RUN = `set -e
tar -C /bin -c busybox | docker import - busybox >/dev/null
run() { docker run -d "$@" >/dev/null; }
run --name web -p 80:80 --restart always --label "$(printf 'note=\\033[2J$(reboot) \`reboot\`\\n"},{"id":"2.2"')" busybox /busybox sleep 100000
run --name db --pid host --user '0' -v /etc:/host-etc busybox /busybox sleep 100000
run --name agent --network host --cap-add SYS_ADMIN -v /run/docker.sock:/run/docker.sock busybox /busybox sleep 100000
docker create --name root --privileged busybox /busybox sleep 100000 >/dev/null
chmod 0666 /etc/default/docker`;

/** What each container was made with; a restart of Docker changes none of it. */
export const CONTAINERS = `docker inspect -f '{{.Name}} {{.State.Status}} {{.State.StartedAt}} {{json .HostConfig}} {{json .Config}}' web db agent root`;

/** Path, kind, owner, mode, size and change time of every file but those that a running system, Docker and harden's own journal write by themselves. */
export const FILES = `find / -xdev \\( -path /proc -o -path /sys -o -path /run -o -path /tmp -o -path /dev -o -path /var/log -o -path /var/lib/systemd -o -path /var/lib/docker -o -path /var/lib/containerd -o -path /var/lib/harden -o -path /var/tmp -o -path /var/cache -o -path /var/lib/apt -o -path /root/.docker \\) -prune -o ! -type d -printf '%p\\t%y %u %g %m %s %T@ %l\\n' | sort`;

/** The paths that differ between two answers of `FILES`. */
export function changedFiles(before: string, after: string): string[] {
  const [old, now] = [new Set(before.split('\n')), new Set(after.split('\n'))];
  const lines = [...[...old].filter((line) => !now.has(line)), ...[...now].filter((line) => !old.has(line))];
  return [...new Set(lines.map((line) => line.split('\t')[0] ?? ''))].sort();
}
