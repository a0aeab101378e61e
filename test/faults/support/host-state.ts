import type { LabHost } from '../../lab/lab.ts';

/** What a host is, as its own commands tell it: a text for each part; equal texts mean that nothing of it changed. */
export interface HostState {
  /** Every file of /etc and of the homes: kind, owner, mode, content or where it points. */
  readonly files: string;
  readonly accounts: string;
  readonly services: string;
  readonly kernel: string;
  readonly firewall: string;
  readonly ssh: string;
  readonly docker: string;
}

// ufw leaves its chains, empty, when it is disabled, and Docker a rule when it restarts with another userland-proxy. Backups of passwd's tools and what programs write for themselves at each start say nothing of the host.
const SCRIPTS: HostState = {
  files: `find /etc /root /home /usr/local /opt /srv -xdev \\( -name '*-' -path '/etc/*' -o -path /etc/mtab -o -path /etc/ld.so.cache -o -path /etc/.pwd.lock -o -path /etc/docker/key.json -o -path '/root/.bash_history' -o -path '/etc/ufw/*.2*' \\) -prune -o -printf '%p %y %u:%G %m %l ' \\( -type f ! -path '/etc/*shadow' -exec sh -c 'sha256sum <"$1"' sh {} \\; -o -printf '\\n' \\) | sort`,
  accounts: 'getent passwd; getent group | sort; getent shadow | cut -d: -f1,2,4-; cat /etc/subuid /etc/subgid',
  services: `systemctl list-unit-files --plain --no-legend --state=enabled,masked | awk '{ print $1, $2 }' | sort
systemctl list-units --plain --no-legend --state=active --type=service,timer,socket | awk '{ print $1 }' | grep -v '^\\(session-\\|user\\|run-\\|harden\\|systemd-\\(hostnamed\\|timedated\\|localed\\)\\)' | sort`,
  kernel: `sysctl -a 2>/dev/null | grep -E '^(fs.protected|fs.suid|kernel.(kptr|dmesg|random|sysrq|yama|unpriv|perf_event_p)|net.core.bpf|net.ipv[46].(tcp_syncookies|icmp_|ip_forward|conf.(all|default)))' | grep -v random.*uuid`,
  firewall: `for tables in iptables ip6tables; do $tables-save 2>/dev/null | grep '^[-:]' | grep -vE '^:ufw|^-A (INPUT|OUTPUT|FORWARD) -j ufw|-o docker0 -m addrtype --src-type LOCAL -j MASQUERADE' | sed 's/ \\[[0-9:]*\\]$//' | sort; done; ufw status verbose 2>/dev/null; ufw show added 2>/dev/null`,
  ssh: 'sshd -T | sort',
  docker: `docker info -f '{{.LiveRestoreEnabled}} {{.LoggingDriver}} {{.SecurityOptions}}' 2>&1; docker network inspect bridge -f '{{json .Options}}' 2>&1`,
};

export async function hostState(host: Pick<LabHost, 'exec'>): Promise<HostState> {
  const parts: Record<string, string> = {};
  for (const [part, script] of Object.entries(SCRIPTS)) parts[part] = (await host.exec(script)).stdout;
  return parts as unknown as HostState;
}

/** The lines that only one of two texts has: `- ` only the first, `+ ` only the second. */
export function linesApart(before: string, after: string): string[] {
  const [was, is] = [before.split('\n'), after.split('\n')];
  return [
    ...was.filter((line) => !is.includes(line)).map((line) => `- ${line}`),
    ...is.filter((line) => !was.includes(line)).map((line) => `+ ${line}`),
  ];
}
