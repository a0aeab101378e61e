import type { Facts } from '../../src/remote/facts.ts';

/** What a plain Debian 12 host tells of itself to a login as root over SSH. */
export const debian12Facts: Facts = {
  hostname: 'deb12',
  os: { id: 'debian', version: '12', codename: 'bookworm', like: [], name: 'Debian GNU/Linux 12 (bookworm)' },
  kernel: '6.1.0-37-amd64',
  arch: 'x86_64',
  systemd: true,
  virtualization: 'kvm',
  container: false,
  audit: true,
  apparmor: true,
  yama: true,
  apt: true,
  login: 'root',
  ssh: { client: '192.0.2.10', address: '192.0.2.20', port: 22 },
};

/** What a plain Debian 13 host tells of itself to a login as root over SSH. */
export const debian13Facts: Facts = {
  ...debian12Facts,
  hostname: 'deb13',
  os: { id: 'debian', version: '13', codename: 'trixie', like: [], name: 'Debian GNU/Linux 13 (trixie)' },
  kernel: '6.12.43+deb13-amd64',
};

/** What an Ubuntu 24.04 host tells of itself to a login as `ubuntu`, who became root with sudo. */
export const ubuntu2404Facts: Facts = {
  ...debian12Facts,
  hostname: 'noble',
  os: { id: 'ubuntu', version: '24.04', codename: 'noble', like: ['debian'], name: 'Ubuntu 24.04.3 LTS' },
  kernel: '6.8.0-79-generic',
  login: 'ubuntu',
};
