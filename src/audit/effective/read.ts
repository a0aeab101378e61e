import { z } from 'zod';

const Info = z.looseObject({
  ServerVersion: z.string().catch(''),
  LiveRestoreEnabled: z.boolean().catch(false),
  LoggingDriver: z.string().catch(''),
  SecurityOptions: z
    .array(z.string())
    .nullish()
    .catch(null)
    .transform((options) => options ?? []),
  Debug: z.boolean().catch(false),
  Swarm: z.string().catch(''),
  Registries: z
    .looseObject({
      InsecureRegistryCIDRs: z.array(z.unknown()).nullish().catch(null),
      IndexConfigs: z.record(z.string(), z.looseObject({ Secure: z.boolean().catch(true) })).catch({}),
    })
    .nullish()
    .catch(null),
});

const Container = z.looseObject({
  Name: z.string(),
  Pid: z.number(),
  Log: z
    .looseObject({ Type: z.string().catch(''), Config: z.record(z.string(), z.unknown()).nullish().catch(null) })
    .catch({ Type: '' }),
  Ulimits: z
    .array(z.looseObject({ Name: z.string() }))
    .nullish()
    .catch(null),
});

/** A running container, as dockerd and the kernel see it. */
export interface RunningContainer {
  readonly name: string;
  /** json-file without max-size fills the disk. */
  readonly boundedLog: boolean;
  readonly ulimits: readonly string[];
  /** From /proc; undefined: the kernel did not tell. */
  readonly noNewPrivileges: boolean | undefined;
  /** 0: none, 2: a filter. */
  readonly seccomp: number | undefined;
}

/** What the host does, beside what its daemon.json says. */
export interface Effective {
  readonly info: z.infer<typeof Info>;
  /** The default network's options; undefined: there is no default network. */
  readonly bridge: Readonly<Record<string, unknown>> | undefined;
  /** Rules that let containers of the default network reach one another before Docker's own rules are asked. */
  readonly accepts: readonly string[];
  /** Command lines of docker-proxy. */
  readonly proxies: readonly string[];
  readonly containers: readonly RunningContainer[];
  /** What `inspect` printed and nobody could read. */
  readonly unreadable: number;
  /** Arguments of the dockerd that runs. */
  readonly flags: readonly string[];
  /** Undefined: it is not there, or no JSON. */
  readonly file: Readonly<Record<string, unknown>>;
}

/** What `effectiveScript` printed; undefined when dockerd's own answer cannot be read. */
export function readEffective(output: string): Effective | undefined {
  // daemon.json comes last: whatever stands in it begins no section.
  const fileAt = output.indexOf('\n== file\n');
  const head = fileAt === -1 ? `${output}\n` : output.slice(0, fileAt + 1);
  const section = (name: string): readonly string[] =>
    head
      .split(new RegExp(`^== ${name}\\n`, 'm'))[1]
      ?.split(/^== /m)[0]
      ?.split('\n')
      .filter((line) => line.trim() !== '') ?? [];
  const info = Info.safeParse(json(section('info')[0]));
  if (!info.success || fileAt === -1) return undefined;
  const lines = section('containers').map((line) => Container.safeParse(json(line)));
  const kernel = readKernel(section('kernel'));
  return {
    info: info.data,
    bridge: record(json(section('bridge')[0])),
    accepts: section('accepts'),
    proxies: section('proxies'),
    containers: lines.flatMap(({ data }) =>
      data
        ? {
            name: data.Name.replace(/^\//, ''),
            boundedLog: data.Log.Type !== 'json-file' || data.Log.Config?.['max-size'] !== undefined,
            ulimits: (data.Ulimits ?? []).map(({ Name }) => Name),
            noNewPrivileges: kernel.get(data.Pid)?.noNewPrivileges,
            seccomp: kernel.get(data.Pid)?.seccomp,
          }
        : [],
    ),
    unreadable: lines.filter(({ success }) => !success).length,
    flags: section('dockerd'),
    file: record(json(output.slice(fileAt + '\n== file\n'.length))) ?? {},
  };
}

function readKernel(lines: readonly string[]): Map<number, { noNewPrivileges?: boolean; seccomp?: number }> {
  const found = new Map<number, { noNewPrivileges?: boolean; seccomp?: number }>();
  let current: { noNewPrivileges?: boolean; seccomp?: number } = {};
  for (const line of lines) {
    const [word = '', value = ''] = line.split(/[:\s]+/);
    if (word === 'pid') {
      current = {};
      found.set(Number(value), current);
    } else if (word === 'NoNewPrivs') current.noNewPrivileges = value === '1';
    else if (word === 'Seccomp') current.seccomp = Number(value);
  }
  return found;
}

function json(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
}

function record(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}
