/** A value that cannot be known from what was read; the text says who decides it. */
export interface Undecided {
  readonly undecided: string;
}

export type Maybe<T> = T | Undecided;

/** What is asked of a container, whether it was read from a running one or from a compose file. */
export interface Workload {
  /** The container's or the service's name. */
  readonly subject: string;
  readonly kind: 'container' | 'service';
  readonly image: WorkloadImage;
  /** Undefined: nobody says, and the image decides. */
  readonly user: Maybe<string> | undefined;
  readonly privileged: Maybe<boolean>;
  /** What its build, and commands beside its own, may do: of a file alone. */
  readonly extras?: readonly Located<Maybe<string>>[] | undefined;
  readonly securityOpt: readonly Maybe<string>[];
  /** The profile that Docker gave it; undefined where that cannot be seen. */
  readonly appArmorProfile?: string | undefined;
  readonly capAdd: readonly Maybe<string>[];
  readonly capDrop: readonly Maybe<string>[];
  readonly readOnly: Maybe<boolean>;
  readonly tmpfs: readonly Tmpfs[];
  readonly mounts: readonly Mount[];
  readonly devices: readonly Located<Maybe<string>>[];
  readonly deviceRules: readonly string[];
  readonly networkMode: Maybe<string>;
  readonly networks: Maybe<readonly Network[]>;
  readonly ports: readonly Port[];
  readonly memoryLimited: Maybe<boolean>;
  readonly cpuLimited: Maybe<boolean>;
  /** Undefined, 0 and -1: no limit. */
  readonly pidsLimit: Maybe<number> | undefined;
  readonly hasUlimits: boolean;
  readonly pidMode: Maybe<string>;
  readonly ipcMode: Maybe<string>;
  readonly utsMode: Maybe<string>;
  readonly usernsMode: Maybe<string>;
  readonly cgroupnsMode: Maybe<string>;
  readonly cgroupParent: Maybe<string>;
  /** `none`: nothing checks it; `set`: something does; else what the check last said. */
  readonly health: 'none' | 'set' | 'unhealthy';
  readonly restart: Maybe<{ readonly policy: string; readonly retries: number }>;
  readonly environment: readonly Variable[];
  /** What its build is given: of a file alone. */
  readonly buildArgs?: readonly Variable[] | undefined;
  /** What the kernel says of it; undefined: it does not run. */
  readonly running?: Maybe<Running> | undefined;
  /** Where each field is said, for a file; fields that are not said are at the service. */
  at(field: Field): string | undefined;
}

export interface Located<T> {
  readonly value: T;
  readonly at?: string | undefined;
}

export interface WorkloadImage {
  /** As the operator wrote it; undefined: it is built, and has no name. */
  readonly reference: Maybe<string> | undefined;
  /** `repository@sha256:…` of each registry that it came from; undefined: not known here. */
  readonly digests?: Maybe<readonly string[]> | undefined;
  /** ISO 8601; undefined: not known here. */
  readonly created?: Maybe<string> | undefined;
  /** On this host the name stands for another image by now. */
  readonly moved?: Maybe<boolean> | undefined;
  /** The image is built from a Dockerfile beside the compose file. */
  readonly built?: boolean | undefined;
}

export interface Tmpfs {
  readonly path: string;
  readonly options: readonly string[];
  readonly at?: string | undefined;
}

export interface Mount {
  /** A path of the host, with links followed; else the name of a volume. */
  readonly source: Maybe<string>;
  /** As the file has it, where that is something else. */
  readonly written?: string | undefined;
  /** Where it is below the home of whoever starts it; empty: all of it. */
  readonly home?: string | undefined;
  readonly target: string;
  readonly readOnly: boolean;
  readonly propagation: string;
  readonly at?: string | undefined;
}

export interface Port {
  /** An address of the host; empty: all of them. */
  readonly hostIp: Maybe<string>;
  /** Text, for it may be a range; empty: Docker chooses. */
  readonly hostPort: Maybe<string>;
  /** `80/tcp`. */
  readonly containerPort: string;
  readonly at?: string | undefined;
}

export interface Network {
  readonly name: string;
  /** Docker's own `bridge` (docker0), which everything joins that names no network. */
  readonly isDefaultBridge: boolean;
  /** Containers in it may talk to each other on all ports. */
  readonly icc: boolean;
  /** The other containers in it. */
  readonly others: readonly string[];
}

export interface Variable {
  readonly name: string;
  /** Undefined: taken from elsewhere. MUST NOT be shown. */
  readonly value: Maybe<string> | undefined;
  readonly at?: string | undefined;
}

/** The kernel's word on the container's first process. */
export interface Running {
  /** As the host sees it: with userns-remap, root in the container is another number here. */
  readonly uid: number;
  readonly noNewPrivileges: boolean;
  /** 0: no filter. */
  readonly seccomp: number;
  /** Processes of the container that are called sshd. */
  readonly sshd: number;
  /** The soft limit on open files, as /proc says it; undefined: not read. */
  readonly openFiles?: string | undefined;
  readonly host: HostDefaults;
}

/** What the daemon and the kernel of the host give to every container. */
export interface HostDefaults {
  readonly appArmor: boolean;
  readonly usernsRemap: boolean;
  /** `1` or `2`; undefined: the daemon does not say. */
  readonly cgroupVersion?: string | undefined;
}

/** Each field as `docker inspect` and as a compose file calls it. */
export const FIELDS = {
  image: ['.Config.Image', 'image'],
  digests: ['.Image', 'image'],
  created: ['.Image', 'image'],
  user: ['.Config.User', 'user'],
  privileged: ['.HostConfig.Privileged', 'privileged'],
  extras: ['.HostConfig.Privileged', 'build'],
  securityOpt: ['.HostConfig.SecurityOpt', 'security_opt'],
  appArmorProfile: ['.AppArmorProfile', 'security_opt'],
  capAdd: ['.HostConfig.CapAdd', 'cap_add'],
  capDrop: ['.HostConfig.CapDrop', 'cap_drop'],
  readOnly: ['.HostConfig.ReadonlyRootfs', 'read_only'],
  tmpfs: ['.HostConfig.Tmpfs', 'tmpfs'],
  mounts: ['.Mounts', 'volumes'],
  devices: ['.HostConfig.Devices', 'devices'],
  deviceRules: ['.HostConfig.DeviceCgroupRules', 'device_cgroup_rules'],
  networkMode: ['.HostConfig.NetworkMode', 'network_mode'],
  networks: ['.NetworkSettings.Networks', 'networks'],
  ports: ['.NetworkSettings.Ports', 'ports'],
  memory: ['.HostConfig.Memory', 'mem_limit'],
  cpu: ['.HostConfig.NanoCpus', 'cpus'],
  pidsLimit: ['.HostConfig.PidsLimit', 'pids_limit'],
  ulimits: ['.HostConfig.Ulimits', 'ulimits'],
  pidMode: ['.HostConfig.PidMode', 'pid'],
  ipcMode: ['.HostConfig.IpcMode', 'ipc'],
  utsMode: ['.HostConfig.UTSMode', 'uts'],
  usernsMode: ['.HostConfig.UsernsMode', 'userns_mode'],
  cgroupnsMode: ['.HostConfig.CgroupnsMode', 'cgroup'],
  cgroupParent: ['.HostConfig.CgroupParent', 'cgroup_parent'],
  health: ['.State.Health', 'healthcheck'],
  restart: ['.HostConfig.RestartPolicy', 'restart'],
  environment: ['.Config.Env', 'environment'],
  processes: ['/proc', 'command'],
} as const satisfies Record<string, readonly [inspect: string, compose: string]>;

export type Field = keyof typeof FIELDS;

export function isUndecided<T>(value: Maybe<T> | undefined): value is Undecided {
  return typeof value === 'object' && value !== null && 'undecided' in value;
}

/** The values of a list that are known. */
export function decided<T>(values: readonly Maybe<T>[]): readonly T[] {
  return values.filter((value): value is T => !isUndecided(value));
}

/** What the kernel says, where that could be read. */
export function liveOf({ running }: Pick<Workload, 'running'>): Running | undefined {
  return running === undefined || isUndecided(running) ? undefined : running;
}
