import type { CatalogueEntry, Mend } from './entry.ts';

type Options = Extract<Mend, { by: 'daemon' }>['options'];

function option(about: string, severity: CatalogueEntry['severity'], options: NonNullable<Options>): CatalogueEntry {
  return { about, severity, mend: { by: 'daemon', options }, effort: 'low', risk: 'restart', scored: true };
}

function removed(about: string, severity: CatalogueEntry['severity'], key: string): CatalogueEntry {
  return { about, severity, mend: { by: 'daemon', remove: [key] }, effort: 'low', risk: 'restart', scored: true };
}

const FROM_FILE = 'It reads daemon.json and the command line of dockerd, not what is in force';

/** Section 2: how dockerd is set. */
export const daemon: Readonly<Record<string, CatalogueEntry>> = {
  '2.1': {
    about: 'dockerd runs without root, where that is possible',
    severity: 'info',
    mend: {
      by: 'manual',
      how: 'Rootless Docker is another installation with its own limits (networks, ports, storage): decide for it before the host has data',
    },
    effort: 'high',
    risk: 'data',
    scored: false,
  },
  '2.2': {
    ...option('containers on the default network cannot reach one another', 'medium', { icc: false }),
    dishonest: `${FROM_FILE}: with containers that live-restore kept running, docker0 stays open until they are stopped and Docker is restarted (\`docker network inspect bridge\`).`,
  },
  '2.3': option('dockerd logs at level info', 'low', { 'log-level': 'info' }),
  '2.4': removed('Docker manages the firewall rules that its networks need', 'medium', 'iptables'),
  '2.5': {
    ...removed('images come only from registries whose certificates hold', 'high', 'insecure-registries'),
    dishonest: 'Run by dash instead of bash, it passes whatever is set; harden runs it with bash.',
  },
  '2.6': {
    about: 'the storage driver is not aufs, which is dead',
    severity: 'medium',
    mend: { by: 'manual', how: 'Save images and volumes, set storage-driver to overlay2, and load them again' },
    effort: 'high',
    risk: 'data',
    scored: true,
  },
  '2.7': {
    about: 'a dockerd that listens on TCP asks for a certificate',
    severity: 'high',
    mend: {
      by: 'manual',
      how: 'Stop listening on TCP and use ssh:// (DOCKER_HOST=ssh://user@host); where TCP must be, set tlsverify, tlscacert, tlscert and tlskey',
    },
    effort: 'medium',
    risk: 'restart',
    scored: true,
    dishonest:
      'Without TCP it is INFO and gives no point, though that is the safest of all. With jq on the host it misses a tlsverify that is set.',
  },
  '2.8': {
    about: 'containers have limits for open files and the like unless they bring their own',
    severity: 'low',
    mend: { by: 'daemon', options: { 'default-ulimits': { nofile: { Name: 'nofile', Soft: 16384, Hard: 16384 } } } },
    effort: 'low',
    risk: 'restart',
    scored: false,
  },
  '2.9': {
    about: 'root of a container is nobody on the host (user namespaces)',
    severity: 'medium',
    mend: { by: 'daemon', options: { 'userns-remap': 'default' } },
    effort: 'high',
    risk: 'data',
    scored: true,
  },
  '2.10': removed('no cgroup is set for all containers', 'low', 'cgroup-parent'),
  '2.11': {
    about: 'the size of base devices is left alone',
    severity: 'low',
    mend: { by: 'manual', how: 'Take dm.basesize out of storage-opts; devicemapper itself is gone from Docker 25 on' },
    effort: 'medium',
    risk: 'data',
    scored: true,
  },
  '2.12': {
    about: 'a plugin decides who may do what with the Docker API',
    severity: 'low',
    mend: {
      by: 'declined',
      why: 'It needs an authorization plugin of your own choice: a name without the plugin keeps dockerd from starting. Keep the group docker small instead (1.1.2)',
    },
    effort: 'high',
    risk: 'restart',
    scored: true,
  },
  '2.13': {
    ...option("containers' logs are kept in bounds, and away from the host", 'low', { 'log-driver': 'local' }),
    dishonest:
      'Any driver but json-file passes. `local` bounds and compresses the logs, yet they stay on the host: only a remote driver (syslog, fluentd, gelf…) keeps them from whoever takes it over.',
  },
  '2.14': {
    ...option('processes in containers cannot gain privileges, by setuid files for one', 'medium', {
      'no-new-privileges': true,
    }),
    dishonest: `${FROM_FILE}: containers made before keep what they were made with, and 5.26 passes for them too.`,
  },
  '2.15': option('containers live on while dockerd restarts', 'low', { 'live-restore': true }),
  '2.16': {
    ...option('published ports need no process of their own', 'low', { 'userland-proxy': false }),
    dishonest: `${FROM_FILE}: a container that live-restore kept has its docker-proxy until it is restarted.`,
  },
  '2.17': {
    about: "containers run under Docker's own seccomp profile, or one that you chose",
    severity: 'info',
    mend: { by: 'manual', how: 'Where no profile was meant, take seccomp-profile out of daemon.json' },
    effort: 'low',
    risk: 'restart',
    scored: false,
  },
  '2.18': {
    about: 'experimental features are off (only Docker up to 19.03 is asked)',
    severity: 'low',
    mend: { by: 'daemon', remove: ['experimental'] },
    effort: 'low',
    risk: 'restart',
    scored: true,
  },
};
