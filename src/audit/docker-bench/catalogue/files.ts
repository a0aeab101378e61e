import type { CatalogueEntry, HostFile } from './entry.ts';

function owned(file: HostFile, name: string, severity: CatalogueEntry['severity'] = 'medium'): CatalogueEntry {
  return {
    about: `${name} belongs to root`,
    severity,
    mend: { by: 'file', file, owner: 'root' },
    effort: 'low',
    risk: 'none',
    scored: true,
  };
}

const COMPARED =
  'Modes are compared as decimal numbers, not bit by bit: 0446, which everyone may write, is "less" than 0644.';

function mode(
  file: HostFile,
  name: string,
  mode: string,
  severity: CatalogueEntry['severity'] = 'medium',
): CatalogueEntry {
  return {
    about: `${name} has the mode ${mode} or less`,
    severity,
    mend: { by: 'file', file, mode },
    effort: 'low',
    risk: 'none',
    scored: true,
    dishonest: COMPARED,
  };
}

function socket(about: string, how: string): CatalogueEntry {
  return { about, severity: 'high', mend: { by: 'manual', how }, effort: 'low', risk: 'restart', scored: true };
}

const EMPTY_CERTS = 'An empty /etc/docker/certs.d passes too: harden makes no directory for the sake of a point.';
const CERTS =
  'chown -R root:root /etc/docker/certs.d; find /etc/docker/certs.d -type f -name "*.crt" -exec chmod 0444 {} +';
const SOCKET =
  'SocketUser=root, SocketGroup=docker and SocketMode=0660 belong in docker.socket: look for a drop-in that says otherwise (systemctl cat docker.socket)';
const CONTAINERD =
  'containerd gives its socket uid, gid (0) and the mode 0660 by itself: look at [grpc] in /etc/containerd/config.toml';

/** Section 3: files and sockets of Docker. */
export const files: Readonly<Record<string, CatalogueEntry>> = {
  '3.1': owned({ unit: 'docker.service' }, 'docker.service', 'high'),
  '3.2': mode({ unit: 'docker.service' }, 'docker.service', '0644', 'high'),
  '3.3': owned({ unit: 'docker.socket' }, 'docker.socket', 'high'),
  '3.4': mode({ unit: 'docker.socket' }, 'docker.socket', '0644', 'high'),
  '3.5': owned({ path: '/etc/docker' }, '/etc/docker', 'high'),
  '3.6': mode({ path: '/etc/docker' }, '/etc/docker', '0755', 'high'),
  '3.7': {
    about: "registries' certificates belong to root",
    severity: 'medium',
    mend: { by: 'manual', how: CERTS },
    effort: 'low',
    risk: 'none',
    scored: true,
    dishonest: EMPTY_CERTS,
  },
  '3.8': {
    about: "registries' certificates have the mode 0444 or less",
    severity: 'low',
    mend: { by: 'manual', how: CERTS },
    effort: 'low',
    risk: 'none',
    scored: true,
    dishonest: EMPTY_CERTS,
  },
  '3.9': owned({ daemonKey: 'tlscacert' }, "the authority's certificate"),
  '3.10': mode({ daemonKey: 'tlscacert' }, "the authority's certificate", '0444'),
  '3.11': owned({ daemonKey: 'tlscert' }, "dockerd's certificate"),
  '3.12': mode({ daemonKey: 'tlscert' }, "dockerd's certificate", '0444'),
  '3.13': owned({ daemonKey: 'tlskey' }, "dockerd's private key", 'high'),
  '3.14': mode({ daemonKey: 'tlskey' }, "dockerd's private key", '0400', 'high'),
  '3.15': socket('the socket of Docker belongs to root, and to the group docker', SOCKET),
  '3.16': socket('the socket of Docker has the mode 0660 or less', SOCKET),
  '3.17': owned({ path: '/etc/docker/daemon.json' }, 'daemon.json', 'high'),
  '3.18': mode({ path: '/etc/docker/daemon.json' }, 'daemon.json', '0644', 'high'),
  '3.19': owned({ path: '/etc/default/docker' }, '/etc/default/docker', 'high'),
  '3.20': mode({ path: '/etc/default/docker' }, '/etc/default/docker', '0644', 'high'),
  '3.21': mode({ path: '/etc/sysconfig/docker' }, '/etc/sysconfig/docker', '0644'),
  '3.22': owned({ path: '/etc/sysconfig/docker' }, '/etc/sysconfig/docker'),
  '3.23': socket('the socket of containerd belongs to root', CONTAINERD),
  '3.24': socket('the socket of containerd has the mode 0660 or less', CONTAINERD),
};
