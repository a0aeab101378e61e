import type { Facts } from '../remote/facts.ts';

/** What a freshly installed Debian 12 says of itself: stands for a host where none is known. */
export const typicalFacts: Facts = {
  hostname: 'host',
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
  ssh: { client: '192.0.2.1', address: '192.0.2.2', port: 22 },
};
