import { z } from 'zod';
import { ImageName } from '../support/docker/image-ref.ts';
import { Bytes, Capability, InnerPath, Published, Seconds, Text, Words } from '../support/docker/words.ts';

/** The name of a container as Docker takes it. */
const ContainerName = z.string().regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/, {
  error:
    'the name of a container is two or more letters, digits, `_`, `.` and `-`, and begins with a letter or a digit',
});

const NetworkName = z.string().regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/, { error: 'not the name of a network' });

const Attachment = z.union([
  NetworkName.transform((name) => ({ name, aliases: [] as string[], ipv4_address: undefined })),
  z.strictObject({
    name: NetworkName.describe('A network that is there, or comes with an earlier docker_network.'),
    aliases: z
      .array(z.string().regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/, { error: 'not a host name' }))
      .default([])
      .describe('Further names that others on the network find the container by.'),
    ipv4_address: z.ipv4().optional().describe('A fixed address; the network must have a subnet of its own.'),
  }),
]);

const HealthCheck = z.union([
  z.literal('none'),
  z.strictObject({
    test: z
      .union([z.string().min(1), z.tuple([z.literal('CMD-SHELL'), z.string().min(1)]).transform(([, test]) => test)], {
        error: 'write the test as one text, which the shell of the image runs: the docker command knows no other form',
      })
      .describe('What the shell of the image runs inside the container; status 0: it is healthy.'),
    interval: Seconds.optional().describe('Between two tests: `30s`.'),
    timeout: Seconds.optional().describe('After which a test counts as failed.'),
    retries: z.int().positive().optional().describe('Failures in a row that make it unhealthy.'),
    start_period: Seconds.optional().describe('After the start, while failures do not count.'),
  }),
]);

const Mount = z.strictObject({
  type: z.enum(['bind', 'volume']).default('volume').describe('A path of the host, or a named volume.'),
  source: z.string().min(1).describe("The host's path, or the volume's name."),
  target: InnerPath.describe('The path inside.'),
  read_only: z.boolean().default(false).describe('True: it cannot be written to inside.'),
});

const Volume = z.string().regex(/^(\/[^:\0\n]*|[a-zA-Z0-9][a-zA-Z0-9_.-]+):\/[^:,\0\n]*(:[a-zA-Z,]+)?$/, {
  error: 'write a named volume or a path of the host, and the path inside: data:/var/lib/app, /srv/www:/www:ro',
});

const SecurityOption = z
  .string()
  .transform((text) =>
    text.replace(/^(no-new-privileges)[:=](true|false)$/, (_, name, on) => (on === 'true' ? name : `${name}:false`)),
  )
  .refine(
    (text) => /^(no-new-privileges(:false)?|apparmor[=:]\S+|seccomp[=:](unconfined|\/\S+)|label[=:]\S+)$/.test(text),
    {
      error:
        'write no-new-privileges:false, apparmor=PROFILE, seccomp=unconfined, seccomp=/path/to/profile.json on the host, or label=…',
    },
  )
  .transform((text) => text.replace(/^(apparmor|seccomp|label):/, '$1='));

const Ulimit = z
  .string()
  .regex(/^[a-z]+[:=]-?\d+(:-?\d+)?$/, { error: 'write a limit as nofile:1024:4096 (soft, hard)' })
  .transform((text) => {
    const [name = '', soft = '', hard = soft] = text.split(/[:=]/);
    return `${name}=${soft}:${hard}`;
  });

const EnvName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_.-]*$/, { error: 'not the name of an environment variable' });
const EnvValue = Text.refine((value) => !/[\n\r\0]/.test(value), {
  error: 'a value of the environment is one line here: put longer texts into a file, and mount it',
});

/** What a playbook says of a container. */
export const DockerContainer = z
  .strictObject({
    name: ContainerName.describe('The name of the container.'),
    image: ImageName.optional().describe(
      'The image: `nginx:1.27`, or with a digest, behind which nobody can put another one.',
    ),
    command: Words.optional().describe("What runs inside, as a list or a text without quotes; by default the image's."),
    entrypoint: Words.optional().describe("Replaces the image's entrypoint, and its command as well."),
    user: Text.optional().describe("Who runs it inside: `1000:1000`; by default the image's, which mostly is root."),
    groups: z.array(Text).default([]).describe('Further groups of that user.'),
    working_dir: InnerPath.optional().describe("Where it runs; by default the image's."),
    hostname: z
      .string()
      .regex(/^[a-zA-Z0-9][a-zA-Z0-9.-]{0,62}$/, { error: 'not a host name' })
      .optional()
      .describe('How it calls itself; by default its id.'),
    env: z
      .record(EnvName, EnvValue)
      .default({})
      .describe(
        'Environment variables. Values are secrets: they are never shown, and stand in no argument of a program.',
      ),
    labels: z
      .record(z.string().regex(/^[^\s=]+$/, { error: 'the name of a label has no space and no =' }), Text)
      .default({})
      .describe('Labels, by name.'),
    cap_drop: z.array(Capability).default(['ALL']).describe('Capabilities that are taken away.'),
    cap_add: z
      .array(Capability)
      .default([])
      .describe('Capabilities that are given back: `NET_BIND_SERVICE` for ports below 1024.'),
    security_opts: z
      .array(SecurityOption)
      .default([])
      .describe(
        '`apparmor=…`, `seccomp=…`, `label=…`. no-new-privileges is set unless `no-new-privileges:false` is said.',
      ),
    privileged: z.boolean().default(false).describe('True makes the container root on the host.'),
    read_only: z.boolean().default(true).describe('The root of the container cannot be written to.'),
    tmpfs: z
      .array(z.string().regex(/^\/[^:\0\n]*(:[^:\s]+)?$/, { error: 'write /path or /path:size=64m,mode=1777' }))
      .default(['/tmp'])
      .describe('Directories in memory; without options of their own `noexec,nosuid,nodev,size=64m`.'),
    networks: z
      .array(Attachment)
      .default([])
      .describe('The networks it is on, by name or with aliases and ipv4_address. Without any it has no network.'),
    network_mode: z
      .string()
      .regex(/^(none|host|container:[a-zA-Z0-9][a-zA-Z0-9_.-]+)$/, {
        error: 'write none, host or container:NAME; networks are named under networks',
      })
      .optional()
      .describe('`host`: the network of the host itself; `container:NAME`: that of another container.'),
    published_ports: z
      .array(Published)
      .default([])
      .transform((ports) => ports.flat())
      .describe('Ports that the host offers, each bound to an address: `127.0.0.1:8080:80`, `10.0.0.5:5353:53/udp`.'),
    volumes: z
      .array(Volume)
      .default([])
      .describe('`NAME:/path` for a named volume, `/host/path:/path:ro` for a path of the host.'),
    mounts: z.array(Mount).default([]).describe('The same, spelled out.'),
    devices: z
      .array(z.string().regex(/^\/dev\/[^\s]+$/, { error: 'write /dev/NAME[:/dev/NAME[:rwm]]' }))
      .default([])
      .describe('Devices of the host.'),
    memory: Bytes.default(512 * 1024 ** 2).describe(
      'How much memory it may have: `512m`; 0: no limit. 512m unless said.',
    ),
    memory_swap: Bytes.optional().describe('Memory and swap together; by default twice the memory.'),
    shm_size: Bytes.optional().describe('The size of /dev/shm; by default 64m.'),
    cpus: z.number().nonnegative().default(1).describe('How many processors it may use; 0: no limit.'),
    pids_limit: z.int().nonnegative().default(256).describe('How many processes it may have; 0: no limit.'),
    ulimits: z.array(Ulimit).default(['nofile=1024:16384']).describe('`nofile:1024:16384`: soft and hard limits.'),
    sysctls: z.record(z.string(), Text).default({}).describe('Kernel parameters of its own namespaces.'),
    dns_servers: z
      .array(z.union([z.ipv4(), z.ipv6()]))
      .default([])
      .describe('Name servers instead of those of the host.'),
    etc_hosts: z.record(z.string(), z.string()).default({}).describe('Further hosts, name by name with their address.'),
    init: z.boolean().default(false).describe('True: a small init collects dead children and passes signals on.'),
    ipc_mode: z
      .string()
      .regex(/^(private|shareable|none|host|container:\S+)$/)
      .default('private')
      .describe('Shared memory: its own alone.'),
    pid_mode: z
      .string()
      .regex(/^(host|container:\S+)$/)
      .optional()
      .describe('`host`: it sees the processes of the host.'),
    uts: z.literal('host').optional().describe('`host`: it can rename the host.'),
    userns_mode: z
      .literal('host')
      .optional()
      .describe('`host`: root inside is root outside, whatever userns-remap says.'),
    log_driver: z.string().min(1).optional().describe('Where its output goes; by default what the daemon says.'),
    log_options: z.record(z.string(), Text).optional().describe('Options of the log driver.'),
    stop_timeout: z
      .int()
      .nonnegative()
      .optional()
      .describe('Seconds between asking it to stop and killing it; by default 10.'),
    restart_policy: z
      .enum(['no', 'on-failure', 'always', 'unless-stopped'])
      .default('on-failure')
      .describe('When Docker starts it again by itself.'),
    restart_retries: z.int().nonnegative().default(5).describe('How often, with on-failure.'),
    healthcheck: HealthCheck.optional().describe(
      "How to tell that it works; `none` takes the image's away. By default the image's.",
    ),
    pull: z
      .enum(['missing', 'always', 'never'])
      .default('missing')
      .describe(
        '`always` asks the registry at each plan; where the tag stands for another image by now, the container is made anew of it. `never`: the image is made on the host, by an earlier task.',
      ),
    recreate: z
      .enum(['auto', 'never'])
      .default('auto')
      .describe(
        '`never`: a container that differs is left as it is, and that is said; limits and restart policy are changed in place.',
      ),
    healthy_wait_timeout: z
      .int()
      .positive()
      .default(60)
      .describe('Seconds in which a new container must become healthy; else the one before it is put back.'),
    state: z
      .enum(['started', 'stopped', 'present', 'absent'])
      .default('started')
      .describe('`present`: it is there, running or not.'),
  })
  .refine((p) => p.state === 'absent' || p.image !== undefined, {
    error: 'say of which image it is made',
    path: ['image'],
  })
  .refine((p) => p.networks.length === 0 || p.network_mode === undefined, {
    error: 'networks and network_mode exclude each other',
    path: ['network_mode'],
  })
  .refine((p) => p.published_ports.length === 0 || p.networks.length > 0, {
    error: 'a port can be published only from a network: name one under networks',
    path: ['published_ports'],
  })
  .refine((p) => p.pull !== 'always' || !p.image?.includes('@'), {
    error: 'a digest always stands for the same image, so there is nothing to pull again: leave pull out',
    path: ['pull'],
  })
  .refine((p) => p.cpus === 0 || p.cpus >= 0.01, { error: 'cpus is at least 0.01', path: ['cpus'] })
  .refine((p) => p.memory === 0 || p.memory >= 6 * 1024 ** 2, { error: 'Docker gives at least 6m', path: ['memory'] });
export type DockerContainer = z.infer<typeof DockerContainer>;

/** The containers whose namespaces it is to share. */
export function sharedContainers(p: DockerContainer): readonly string[] {
  if (p.state === 'absent') return [];
  const modes = [p.network_mode, p.ipc_mode, p.pid_mode].map((mode) => /^container:(.+)$/.exec(mode ?? '')?.[1] ?? '');
  return [...new Set(modes)].filter((name) => name !== '');
}
