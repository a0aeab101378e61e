import type { Inspected } from '../containers/inspect.ts';
import { toWorkload } from '../containers/to-workload.ts';
import { DEFAULT_CAPABILITIES } from '../workload/capabilities.ts';
import { liveOf, type Workload } from '../workload/workload.ts';
import { type CisFinding, type CisFindings, info, note, PASS, warn } from './finding.ts';
import type { CisHost } from './read.ts';

/** What is wrong with a container; undefined: nothing. */
type Question = (container: Inspected, workload: Workload, host: CisHost) => string | undefined;

const SENSITIVE = /^\/(?:$|(?:boot|dev|etc|lib|lib64|proc|sys|usr)(?:\/|$))/;

const QUESTIONS: Readonly<Record<string, Question>> = {
  '5.2': ({ AppArmorProfile }) =>
    !AppArmorProfile || AppArmorProfile === 'unconfined' ? 'no AppArmor profile' : undefined,
  '5.4': ({ HostConfig }) => {
    const more = (HostConfig.CapAdd ?? []).map((name) => name.toUpperCase().replace(/^CAP_/, ''));
    const beyond = more.filter((name) => !DEFAULT_CAPABILITIES.has(name));
    return beyond.length > 0 ? beyond.join(', ') : undefined;
  },
  '5.5': ({ HostConfig }) => (HostConfig.Privileged ? 'privileged' : undefined),
  '5.6': ({ Mounts }) =>
    (Mounts ?? []).find(({ Type, Source, RW }) => Type === 'bind' && RW && SENSITIVE.test(Source ?? ''))?.Source ??
    undefined,
  '5.7': (_, workload) => ((liveOf(workload)?.sshd ?? 0) > 0 ? 'sshd runs in it' : undefined),
  '5.8': (_, { ports }) => portsWhere(ports, (port) => port < 1024),
  '5.10': ({ HostConfig }) => (HostConfig.NetworkMode === 'host' ? "the host's network" : undefined),
  '5.11': (_, { memoryLimited }) => (memoryLimited ? undefined : 'no limit'),
  '5.12': (_, { cpuLimited }) => (cpuLimited ? undefined : 'no limit'),
  '5.13': ({ HostConfig }) => (HostConfig.ReadonlyRootfs ? undefined : 'may be written'),
  '5.14': (_, { ports }) =>
    ports.map(({ hostIp }) => String(hostIp)).find((ip) => ip === '' || ip === '0.0.0.0' || ip === '::'),
  '5.15': ({ HostConfig: { RestartPolicy: policy } }) => {
    if (policy?.Name === 'always' || policy?.Name === 'unless-stopped') return `${policy.Name}, without an end`;
    return (policy?.MaximumRetryCount ?? 0) > 5 ? `${policy?.MaximumRetryCount} tries` : undefined;
  },
  '5.16': ({ HostConfig }) => (HostConfig.PidMode === 'host' ? "the host's processes" : undefined),
  '5.17': ({ HostConfig }) => (HostConfig.IpcMode === 'host' ? "the host's memory segments" : undefined),
  '5.18': ({ HostConfig }) => HostConfig.Devices?.map(({ PathOnHost }) => PathOnHost).join(', ') || undefined,
  '5.19': (_, { hasUlimits }) => (hasUlimits ? undefined : 'none of its own'),
  '5.20': ({ Mounts }) => (Mounts ?? []).find(({ Propagation }) => /shared$/.test(Propagation ?? ''))?.Destination,
  '5.21': ({ HostConfig }) => (HostConfig.UTSMode === 'host' ? "the host's name" : undefined),
  '5.22': ({ HostConfig }, workload) => {
    if ((HostConfig.SecurityOpt ?? []).some((option) => /^seccomp[:=]unconfined$/.test(option))) return 'unconfined';
    return liveOf(workload)?.seccomp === 0 ? 'the kernel says Seccomp: 0' : undefined;
  },
  '5.25': ({ HostConfig }) => HostConfig.CgroupParent || undefined,
  '5.26': (_, workload) => (liveOf(workload)?.noNewPrivileges ? undefined : 'the kernel says NoNewPrivs: 0'),
  '5.27': (_, { health }) => (health === 'none' ? 'no check' : undefined),
  '5.29': (_, { pidsLimit }) => (typeof pidsLimit === 'number' && pidsLimit > 0 ? undefined : 'no limit'),
  '5.30': (_, { networks }) =>
    Array.isArray(networks) && networks.some(({ isDefaultBridge }) => isDefaultBridge) ? 'in docker0' : undefined,
  '5.31': ({ HostConfig }) => (HostConfig.UsernsMode === 'host' ? 'no user namespace' : undefined),
  '5.32': ({ Mounts }) => (Mounts ?? []).find(({ Source }) => /docker\.sock$/.test(Source ?? ''))?.Source ?? undefined,
};

/** Checks whose finding is for a person to read, and no fault by itself. */
const REMARKS = ['5.18', '5.19', '5.30'];

/** Section 5: each running container, by what Docker and the kernel say of it; without one, only 5.1 is asked. */
export function runtimeFindings(host: CisHost): CisFindings {
  const { containers } = host.docker;
  const state = host.docker.info?.Swarm?.LocalNodeState ?? '';
  const swarm = { '5.1': state === '' || state === 'inactive' ? PASS : warn(`swarm mode is ${state}: is it used?`) };
  if (containers.length === 0) return swarm;
  const workloads = containers.map((container) => ({ container, workload: toWorkload(container, host.docker) }));
  const answers = Object.entries(QUESTIONS).map(([id, ask]): [string, CisFinding] => {
    const items = workloads.flatMap(({ container, workload }) => {
      const wrong = ask(container, workload, host);
      return wrong === undefined ? [] : [`${workload.subject}: ${wrong}`];
    });
    if (items.length === 0) return [id, PASS];
    const count = `${items.length} of ${containers.length} containers`;
    return [id, REMARKS.includes(id) ? info(count, items) : warn(count, items)];
  });
  const published = workloads.flatMap(({ workload }) => {
    const ports = portsWhere(workload.ports, () => true);
    return ports === undefined ? [] : [`${workload.subject}: ${ports}`];
  });
  return {
    ...swarm,
    ...Object.fromEntries(answers),
    '5.3': selinux(host),
    '5.9': published.length > 0 ? info('which of these are needed is for a person to say', published) : PASS,
    '5.23': note('docker exec leaves no trace in Docker: rules of auditd for the docker command do'),
    '5.24': note('docker exec leaves no trace in Docker: rules of auditd for the docker command do'),
    '5.28': info('docker compose pull, or docker pull, says whether there is a newer image'),
  };
}

function selinux({ docker }: CisHost): CisFinding {
  const has = (docker.info?.SecurityOptions ?? []).some((option) => option.split(',').includes('name=selinux'));
  if (!has) return info('this host has no SELinux; AppArmor is asked for in 5.2');
  const bare = docker.containers.filter(
    ({ HostConfig }) => !(HostConfig.SecurityOpt ?? []).some((option) => option.startsWith('label')),
  );
  return bare.length > 0
    ? warn(
        'these have no SELinux label of their own',
        bare.map(({ Name }) => Name.replace(/^\//, '')),
      )
    : PASS;
}

function portsWhere(ports: Workload['ports'], test: (port: number) => boolean): string | undefined {
  const found = ports.map(({ hostPort }) => Number(hostPort)).filter((port) => port > 0 && test(port));
  return found.length > 0 ? [...new Set(found)].join(', ') : undefined;
}
