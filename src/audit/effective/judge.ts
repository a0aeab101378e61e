import type { AuditCheck, Fix } from '../result.ts';
import type { Effective } from './read.ts';

interface Rule {
  readonly title: string;
  readonly severity: AuditCheck['severity'];
  /** The check of docker-bench-security that asks the same. */
  readonly related: string;
  /** The key of daemon.json that should bring it about. */
  readonly key: string;
  /** True where the configuration asks for it: docker-bench-security, which reads that, is content. */
  configured(host: Effective): boolean;
  /** The configuration must ask for it, also where all containers happen to have it. */
  readonly required?: true;
  judge(host: Effective): Judgement;
  readonly remediation: string;
  readonly fix?: Fix;
  readonly risk: AuditCheck['risk'];
}

interface Judgement {
  /** What does not hold; undefined: it holds. */
  readonly wrong?: string | undefined;
  /** The containers that it does not hold for. */
  readonly containers?: readonly string[];
  /** Nobody can tell, and why. */
  readonly unknown?: string;
}

const RECREATE = 'What a container was made with stays with it: make it anew';

const RULES: Readonly<Record<string, Rule>> = {
  icc: {
    title: 'Containers on the default network cannot reach one another',
    severity: 'medium',
    related: '2.2',
    key: 'icc',
    configured: (host) => host.file.icc === false || flag(host, '--icc') === 'false',
    judge: ({ bridge, accepts }) => {
      if (!bridge) return {};
      if (bridge['com.docker.network.bridge.enable_icc'] !== 'false')
        return { wrong: 'docker network inspect bridge says enable_icc: true' };
      return accepts.length > 0 ? { wrong: `a firewall rule lets them: ${accepts[0]}` } : {};
    },
    remediation:
      'Stop the containers on the default network, restart Docker, and start them again; take an ACCEPT from docker0 to docker0 out of DOCKER-USER',
    fix: { kind: 'task', type: 'docker_daemon', params: { options: { icc: false } } },
    risk: 'restart',
  },
  'log-level': {
    title: 'dockerd does not log all that it debugs',
    severity: 'low',
    related: '2.3',
    key: 'debug',
    configured: (host) => host.file['log-level'] === undefined || host.file['log-level'] === 'info',
    judge: ({ info }) => (info.Debug ? { wrong: 'docker info says Debug: true, whatever log-level says' } : {}),
    remediation: 'Take debug out of daemon.json (and -D off the command line), and reload Docker',
    fix: { kind: 'task', type: 'docker_daemon', params: { remove: ['debug'] } },
    risk: 'none',
  },
  'insecure-registries': {
    title: 'No registry is trusted without a certificate',
    severity: 'high',
    related: '2.5',
    key: 'insecure-registries',
    configured: (host) =>
      !Array.isArray(host.file['insecure-registries']) || host.file['insecure-registries'].length === 0,
    judge: ({ info }) => {
      const names = Object.entries(info.Registries?.IndexConfigs ?? {}).filter(([, { Secure }]) => !Secure);
      // Docker itself trusts what is on this machine.
      const networks = (info.Registries?.InsecureRegistryCIDRs ?? [])
        .map(String)
        .filter((net) => !/^(127\.|::1)/.test(net));
      const insecure = [...names.map(([name]) => name), ...networks];
      return insecure.length > 0 ? { wrong: `docker info trusts ${insecure.join(', ')} without one` } : {};
    },
    remediation: 'Give the registry a certificate, take it out of insecure-registries, and reload Docker',
    fix: { kind: 'task', type: 'docker_daemon', params: { remove: ['insecure-registries'] } },
    risk: 'none',
  },
  'default-ulimits': {
    title: 'Containers have the limits that daemon.json gives',
    severity: 'low',
    related: '2.8',
    key: 'default-ulimits',
    configured: (host) => Object.keys(limits(host)).length > 0,
    judge: (host) => {
      const wanted = Object.keys(limits(host));
      return perContainer(host, 'have none of them', ({ ulimits }) => wanted.every((name) => ulimits.includes(name)));
    },
    remediation: RECREATE,
    risk: 'recreate',
  },
  'userns-remap': {
    title: 'Root of a container is nobody on the host',
    severity: 'medium',
    related: '2.9',
    key: 'userns-remap',
    configured: (host) => Boolean(host.file['userns-remap']) || flag(host, '--userns-remap') !== undefined,
    judge: ({ info }) =>
      hasOption(info.SecurityOptions, 'userns')
        ? {}
        : { wrong: 'docker info lists no user namespace among SecurityOptions' },
    remediation: 'Set userns-remap, which puts the images and containers of now out of sight, and restart Docker',
    fix: { kind: 'task', type: 'docker_daemon', params: { options: { 'userns-remap': 'default' } } },
    risk: 'data',
  },
  'log-driver': {
    title: "Containers' logs are kept in bounds",
    severity: 'low',
    related: '2.13',
    required: true,
    key: 'log-driver',
    configured: ({ info }) => info.LoggingDriver !== 'json-file',
    judge: (host) => perContainer(host, 'write json-file without a bound', ({ boundedLog }) => boundedLog),
    remediation: RECREATE,
    fix: { kind: 'docker-run', flag: '--log-driver local' },
    risk: 'recreate',
  },
  'no-new-privileges': {
    title: 'Processes of containers cannot gain privileges',
    severity: 'medium',
    related: '2.14',
    required: true,
    key: 'no-new-privileges',
    configured: (host) => host.file['no-new-privileges'] === true || flag(host, '--no-new-privileges') !== undefined,
    judge: (host) =>
      perContainer(host, 'have NoNewPrivs: 0 in /proc/PID/status', ({ noNewPrivileges }) => noNewPrivileges),
    remediation: RECREATE,
    fix: { kind: 'docker-run', flag: '--security-opt no-new-privileges:true' },
    risk: 'recreate',
  },
  'live-restore': {
    title: 'Containers live on while dockerd restarts',
    severity: 'low',
    related: '2.15',
    key: 'live-restore',
    configured: (host) => host.file['live-restore'] === true || flag(host, '--live-restore') !== undefined,
    judge: ({ info }) => {
      if (info.LiveRestoreEnabled) return {};
      return info.Swarm === 'active'
        ? { unknown: 'a node of a swarm cannot have it' }
        : { wrong: 'docker info says LiveRestoreEnabled: false' };
    },
    remediation: 'Set live-restore, and reload Docker',
    fix: { kind: 'task', type: 'docker_daemon', params: { options: { 'live-restore': true } } },
    risk: 'none',
  },
  'userland-proxy': {
    title: 'Published ports need no process of their own',
    severity: 'low',
    related: '2.16',
    required: true,
    key: 'userland-proxy',
    configured: (host) => host.file['userland-proxy'] === false || flag(host, '--userland-proxy') === 'false',
    judge: (host) => {
      const ports = host.proxies.flatMap((line) => /-host-port (\d+)/.exec(line)?.[1] ?? []);
      return host.proxies.length > 0 ? { wrong: `docker-proxy runs for port ${[...new Set(ports)].join(', ')}` } : {};
    },
    remediation: 'Set userland-proxy: false, and restart the containers that publish ports',
    fix: { kind: 'task', type: 'docker_daemon', params: { options: { 'userland-proxy': false } } },
    risk: 'restart',
  },
  seccomp: {
    title: 'Containers run under a seccomp filter',
    severity: 'high',
    related: '2.17',
    required: true,
    key: 'seccomp-profile',
    configured: ({ info }) => hasOption(info.SecurityOptions, 'seccomp'),
    judge: (host) =>
      perContainer(host, 'have Seccomp: 0 in /proc/PID/status', ({ seccomp }) =>
        seccomp === undefined ? undefined : seccomp === 2,
      ),
    remediation: 'Make the container anew without --privileged and without seccomp=unconfined',
    fix: { kind: 'docker-run', flag: '--security-opt seccomp=builtin' },
    risk: 'recreate',
  },
};

/** The ids of this audit: the keys of daemon.json that they are about. */
export const effectiveIds: readonly string[] = Object.keys(RULES);

/** Each setting of docker-bench-security's section 2 by its effect. */
export function judgeEffective(host: Effective): readonly AuditCheck[] {
  return Object.entries(RULES).map(([id, rule]) => toCheck(id, rule, host));
}

function toCheck(id: string, rule: Rule, host: Effective): AuditCheck {
  const { title, severity, related, key, remediation, fix, risk } = rule;
  const base = { id, title, severity, section: 'In effect', related: [related], field: key };
  const { wrong = next(rule, host), containers = [], unknown } = rule.judge(host);
  if (unknown !== undefined) return { ...base, result: 'SKIP', details: unknown };
  if (wrong === undefined) return { ...base, result: 'PASS' };
  const differs = rule.configured(host)
    ? `; docker-bench ${related} reads the configuration alone, and is content`
    : '';
  return {
    ...base,
    result: 'WARN',
    details: `${wrong}${differs}`,
    ...(containers.length > 0 ? { items: containers } : {}),
    remediation,
    ...(fix ? { fix: [fix] } : {}),
    effort: risk === 'recreate' ? 'medium' : risk === 'data' ? 'high' : 'low',
    risk,
  };
}

/** What is right by chance, or for want of containers, is wrong for the next one. */
function next(rule: Rule, host: Effective): string | undefined {
  return rule.required && !rule.configured(host) ? 'nothing sees to it for the next container' : undefined;
}

/** True, false or undefined (not to be told) of each container, as one judgement. */
function perContainer(
  host: Effective,
  lack: string,
  holds: (container: Effective['containers'][number]) => boolean | undefined,
): Judgement {
  const bad = host.containers.filter((container) => holds(container) === false).map(({ name }) => name);
  if (bad.length > 0)
    return {
      wrong: `${bad.length === 1 ? '1 container is wrong' : `${bad.length} containers are wrong`}: they ${lack}`,
      containers: bad,
    };
  const untold = host.containers.filter((container) => holds(container) === undefined).length + host.unreadable;
  return untold > 0 ? { unknown: `${untold} of the running containers could not be read` } : {};
}

function limits({ file }: Effective): Readonly<Record<string, unknown>> {
  const value = file['default-ulimits'];
  return value !== null && typeof value === 'object' ? (value as Record<string, unknown>) : {};
}

function hasOption(options: readonly string[], name: string): boolean {
  return options.some((option) => option.split(',').includes(`name=${name}`));
}

/** The value of a flag of the running dockerd: `true` where it stands alone. */
function flag({ flags }: Effective, name: string): string | undefined {
  const found = flags.findLast((each) => each === name || each.startsWith(`${name}=`));
  return found === undefined ? undefined : found === name ? 'true' : found.slice(name.length + 1);
}
