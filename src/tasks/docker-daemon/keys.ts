/** What kind of value a key of daemon.json takes. */
export type Kind = 'flag' | 'number' | 'text' | 'texts' | 'text map' | 'flag map' | 'map' | 'items';

/** One key of daemon.json. */
export interface DaemonKey {
  readonly kind: Kind;
  /** The first version that knows it; undefined: every version since 20.10. */
  readonly since?: string;
  /** The first version that does not know it any more. */
  readonly until?: string;
  /** What dockerd does without the key. */
  readonly initial?: string | boolean;
  /** dockerd takes it over on reload. */
  readonly reload?: true;
  /** Containers keep what they were created with. */
  readonly recreate?: true;
  /** Images and containers are looked for in another place. */
  readonly hides?: true;
}

const flag: DaemonKey = { kind: 'flag' };
const off: DaemonKey = { kind: 'flag', initial: false };
const on: DaemonKey = { kind: 'flag', initial: true };
const text: DaemonKey = { kind: 'text' };
const texts: DaemonKey = { kind: 'texts' };
const number: DaemonKey = { kind: 'number' };
const reload = { reload: true } as const;
const recreate = { recreate: true } as const;

/** Every key of daemon.json from Docker 20.10 to 29, as moby's configuration has them. */
export const daemonKeys: ReadonlyMap<string, DaemonKey> = new Map<string, DaemonKey>([
  ['allow-direct-routing', { ...off, since: '28.2' }],
  ['allow-nondistributable-artifacts', { ...texts, ...reload }],
  ['api-cors-header', { ...text, until: '28.0' }],
  ['authorization-plugins', { ...texts, ...reload }],
  ['bip', text],
  ['bip6', { ...text, since: '28.0' }],
  ['bridge', text],
  ['bridge-accept-fwmark', { ...text, since: '29.0' }],
  ['builder', { kind: 'map' }],
  ['cdi-spec-dirs', { ...texts, since: '25.0' }],
  ['cgroup-parent', { ...text, ...recreate }],
  ['cluster-advertise', { ...text, until: '24.0' }],
  ['cluster-store', { ...text, until: '24.0' }],
  ['cluster-store-opts', { kind: 'text map', until: '24.0' }],
  ['containerd', text],
  ['containerd-namespace', text],
  ['containerd-plugin-namespace', text],
  ['cpu-rt-period', number],
  ['cpu-rt-runtime', number],
  ['cri-containerd', flag],
  ['data-root', { ...text, initial: '/var/lib/docker', hides: true }],
  ['debug', { ...off, ...reload }],
  ['default-address-pools', { kind: 'items' }],
  ['default-cgroupns-mode', { ...text, ...reload, ...recreate }],
  ['default-gateway', text],
  ['default-gateway-v6', text],
  ['default-init', { ...text, ...recreate }],
  ['default-ipc-mode', { ...text, ...reload, ...recreate }],
  ['default-network-opts', { kind: 'map', since: '24.0' }],
  ['default-runtime', { ...text, initial: 'runc', ...reload, ...recreate }],
  ['default-shm-size', { ...text, ...reload, ...recreate }],
  ['default-stop-timeout', { ...number, since: '29.7', ...reload }],
  ['default-ulimits', { kind: 'map', ...recreate }],
  ['deprecated-key-path', text],
  ['dns', { ...texts, ...recreate }],
  ['dns-opts', { ...texts, ...recreate }],
  ['dns-search', { ...texts, ...recreate }],
  ['exec-opts', texts],
  ['exec-root', text],
  ['experimental', off],
  ['features', { kind: 'flag map', ...reload }],
  ['firewall-backend', { ...text, since: '29.0' }],
  ['fixed-cidr', text],
  ['fixed-cidr-v6', text],
  ['graph', { ...text, until: '24.0' }],
  ['group', { ...text, initial: 'docker' }],
  ['host-gateway-ip', text],
  ['host-gateway-ips', { ...texts, since: '28.0' }],
  ['hosts', texts],
  ['http-proxy', { ...text, since: '23.0' }],
  ['https-proxy', { ...text, since: '23.0' }],
  ['icc', on],
  ['init', { ...off, ...recreate }],
  ['init-path', { ...text, ...recreate }],
  ['insecure-registries', { ...texts, ...reload }],
  ['ip', { ...text, initial: '0.0.0.0' }],
  ['ip-forward', on],
  ['ip-forward-no-drop', { ...off, since: '28.0' }],
  ['ip-masq', on],
  ['ip6tables', flag],
  ['iptables', on],
  ['ipv6', off],
  ['labels', { ...texts, ...reload }],
  ['live-restore', { ...off, ...reload }],
  ['log-driver', { ...text, initial: 'json-file', ...recreate }],
  ['log-format', { ...text, initial: 'text', since: '25.0' }],
  ['log-level', { ...text, initial: 'info' }],
  ['log-opts', { kind: 'text map', ...recreate }],
  ['max-concurrent-downloads', { ...number, ...reload }],
  ['max-concurrent-uploads', { ...number, ...reload }],
  ['max-download-attempts', { ...number, ...reload }],
  ['metrics-addr', text],
  ['min-api-version', { ...text, since: '29.0' }],
  ['mtu', number],
  ['network-control-plane-mtu', number],
  ['network-diagnostic-port', { ...number, ...reload }],
  ['no-new-privileges', { ...off, ...recreate }],
  ['no-proxy', { ...text, since: '23.0' }],
  ['node-generic-resources', texts],
  ['nri-opts', { kind: 'map', since: '29.2', ...reload }],
  ['oom-score-adjust', { ...number, until: '26.0' }],
  ['pidfile', text],
  ['proxies', { kind: 'text map', since: '23.0' }],
  ['raw-logs', off],
  ['registry-mirrors', { ...texts, ...reload }],
  ['resolv-conf', { ...text, ...recreate }],
  ['rootless', off],
  ['runtimes', { kind: 'map', ...reload }],
  ['seccomp-profile', { ...text, ...recreate }],
  ['selinux-enabled', { ...off, ...recreate }],
  ['shutdown-timeout', { ...number, ...reload }],
  ['storage-driver', { ...text, hides: true }],
  ['storage-opts', texts],
  ['swarm-default-advertise-addr', text],
  ['swarm-raft-election-tick', number],
  ['swarm-raft-heartbeat-tick', number],
  ['tls', off],
  ['tlscacert', text],
  ['tlscert', text],
  ['tlskey', text],
  ['tlsverify', off],
  ['userland-proxy', on],
  ['userland-proxy-path', text],
  ['userns-remap', { ...text, initial: '', ...recreate, hides: true }],
]);

/** The newest version that the table was made from; of a newer dockerd's keys it says nothing. */
export const NEWEST_KNOWN = '29.7';

/** True when a version such as `20.10.24+dfsg1` is at least another one. */
export function isAtLeast(version: string, other: string): boolean {
  const [a, b] = [version, other].map((one) => one.split('.').map((part) => Number.parseInt(part, 10) || 0));
  for (let place = 0; place < 3; place += 1) {
    const difference = (a?.[place] ?? 0) - (b?.[place] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}
