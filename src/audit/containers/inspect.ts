import { z } from 'zod';

const text = z.string().nullish();
const texts = z.array(z.string()).nullish();
const number = z.number().nullish();
const bindings = z.record(z.string(), z.array(z.looseObject({ HostIp: text, HostPort: text })).nullish()).nullish();

/** The part of `docker inspect CONTAINER` that is judged. What this or that version of Docker leaves out may be missing; what is there must be of its type. */
export const Inspected = z.looseObject({
  Id: z.string(),
  Name: z.string(),
  Image: z.string(),
  AppArmorProfile: text,
  State: z.looseObject({
    Running: z.boolean(),
    Pid: number,
    Health: z.looseObject({ Status: text }).nullish(),
  }),
  Config: z.looseObject({ Image: z.string(), User: text, Env: texts }),
  HostConfig: z.looseObject({
    NetworkMode: text,
    PortBindings: bindings,
    RestartPolicy: z.looseObject({ Name: text, MaximumRetryCount: number }).nullish(),
    CapAdd: texts,
    CapDrop: texts,
    CgroupnsMode: text,
    IpcMode: text,
    PidMode: text,
    Privileged: z.boolean(),
    ReadonlyRootfs: z.boolean(),
    SecurityOpt: texts,
    UTSMode: text,
    UsernsMode: text,
    CgroupParent: text,
    Memory: number,
    NanoCpus: number,
    CpuShares: number,
    CpuQuota: number,
    CpusetCpus: text,
    PidsLimit: number,
    Ulimits: z.array(z.unknown()).nullish(),
    Devices: z.array(z.looseObject({ PathOnHost: z.string() })).nullish(),
    DeviceCgroupRules: texts,
    Tmpfs: z.record(z.string(), z.string()).nullish(),
  }),
  Mounts: z
    .array(z.looseObject({ Type: text, Source: text, Destination: z.string(), RW: z.boolean(), Propagation: text }))
    .nullish(),
  NetworkSettings: z
    .looseObject({ Ports: bindings, Networks: z.record(z.string(), z.looseObject({ NetworkID: text })).nullish() })
    .nullish(),
});
export type Inspected = z.infer<typeof Inspected>;

export const InspectedImage = z.looseObject({ Id: z.string(), RepoTags: texts, RepoDigests: texts, Created: text });
export type InspectedImage = z.infer<typeof InspectedImage>;

/** A line of `docker image ls`. */
export const ListedImage = z.looseObject({ Repository: z.string(), Tag: z.string(), ID: z.string() });
export type ListedImage = z.infer<typeof ListedImage>;

export const InspectedNetwork = z.looseObject({
  Id: z.string(),
  Name: z.string(),
  Driver: text,
  Options: z.record(z.string(), z.string()).nullish(),
  Containers: z.record(z.string(), z.looseObject({ Name: text })).nullish(),
});
export type InspectedNetwork = z.infer<typeof InspectedNetwork>;

/** The part of `docker info` that is judged. */
export const DaemonInfo = z.looseObject({
  SecurityOptions: texts,
  CgroupVersion: text,
  Swarm: z.looseObject({ LocalNodeState: text }).nullish(),
});
export type DaemonInfo = z.infer<typeof DaemonInfo>;
