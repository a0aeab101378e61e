import { readDockerHost } from '../../../src/audit/containers/read-host.ts';
import { containersResult } from '../../../src/audit/containers/run.ts';
import type { AuditCheck } from '../../../src/audit/result.ts';
import { ruleSettings } from '../../../src/audit/workload/settings.ts';
import type { WorkloadSettings } from '../../../src/engine/resolved-task.ts';

export const NOW = new Date('2026-06-01T00:00:00Z');
const IMAGE = `sha256:${'d3c9'.repeat(16)}`;
const APP_NETWORK = '78fb'.repeat(16);
const BRIDGE = '601d'.repeat(16);

type Json = Readonly<Record<string, unknown>>;

/** What may be said otherwise than of a container that is run well. */
export interface Otherwise {
  readonly id?: string;
  readonly name?: string;
  readonly image?: string;
  readonly top?: Json;
  readonly state?: Json;
  readonly config?: Json;
  readonly host?: Json;
  readonly network?: Json;
  readonly process?: Readonly<Record<string, string | undefined>>;
}

/** `docker inspect` of Docker 20.10.24 of a container that is run well, as far as it is judged, with what is said otherwise. */
export function inspected(other: Otherwise = {}): Json {
  return {
    Id: idOf(other),
    Created: '2026-05-01T10:31:40.755940799Z',
    State: { Status: 'running', Running: true, Pid: 408, Health: { Status: 'healthy', Log: [] }, ...other.state },
    Image: IMAGE,
    Name: `/${other.name ?? 'web'}`,
    AppArmorProfile: 'docker-default',
    HostConfig: {
      NetworkMode: 'app',
      PortBindings: { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '9090' }] },
      RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 5 },
      CapAdd: null,
      CapDrop: ['ALL'],
      CgroupnsMode: 'private',
      IpcMode: 'private',
      PidMode: '',
      Privileged: false,
      ReadonlyRootfs: true,
      SecurityOpt: ['no-new-privileges'],
      Tmpfs: { '/tmp': 'size=16m' },
      UTSMode: '',
      UsernsMode: '',
      CpuShares: 0,
      Memory: 67108864,
      NanoCpus: 500000000,
      CgroupParent: '',
      CpuQuota: 0,
      CpusetCpus: '',
      Devices: [],
      DeviceCgroupRules: null,
      PidsLimit: 50,
      Ulimits: [{ Name: 'nofile', Hard: 100, Soft: 100 }],
      ...other.host,
    },
    Mounts: [],
    Config: { User: '1000:1000', Env: ['PATH=/usr/bin'], Image: 'nginx:1.27.3', Labels: {}, ...other.config },
    NetworkSettings: {
      Ports: { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '9090' }] },
      Networks: { app: { NetworkID: APP_NETWORK } },
      ...other.network,
    },
    ...other.top,
  };
}

/** The script's output for these containers. */
export function hostOutput(others: readonly Otherwise[], sections: Readonly<Record<string, string>> = {}): string {
  const image = {
    Id: IMAGE,
    RepoTags: ['nginx:1.27.3'],
    RepoDigests: [`nginx@sha256:${'ab'.repeat(32)}`],
    Created: '2026-04-01T00:00:00Z',
  };
  const networks = [
    { Name: 'app', Id: APP_NETWORK, Driver: 'bridge', Options: {}, Containers: { [idOf({})]: { Name: 'web' } } },
    {
      Name: 'bridge',
      Id: BRIDGE,
      Driver: 'bridge',
      Options: {
        'com.docker.network.bridge.default_bridge': 'true',
        'com.docker.network.bridge.enable_icc': 'true',
        'com.docker.network.bridge.name': 'docker0',
      },
      Containers: {},
    },
  ];
  const all = {
    info: JSON.stringify({
      SecurityOptions: ['name=apparmor', 'name=seccomp,profile=default'],
      CgroupVersion: '2',
      Swarm: { LocalNodeState: 'inactive' },
    }),
    ids: others.map(idOf).join('\n'),
    containers: others.map((other) => `${IMAGE} ${JSON.stringify(inspected(other))}`).join('\n'),
    images: JSON.stringify(image),
    tags: JSON.stringify({ Repository: 'nginx', Tag: '1.27.3', ID: IMAGE }),
    networks: networks.map((network) => JSON.stringify(network)).join('\n'),
    processes: others.map(processLines).join('\n'),
    end: '',
    ...sections,
  };
  return Object.entries(all)
    .map(([name, text]) => `\0${name}\n${text}\n`)
    .join('');
}

export const bridge = { NetworkID: BRIDGE };

function processLines(other: Otherwise, index: number): string {
  const said: Readonly<Record<string, string | undefined>> = {
    Name: 'nginx',
    Uid: '1000\t1000\t1000\t1000',
    NoNewPrivs: '1',
    Seccomp: '2',
    ...other.process,
  };
  const pid = Number(other.state?.Pid ?? 408);
  const status = Object.entries(said)
    .filter(([key, value]) => value !== undefined && key !== 'sshd')
    .map(([key, value]) => `/proc/${pid}/status:${key}:\t${value}`);
  return [
    `/proc/${pid}/cgroup:${idOf(other)}`,
    ...(said.sshd ? [`/proc/9${index}/cgroup:${idOf(other)}`, `/proc/9${index}/status:Name:\t${said.sshd}`] : []),
    ...status,
    `/proc/${pid}/limits:Max open files            1024                 4096                 files     `,
  ].join('\n');
}

function idOf({ id }: Otherwise): string {
  return (id ?? 'a4').repeat(64).slice(0, 64);
}

/** All checks that the output comes to. */
export function checksOf(output: string, settings: WorkloadSettings = {}): readonly AuditCheck[] {
  const result = containersResult(readDockerHost(output), ruleSettings(settings, NOW));
  if (result.status !== 'done') throw new Error(result.reason);
  return result.results;
}

/** `RESULT severity details` of each check that is not PASS, by id; the remarks that every container has are left out. */
export function found(checks: readonly AuditCheck[]): Readonly<Record<string, string>> {
  const usual = new Set(['published-ports', 'image-digest']);
  return Object.fromEntries(
    checks
      .filter(({ id, result }) => result !== 'PASS' && !usual.has(id))
      .map(({ id, result, severity, details }) => [id, `${result} ${severity}: ${details}`]),
  );
}
