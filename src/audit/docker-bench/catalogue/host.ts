import type { CatalogueEntry, HostFile } from './entry.ts';

function watched(file: HostFile, name: string): CatalogueEntry {
  return {
    about: `auditd records who touches ${name}`,
    severity: 'low',
    mend: { by: 'watch', file },
    effort: 'low',
    risk: 'none',
    scored: true,
    dishonest:
      'The rules that the kernel has are searched for the path as a piece of text: a rule for a longer path that begins alike passes as well. And a rule that is loaded now may be missing after the next boot, where the directory that it watches does not exist yet.',
  };
}

function watchedPath(path: string): CatalogueEntry {
  return watched({ path }, path);
}

/** Section 1: the host. */
export const host: Readonly<Record<string, CatalogueEntry>> = {
  '1.1.1': {
    about: 'Docker keeps its data on a file system of its own, so that containers cannot fill up the root file system',
    severity: 'low',
    mend: {
      by: 'manual',
      how: 'Give the host a second disk, stop docker and docker.socket, copy /var/lib/docker to it, and mount it there with a mount task',
    },
    effort: 'high',
    risk: 'data',
    scored: true,
    dishonest: 'Any mount counts, also a bind mount of the same file system.',
  },
  '1.1.2': {
    about: 'nobody is in the group docker who may not be root: the group is as good as root',
    severity: 'high',
    mend: {
      by: 'manual',
      how: 'Take out who does not belong there (user task: groups without docker, append: false), and name the rest in trusted_users (--trusted-users): only then is the check scored',
    },
    effort: 'low',
    risk: 'none',
    scored: true,
    dishonest: 'It compares by pieces of text: the trusted user admin makes a user adm trusted too.',
  },
  '1.1.3': watchedPath('/usr/bin/dockerd'),
  '1.1.4': watchedPath('/run/containerd'),
  '1.1.5': watchedPath('/var/lib/docker'),
  '1.1.6': watchedPath('/etc/docker'),
  '1.1.7': watched({ unit: 'docker.service' }, 'docker.service'),
  '1.1.8': watched({ unit: 'containerd.sock' }, 'the socket of containerd'),
  '1.1.9': watched({ unit: 'docker.socket' }, 'docker.socket'),
  '1.1.10': watchedPath('/etc/default/docker'),
  '1.1.11': watchedPath('/etc/docker/daemon.json'),
  '1.1.12': watchedPath('/etc/containerd/config.toml'),
  '1.1.13': watchedPath('/etc/sysconfig/docker'),
  '1.1.14': watchedPath('/usr/bin/containerd'),
  '1.1.15': watchedPath('/usr/bin/containerd-shim'),
  '1.1.16': watchedPath('/usr/bin/containerd-shim-runc-v1'),
  '1.1.17': watchedPath('/usr/bin/containerd-shim-runc-v2'),
  '1.1.18': watchedPath('/usr/bin/runc'),
  '1.2.1': {
    about: 'the host itself is hardened',
    severity: 'info',
    mend: { by: 'manual', how: 'Apply a playbook to it, such as the docker-host.yml that `harden init` writes' },
    effort: 'medium',
    risk: 'none',
    scored: false,
  },
  '1.2.2': {
    about: 'Docker is up to date',
    severity: 'info',
    mend: {
      by: 'manual',
      how: 'Let security updates install themselves (unattended_upgrades); for packages of docker.com, name their origin there',
    },
    effort: 'low',
    risk: 'restart',
    scored: false,
    dishonest:
      'It compares with a version number made of the date, which Docker does not use: the answer says nothing.',
  },
};
