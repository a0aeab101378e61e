/** A parameter's place under /proc/sys: the first separator of a name tells whether `.` or `/` divides it, as sysctl.d(5) says. */
export function sysctlPath(name: string): string {
  const first = /[./]/.exec(name)?.[0];
  return first === '.' ? name.replaceAll(/[./]/g, (separator) => (separator === '.' ? '/' : '.')) : name;
}

/** A value as it compares: the kernel puts tabs where people write spaces. */
export function sysctlValue(text: string): string {
  return text.trim().replaceAll(/\s+/g, ' ');
}

/** The path that tells whether the kernel module of a parameter is loaded; undefined for parameters that need none. */
export function moduleSign(path: string): string | undefined {
  return MODULES.find(({ keys }) => keys.test(path))?.sign;
}

/** What appears under /proc/sys when a module is loaded. */
export function signOfModule(module: string): string | undefined {
  return MODULES.find((entry) => entry.module === module.replaceAll('-', '_'))?.sign;
}

const MODULES = [
  { module: 'br_netfilter', keys: /^net\/bridge\//, sign: '/proc/sys/net/bridge' },
  { module: 'nf_conntrack', keys: /^net\/netfilter\/nf_conntrack/, sign: '/proc/sys/net/netfilter/nf_conntrack_max' },
] as const;

/** True for a value that the kernel keeps until the next boot, whatever is written afterwards. */
export function isOneWay(path: string, value: string): boolean {
  return ONE_WAY[path] === value;
}

const ONE_WAY: Readonly<Record<string, string>> = {
  'kernel/kexec_load_disabled': '1',
  'kernel/modules_disabled': '1',
  'kernel/unprivileged_bpf_disabled': '1',
  'kernel/yama/ptrace_scope': '3',
};

/** True where a wrong value can cut the network that the login uses. */
export function reachesTheNetwork(path: string): boolean {
  return /^net\/ipv[46]\/(ip_forward|conf\/.*\/(disable_ipv6|rp_filter|accept_ra|autoconf|forwarding|arp_\w+))$/.test(
    path,
  );
}

/** True for the switches that make the kernel reset other parameters of the network when they change. */
export function resetsOthers(path: string): boolean {
  return /^net\/ipv[46]\/(ip_forward|conf\/[^/]+\/forwarding)$/.test(path);
}
