import type { CatalogueEntry, Mend } from './entry.ts';

function recreated(
  about: string,
  severity: CatalogueEntry['severity'],
  run: string,
  compose: string,
  more: Partial<CatalogueEntry> = {},
): CatalogueEntry {
  const mend: Mend = { by: 'container', run, compose };
  return { about, severity, mend, effort: 'medium', risk: 'recreate', scored: true, ...more };
}

function byHand(
  about: string,
  severity: CatalogueEntry['severity'],
  how: string,
  more: Partial<CatalogueEntry> = {},
): CatalogueEntry {
  return { about, severity, mend: { by: 'manual', how }, effort: 'medium', risk: 'recreate', scored: true, ...more };
}

/** Section 5: containers that run. A container is not altered, but made anew. */
export const runtime: Readonly<Record<string, CatalogueEntry>> = {
  '5.1': byHand(
    'the host is in no swarm that it does not need',
    'low',
    'docker swarm leave, where the swarm is not wanted',
    {
      risk: 'data',
    },
  ),
  '5.2': recreated(
    'containers are confined by AppArmor',
    'medium',
    '--security-opt apparmor=docker-default',
    'security_opt: ["apparmor=docker-default"]',
    { dishonest: 'Any profile but `unconfined` passes, also one that allows all.' },
  ),
  '5.3': recreated(
    'containers are confined by SELinux, where the host has it',
    'info',
    '--security-opt no-new-privileges:true',
    'security_opt: ["no-new-privileges:true"]',
    { dishonest: 'Any security option passes: Debian and Ubuntu have no SELinux to begin with.' },
  ),
  '5.4': recreated(
    'containers get no capability beyond those that Docker gives',
    'high',
    '--cap-drop ALL, without --cap-add',
    'cap_drop: [ALL] # without cap_add',
    {
      dishonest: 'It looks at added capabilities alone: a container that keeps all fourteen of Docker passes.',
    },
  ),
  '5.5': recreated('no container is privileged', 'high', '--privileged=false', 'privileged: false'),
  '5.6': recreated(
    'no container may write to a directory of the system',
    'high',
    '--volume name:/path',
    'volumes: ["name:/path"]',
    {
      dishonest: 'Only the directories themselves count (/etc, not /etc/cron.d), and only where they may be written.',
    },
  ),
  '5.7': byHand('no sshd runs in a container', 'medium', 'Take sshd out of the image; docker exec leads in'),
  '5.8': recreated(
    'no port below 1025 is published',
    'low',
    '--publish 127.0.0.1:8080:8080',
    'ports: ["127.0.0.1:8080:8080"]',
    {
      dishonest: 'A reverse proxy on 80 and 443 must fail it: accept it in a baseline.',
    },
  ),
  '5.9': byHand(
    'only ports that are needed are published',
    'info',
    'Any published port fails it: publish as few as can be, and accept those that are meant in a baseline',
  ),
  '5.10': recreated("no container has the host's network", 'high', '--network NETWORK', 'networks: [NETWORK]'),
  '5.11': recreated('memory of containers is limited', 'medium', '--memory 512m', 'mem_limit: 512m'),
  '5.12': recreated('processor time of containers is limited', 'low', '--cpus 1', 'cpus: 1'),
  '5.13': recreated(
    "containers' root file system is read-only",
    'medium',
    '--read-only --tmpfs /tmp',
    'read_only: true\ntmpfs: [/tmp]',
  ),
  '5.14': recreated(
    'ports are published on one address of the host',
    'medium',
    '--publish 127.0.0.1:8080:8080',
    'ports: ["127.0.0.1:8080:8080"]',
    { dishonest: 'A port that is published on every IPv6 address (`::`) alone passes.' },
  ),
  '5.15': recreated(
    'a container that fails is not restarted without end',
    'low',
    '--restart on-failure:5',
    'restart: "on-failure:5"',
    {
      dishonest: '`always` and `unless-stopped` pass: only a count above 5 fails.',
    },
  ),
  '5.16': recreated("no container sees the host's processes", 'high', '--pid ""', 'pid: ""'),
  '5.17': recreated("no container shares the host's memory segments", 'medium', '--ipc private', 'ipc: private'),
  '5.18': byHand(
    'no device of the host is given to a container',
    'medium',
    'Leave --device out, or narrow it: --device /dev/x:/dev/x:r',
    {
      scored: false,
    },
  ),
  '5.19': byHand('limits of containers are set where the default does not fit', 'info', '--ulimit nofile=1024:2048', {
    scored: false,
  }),
  '5.20': recreated(
    'no mount of a container reaches back to the host',
    'medium',
    '--volume /path:/path:rprivate',
    'volumes: ["/path:/path:rprivate"]',
  ),
  '5.21': recreated("no container shares the host's name", 'low', '--uts ""', 'uts: ""'),
  '5.22': recreated(
    'no container runs without seccomp',
    'high',
    // Docker 20.10, which Debian 12 has, takes `seccomp=builtin` for a file.
    'leave out --security-opt seccomp=unconfined',
    '# without seccomp:unconfined',
  ),
  '5.23': byHand(
    'docker exec is not used with --privileged',
    'info',
    'Look for it in the records of auditd: ausearch -k docker',
    {
      risk: 'none',
      scored: false,
    },
  ),
  '5.24': byHand(
    'docker exec is not used with --user root',
    'info',
    'Look for it in the records of auditd: ausearch -k docker',
    {
      risk: 'none',
      scored: false,
    },
  ),
  '5.25': recreated('no container is put into another cgroup', 'low', '--cgroup-parent ""', 'cgroup_parent: ""'),
  '5.26': recreated(
    'processes of containers cannot gain privileges',
    'medium',
    '--security-opt no-new-privileges:true',
    'security_opt: ["no-new-privileges:true"]',
    {
      dishonest:
        'With no-new-privileges in daemon.json all containers pass, also those that were made before and do not have it (NoNewPrivs in /proc/PID/status).',
    },
  ),
  '5.27': recreated(
    'the health of containers is checked',
    'low',
    '--health-cmd "CHECK" --health-interval 30s',
    'healthcheck: { test: ["CMD", "CHECK"], interval: 30s }',
    { dishonest: 'It asks whether there is a check, not what the check said: an unhealthy container passes.' },
  ),
  '5.28': byHand(
    'images are the newest of their name',
    'info',
    'Pin a digest, and let a robot raise it (renovate, dependabot)',
    {
      scored: false,
    },
  ),
  '5.29': recreated(
    'the number of processes in containers is limited',
    'medium',
    '--pids-limit 100',
    'pids_limit: 100',
  ),
  '5.30': byHand(
    "containers are on networks of their own, not on Docker's default",
    'low',
    'docker network create NAME, and --network NAME',
    {
      scored: false,
    },
  ),
  '5.31': recreated("no container turns the daemon's user namespaces off", 'medium', '--userns ""', 'userns_mode: ""'),
  '5.32': byHand(
    'no container holds the socket of Docker: it is root on the host',
    'high',
    'Take the mount out; where a program must ask Docker, put a proxy before the socket that allows the calls that it needs',
  ),
};
