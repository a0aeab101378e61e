import { imageName } from '../workload/image-name.ts';
import type { Maybe, Mount, Network, Port, Running, Tmpfs, Workload, WorkloadImage } from '../workload/workload.ts';
import type { Inspected } from './inspect.ts';
import type { DockerHost } from './read-host.ts';

/** A container as `docker inspect` and /proc describe it. */
export function toWorkload(container: Inspected, host: DockerHost): Workload {
  const { HostConfig: config, State: state } = container;
  const retries = config.RestartPolicy?.MaximumRetryCount ?? 0;
  return {
    subject: container.Name.replace(/^\//, ''),
    kind: 'container',
    image: imageOf(container, host),
    user: container.Config.User ?? '',
    privileged: config.Privileged,
    securityOpt: config.SecurityOpt ?? [],
    appArmorProfile: container.AppArmorProfile ?? '',
    capAdd: config.CapAdd ?? [],
    capDrop: config.CapDrop ?? [],
    readOnly: config.ReadonlyRootfs,
    tmpfs: Object.entries(config.Tmpfs ?? {}).map(toTmpfs),
    mounts: (container.Mounts ?? []).map(toMount),
    devices: (config.Devices ?? []).map(({ PathOnHost }) => ({ value: PathOnHost })),
    deviceRules: config.DeviceCgroupRules ?? [],
    networkMode: config.NetworkMode ?? '',
    networks: networksOf(container, host),
    ports: portsOf(container),
    memoryLimited: (config.Memory ?? 0) > 0,
    cpuLimited:
      [config.NanoCpus, config.CpuShares, config.CpuQuota].some((value) => (value ?? 0) > 0) ||
      Boolean(config.CpusetCpus),
    pidsLimit: config.PidsLimit ?? undefined,
    hasUlimits: (config.Ulimits ?? []).length > 0,
    pidMode: config.PidMode ?? '',
    ipcMode: config.IpcMode ?? '',
    utsMode: config.UTSMode ?? '',
    usernsMode: config.UsernsMode ?? '',
    cgroupnsMode: config.CgroupnsMode ?? '',
    cgroupParent: config.CgroupParent ?? '',
    health: healthOf(state.Health?.Status),
    restart: { policy: config.RestartPolicy?.Name ?? '', retries },
    environment: (container.Config.Env ?? []).map(toVariable),
    running: state.Running ? runningOf(container, host) : undefined,
    at: () => undefined,
  };
}

function healthOf(status: string | null | undefined): Workload['health'] {
  if (!status || status === 'none') return 'none';
  return status === 'unhealthy' ? 'unhealthy' : 'set';
}

function toTmpfs([path, options]: readonly [string, string]): Tmpfs {
  return { path, options: options.split(',') };
}

/** A named volume has its name, not the directory that Docker keeps it in. */
function toMount({
  Type,
  Source,
  Destination,
  RW,
  Propagation,
  ...more
}: NonNullable<Inspected['Mounts']>[number]): Mount {
  const source = Type === 'bind' || Type === undefined ? (Source ?? '') : String(more.Name ?? '');
  return { source, target: Destination, readOnly: !RW, propagation: Propagation ?? '' };
}

function toVariable(line: string): Workload['environment'][number] {
  const at = line.indexOf('=');
  return at < 0 ? { name: line, value: undefined } : { name: line.slice(0, at), value: line.slice(at + 1) };
}

/** What is bound while it runs, else what would be. */
function portsOf({ NetworkSettings, HostConfig, State }: Inspected): Port[] {
  const bound = (State.Running ? NetworkSettings?.Ports : HostConfig.PortBindings) ?? {};
  return Object.entries(bound).flatMap(([containerPort, places]) =>
    (places ?? []).map(({ HostIp, HostPort }) => ({ hostIp: HostIp ?? '', hostPort: HostPort ?? '', containerPort })),
  );
}

function networksOf({ NetworkSettings, Id }: Inspected, { networks }: DockerHost): Maybe<readonly Network[]> {
  const joined = Object.entries(NetworkSettings?.Networks ?? {});
  const found = joined.map(([name, { NetworkID }]) => ({
    name,
    network: networks.get(NetworkID ?? '') ?? [...networks.values()].find(({ Name }) => Name === name),
  }));
  const unread = found.find(({ network }) => network === undefined);
  if (unread) return { undecided: `docker network inspect did not describe ${unread.name}` };
  return found
    .filter(({ network }) => network?.Driver === 'bridge')
    .map(({ name, network }) => ({
      name,
      isDefaultBridge: network?.Options?.['com.docker.network.bridge.default_bridge'] === 'true' || name === 'bridge',
      icc: network?.Options?.['com.docker.network.bridge.enable_icc'] !== 'false',
      others: Object.entries(network?.Containers ?? {}).flatMap(([id, { Name }]) =>
        id === Id ? [] : [Name ?? id.slice(0, 12)],
      ),
    }));
}

function imageOf({ Config, Image }: Inspected, { images, tags }: DockerHost): WorkloadImage {
  const reference = Config.Image;
  const image = images.get(Image);
  if (!image) {
    const unread = { undecided: 'docker image inspect did not describe it' };
    return { reference, digests: unread, created: unread, moved: unread };
  }
  const name = fullName(reference);
  const own = (image.RepoTags ?? []).some((tag) => fullName(tag) === name);
  const other = tags.some(({ Repository, Tag, ID }) => ID !== Image && fullName(`${Repository}:${Tag}`) === name);
  return {
    reference,
    digests: image.RepoDigests ?? [],
    created: image.Created ?? '',
    moved: !own && other,
  };
}

function fullName(reference: string): string {
  const { registry, path, tag = 'latest', isId, digest } = imageName(reference);
  return isId || digest ? reference : `${registry}/${path}:${tag}`;
}

function runningOf({ Id, State }: Inspected, { processes, info }: DockerHost): Maybe<Running> {
  const status = processes?.statuses.get(State.Pid ?? 0);
  if (!processes || status?.uid === undefined) return { undecided: 'its processes could not be read from /proc' };
  const pids = processes.ofContainer.get(Id) ?? [];
  const options = info?.SecurityOptions ?? [];
  const has = (name: string) => options.some((option) => option.split(',').includes(`name=${name}`));
  return {
    uid: status.uid,
    noNewPrivileges: status.noNewPrivileges ?? false,
    seccomp: status.seccomp ?? 0,
    openFiles: status.openFiles,
    sshd: pids.filter((pid) => /^sshd(-session|-auth)?$/.test(processes.statuses.get(pid)?.name ?? '')).length,
    host: {
      appArmor: info === undefined || has('apparmor'),
      usernsRemap: has('userns'),
      cgroupVersion: info?.CgroupVersion ?? undefined,
    },
  };
}
