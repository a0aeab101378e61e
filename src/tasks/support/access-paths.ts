/** What logging in and becoming root depend on; a trailing slash means everything below. */
const ACCESS_PATHS: readonly string[] = [
  '/etc/ssh/',
  '/etc/sudoers',
  '/etc/sudoers.d/',
  '/etc/sudo.conf',
  '/etc/pam.d/',
  '/etc/pam.conf',
  '/etc/security/',
  '/etc/passwd',
  '/etc/shadow',
  '/etc/group',
  '/etc/gshadow',
  '/etc/login.defs',
  '/etc/shells',
  '/etc/nologin',
  '/etc/nsswitch.conf',
  '/etc/hosts.deny',
  '/etc/hosts.allow',
  '/etc/ufw/',
  '/etc/default/ufw',
  '/etc/default/ssh',
  '/etc/iptables/',
  '/etc/nftables.conf',
  '/etc/network/',
  '/etc/netplan/',
  '/etc/systemd/network/',
  '/etc/NetworkManager/',
  '/etc/environment',
  '/etc/profile',
  '/etc/ld.so.preload',
  '/root/.ssh/',
];

const ACCESS_PATTERNS: readonly RegExp[] = [
  /\/authorized_keys2?$/,
  /\/\.ssh\/(?:rc|environment)$/,
  /^\/etc\/systemd\/system\/(?:.*\/)?(?:ssh|sshd|ufw|systemd-networkd|networking|NetworkManager|sudo)[^/]*(?:\/|$)/,
];

/** True where writing, changing or removing the path can keep somebody from logging in or from becoming root: also for a directory above such a path. */
export function touchesAccess(path: string): boolean {
  if (ACCESS_PATTERNS.some((pattern) => pattern.test(path))) return true;
  if (homeOrSsh.test(path)) return true;
  const below = path === '/' ? '/' : `${path}/`;
  return ACCESS_PATHS.some(
    (entry) => below === `${entry}/` || below.startsWith(withSlash(entry)) || entry.startsWith(below),
  );
}

// sshd ignores the keys of a home that others can write
const homeOrSsh = /^\/(?:home|root|home\/[^/]+|(?:root|home\/[^/]+)\/\.ssh)$/;

function withSlash(entry: string): string {
  return entry.endsWith('/') ? entry : `${entry}/`;
}
