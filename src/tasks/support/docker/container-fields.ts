import type { StateValue } from '../../../engine/state.ts';
import { isMap, type Json } from '../docker-daemon/config.ts';
import { listAt, mapAt, textAt } from './cli.ts';
import type { DockerContainer } from './container-params.ts';
import { capability, spellBytes, spellPort } from './container-words.ts';

/** One thing that a container is made with: what must hold, how Docker tells it, and how its command is told. */
export interface Field {
  /** The parameter's name. */
  readonly key: string;
  /** Undefined: whatever it is. */
  want(p: DockerContainer): StateValue | undefined;
  /** From `docker inspect` of the container, and of the image that it was made of. */
  read(container: Json, image: Json | undefined, p: DockerContainer): StateValue;
  args(p: DockerContainer): readonly string[];
  /** `docker update` can change it while the container runs. */
  readonly inPlace?: true;
}

/** What a field is that the playbook leaves to the image. */
export const OF_IMAGE = 'as in the image';

const NO_NEW_PRIVILEGES = 'no-new-privileges';
const TMPFS = 'noexec,nosuid,nodev,size=64m';

const host = (container: Json): Json => mapAt(container, 'HostConfig');
const config = (of: Json | undefined): Json => mapAt(of, 'Config');
const texts = (of: Json, key: string): string[] => listAt(of, key).map(String);
const numberAt = (of: Json, key: string): number => {
  const value = isMap(of) ? of[key] : undefined;
  return typeof value === 'number' && value > 0 ? value : 0;
};
const flags = (flag: string, values: readonly string[]): string[] => values.flatMap((value) => [flag, value]);
const sorted = (values: readonly string[]): string[] => [...new Set(values)].sort();
const pairs = (map: Readonly<Record<string, unknown>>, sign = '='): string[] =>
  sorted(Object.entries(map).map(([name, value]) => `${name}${sign}${String(value)}`));

/** A text of HostConfig that is empty unless somebody said otherwise. */
function hostText(key: string, field: string, flag: string, value: (p: DockerContainer) => string): Field {
  return {
    key,
    want: value,
    read: (container) => textAt(host(container), field),
    args: (p) => (value(p) === '' ? [] : [flag, value(p)]),
  };
}

function hostFlag(key: 'privileged' | 'read_only' | 'init', field: string, flag: string): Field {
  return {
    key,
    want: (p) => p[key],
    read: (container) => isTrue(host(container), field),
    args: (p) => (p[key] ? [flag] : []),
  };
}

function isTrue(of: Json, key: string): boolean {
  return isMap(of) && of[key] === true;
}

/** Everything but image, environment and whether it runs. */
export const containerFields: readonly Field[] = [
  {
    key: 'command',
    want: (p) => (p.entrypoint ? [...p.entrypoint, ...(p.command ?? [])] : (p.command ?? OF_IMAGE)),
    read(container, image, p) {
      const words = texts(config(container), 'Cmd');
      if (p.entrypoint) return [...texts(config(container), 'Entrypoint'), ...words];
      return p.command === undefined && same(words, texts(config(image), 'Cmd')) ? OF_IMAGE : words;
    },
    args: () => [],
  },
  {
    key: 'entrypoint',
    want: (p) => (p.entrypoint ? undefined : OF_IMAGE),
    read(container, image) {
      const words = texts(config(container), 'Entrypoint');
      return same(words, texts(config(image), 'Entrypoint')) ? OF_IMAGE : words;
    },
    args: (p) => (p.entrypoint ? ['--entrypoint', p.entrypoint[0] ?? ''] : []),
  },
  imageText('user', 'User', '--user'),
  imageText('working_dir', 'WorkingDir', '--workdir'),
  {
    key: 'hostname',
    want: (p) => p.hostname,
    read: (container) => textAt(config(container), 'Hostname'),
    args: (p) => (p.hostname === undefined ? [] : ['--hostname', p.hostname]),
  },
  {
    key: 'labels',
    want: (p) => pairs(p.labels),
    read(container, image, p) {
      const inherited = mapAt(config(image), 'Labels');
      const own = Object.entries(mapAt(config(container), 'Labels'));
      return pairs(Object.fromEntries(own.filter(([name, value]) => name in p.labels || inherited[name] !== value)));
    },
    args: (p) => flags('--label', pairs(p.labels)),
  },
  {
    key: 'groups',
    want: (p) => sorted(p.groups),
    read: (container) => sorted(texts(host(container), 'GroupAdd')),
    args: (p) => flags('--group-add', p.groups),
  },
  {
    key: 'cap_drop',
    want: (p) => sorted(p.cap_drop),
    read: (container) => sorted(texts(host(container), 'CapDrop').map(capability)),
    args: (p) => flags('--cap-drop', p.cap_drop),
  },
  {
    key: 'cap_add',
    want: (p) => sorted(p.cap_add),
    read: (container) => sorted(texts(host(container), 'CapAdd').map(capability)),
    args: (p) => flags('--cap-add', p.cap_add),
  },
  {
    key: 'security_opts',
    want: (p) => sorted(securityOptions(p)),
    read(container, _image, p) {
      const said = texts(host(container), 'SecurityOpt').map((option) => securityOption(option, p));
      return sorted(isTrue(host(container), 'Privileged') ? said.filter((option) => option !== 'label=disable') : said);
    },
    args: (p) => flags('--security-opt', securityOptions(p)),
  },
  hostFlag('privileged', 'Privileged', '--privileged'),
  hostFlag('read_only', 'ReadonlyRootfs', '--read-only'),
  hostFlag('init', 'Init', '--init'),
  {
    key: 'tmpfs',
    want: (p) => sorted(p.tmpfs.map(tmpfs)),
    read: (container) => pairs(mapAt(host(container), 'Tmpfs'), ':'),
    args: (p) => flags('--tmpfs', p.tmpfs.map(tmpfs)),
  },
  {
    key: 'network_mode',
    want: networkMode,
    read: (container) => textAt(host(container), 'NetworkMode').replace(/^default$/, 'bridge'),
    args: (p) => {
      const [first] = p.networks;
      return [
        '--network',
        networkMode(p),
        ...flags('--network-alias', first?.aliases ?? []),
        ...(first?.ipv4_address === undefined ? [] : ['--ip', first.ipv4_address]),
      ];
    },
  },
  {
    key: 'networks',
    want: (p) =>
      sorted(p.networks.map(({ name, aliases, ipv4_address }) => attachment(name, aliases, ipv4_address ?? ''))),
    read(container, _image, p) {
      const short = textAt(container, 'Id').slice(0, 12);
      const names = [short, p.name, `${p.name}${NEW}`];
      return sorted(
        Object.entries(mapAt(mapAt(container, 'NetworkSettings'), 'Networks'))
          .filter(([name]) => name !== 'none' && name !== 'host')
          .map(([name, network]) =>
            attachment(
              name,
              texts(network, 'Aliases').filter((alias) => !names.includes(alias)),
              textAt(mapAt(network, 'IPAMConfig'), 'IPv4Address'),
            ),
          ),
      );
    },
    args: () => [],
  },
  {
    key: 'published_ports',
    want: (p) => sorted(p.published_ports.map(spellPort)),
    read: (container) => sorted(portsOf(container)),
    args: (p) => flags('--publish', p.published_ports.map(spellPort)),
  },
  {
    key: 'volumes',
    want: (p) => sorted(volumes(p)),
    read: (container) => sorted(texts(host(container), 'Binds').map(volume)),
    args: (p) => flags('--volume', volumes(p)),
  },
  {
    key: 'devices',
    want: (p) => sorted(p.devices.map(device)),
    read: (container) =>
      sorted(
        listAt(host(container), 'Devices').map((one) =>
          [textAt(one, 'PathOnHost'), textAt(one, 'PathInContainer'), textAt(one, 'CgroupPermissions')].join(':'),
        ),
      ),
    args: (p) => flags('--device', p.devices.map(device)),
  },
  {
    key: 'memory',
    want: (p) => spellBytes(p.memory),
    read: (container) => spellBytes(numberAt(host(container), 'Memory')),
    args: (p) => (p.memory === 0 ? [] : ['--memory', String(p.memory)]),
    inPlace: true,
  },
  {
    key: 'memory_swap',
    want: (p) => (p.memory_swap === undefined ? undefined : spellBytes(p.memory_swap)),
    read: (container) => spellBytes(numberAt(host(container), 'MemorySwap')),
    args: (p) => (p.memory_swap === undefined ? [] : ['--memory-swap', String(p.memory_swap)]),
    inPlace: true,
  },
  {
    key: 'shm_size',
    want: (p) => (p.shm_size === undefined ? undefined : spellBytes(p.shm_size)),
    read: (container) => spellBytes(numberAt(host(container), 'ShmSize')),
    args: (p) => (p.shm_size === undefined ? [] : ['--shm-size', String(p.shm_size)]),
  },
  {
    key: 'cpus',
    want: (p) => p.cpus,
    read: (container) => numberAt(host(container), 'NanoCpus') / 1e9,
    args: (p) => (p.cpus === 0 ? [] : ['--cpus', String(p.cpus)]),
    inPlace: true,
  },
  {
    key: 'pids_limit',
    want: (p) => p.pids_limit,
    read: (container) => numberAt(host(container), 'PidsLimit'),
    args: (p) => (p.pids_limit === 0 ? [] : ['--pids-limit', String(p.pids_limit)]),
    inPlace: true,
  },
  {
    key: 'restart_policy',
    want: restartPolicy,
    read(container) {
      const policy = mapAt(host(container), 'RestartPolicy');
      const name = textAt(policy, 'Name') || 'no';
      return name === 'on-failure' ? `${name}:${numberAt(policy, 'MaximumRetryCount')}` : name;
    },
    args: (p) => ['--restart', restartPolicy(p)],
    inPlace: true,
  },
  {
    key: 'ulimits',
    want: (p) => sorted(p.ulimits),
    read: (container) =>
      sorted(
        listAt(host(container), 'Ulimits').map((limit) => {
          const number = (key: string) => String(isMap(limit) ? limit[key] : '');
          return `${textAt(limit, 'Name')}=${number('Soft')}:${number('Hard')}`;
        }),
      ),
    args: (p) => flags('--ulimit', p.ulimits),
  },
  {
    key: 'sysctls',
    want: (p) => pairs(p.sysctls),
    read: (container) => pairs(mapAt(host(container), 'Sysctls')),
    args: (p) => flags('--sysctl', pairs(p.sysctls)),
  },
  {
    key: 'dns_servers',
    want: (p) => p.dns_servers,
    read: (container) => texts(host(container), 'Dns'),
    args: (p) => flags('--dns', p.dns_servers),
  },
  {
    key: 'etc_hosts',
    want: (p) => pairs(p.etc_hosts, ':'),
    read: (container) => sorted(texts(host(container), 'ExtraHosts')),
    args: (p) => flags('--add-host', pairs(p.etc_hosts, ':')),
  },
  hostText('ipc_mode', 'IpcMode', '--ipc', (p) => p.ipc_mode),
  hostText('pid_mode', 'PidMode', '--pid', (p) => p.pid_mode ?? ''),
  hostText('uts', 'UTSMode', '--uts', (p) => p.uts ?? ''),
  hostText('userns_mode', 'UsernsMode', '--userns', (p) => p.userns_mode ?? ''),
  hostText('cgroup_parent', 'CgroupParent', '--cgroup-parent', () => ''),
  {
    key: 'log_driver',
    want: (p) => p.log_driver,
    read: (container) => textAt(mapAt(host(container), 'LogConfig'), 'Type'),
    args: (p) => (p.log_driver === undefined ? [] : ['--log-driver', p.log_driver]),
  },
  {
    key: 'log_options',
    want: (p) => (p.log_options === undefined ? undefined : pairs(p.log_options)),
    read: (container) => pairs(mapAt(mapAt(host(container), 'LogConfig'), 'Config')),
    args: (p) => flags('--log-opt', pairs(p.log_options ?? {})),
  },
  {
    key: 'stop_timeout',
    want: (p) => p.stop_timeout,
    read: (container) => numberAt(config(container), 'StopTimeout'),
    args: (p) => (p.stop_timeout === undefined ? [] : ['--stop-timeout', String(p.stop_timeout)]),
  },
  {
    key: 'healthcheck',
    want: (p) => (p.healthcheck === undefined ? OF_IMAGE : healthcheck(p.healthcheck)),
    read(container, image, p) {
      const own = mapAt(config(container), 'Healthcheck');
      const inherited = mapAt(config(image), 'Healthcheck');
      if (p.healthcheck === undefined && JSON.stringify(own) === JSON.stringify(inherited)) return OF_IMAGE;
      const test = texts(own, 'Test');
      if (test[0] === 'NONE' || test.length === 0) return 'none';
      return spellHealth(test[0] === 'CMD-SHELL' ? (test[1] ?? '') : JSON.stringify(test), (name) => {
        const value = numberAt(own, DOCKERS_NAME[name]);
        const given = p.healthcheck === undefined || p.healthcheck === 'none' || p.healthcheck[name] !== undefined;
        // what the playbook leaves open the image fills in
        if (value === 0 || (!given && value === numberAt(inherited, DOCKERS_NAME[name]))) return undefined;
        return name === 'retries' ? value : value / 1e9;
      });
    },
    args(p) {
      const check = p.healthcheck;
      if (check === undefined) return [];
      if (check === 'none') return ['--no-healthcheck'];
      return [
        ...['--health-cmd', check.test],
        ...(check.interval === undefined ? [] : ['--health-interval', `${check.interval}s`]),
        ...(check.timeout === undefined ? [] : ['--health-timeout', `${check.timeout}s`]),
        ...(check.retries === undefined ? [] : ['--health-retries', String(check.retries)]),
        ...(check.start_period === undefined ? [] : ['--health-start-period', `${check.start_period}s`]),
      ];
    },
  },
];

/** What a container is called until it takes the place of the one before it. */
export const NEW = '.harden-new';

/** What the words after the image are: with an entrypoint also its further words. */
export function commandWords(p: DockerContainer): readonly string[] {
  return [...(p.entrypoint ?? []).slice(1), ...(p.command ?? [])];
}

/** The ports that a container publishes, as the playbook spells them. */
export function portsOf(container: Json): readonly string[] {
  return Object.entries(mapAt(host(container), 'PortBindings')).flatMap(([inside, bindings]) =>
    (Array.isArray(bindings) ? bindings : []).map((binding) =>
      spellPort({
        ip: textAt(binding, 'HostIp') || '0.0.0.0',
        host: Number(textAt(binding, 'HostPort')),
        inside: Number(inside.split('/')[0]),
        proto: inside.split('/')[1] ?? 'tcp',
      }),
    ),
  );
}

/** Every volume and mount as `SOURCE:PATH[:OPTIONS]`. */
export function volumes(p: DockerContainer): readonly string[] {
  return [
    ...p.volumes.map(volume),
    ...p.mounts.map(({ source, target, read_only }) => `${source}:${target}${read_only ? ':ro' : ''}`),
  ];
}

function networkMode(p: DockerContainer): string {
  return p.network_mode ?? p.networks[0]?.name ?? 'none';
}

function imageText(key: 'user' | 'working_dir', name: string, flag: string): Field {
  return {
    key,
    want: (p) => p[key] ?? OF_IMAGE,
    read(container, image, p) {
      const value = textAt(config(container), name);
      return p[key] === undefined && value === textAt(config(image), name) ? OF_IMAGE : value;
    },
    args: (p) => {
      const value = p[key];
      return value === undefined ? [] : [flag, value];
    },
  };
}

function same(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((word, at) => word === other[at]);
}

function attachment(name: string, aliases: readonly string[], address: string): string {
  return [name, ...sorted(aliases).map((alias) => `as ${alias}`), ...(address === '' ? [] : [`at ${address}`])].join(
    ' ',
  );
}

function restartPolicy(p: DockerContainer): string {
  return p.restart_policy === 'on-failure' ? `on-failure:${p.restart_retries}` : p.restart_policy;
}

function securityOptions(p: DockerContainer): readonly string[] {
  const silent = p.security_opts.some((option) => option.startsWith(NO_NEW_PRIVILEGES));
  return silent ? p.security_opts : [...p.security_opts, NO_NEW_PRIVILEGES];
}

// docker replaces the path of a seccomp profile by its content
function securityOption(option: string, p: DockerContainer): string {
  const spelled = option
    .replace(/^(apparmor|seccomp|label):/, '$1=')
    .replace(/^no-new-privileges[:=]true$/, NO_NEW_PRIVILEGES);
  if (!spelled.startsWith('seccomp={')) return spelled;
  return p.security_opts.find((wanted) => wanted.startsWith('seccomp=/')) ?? 'seccomp=(a profile of its own)';
}

function tmpfs(entry: string): string {
  return entry.includes(':') ? entry : `${entry}:${TMPFS}`;
}

function volume(entry: string): string {
  const [source = '', target = '', options = ''] = entry.split(':');
  const rest = sorted(options.split(',').filter((option) => option !== '' && option !== 'rw')).join(',');
  return [source, target, ...(rest === '' ? [] : [rest])].join(':');
}

function device(entry: string): string {
  const [outside = '', inside = outside, permissions = 'rwm'] = entry.split(':');
  return `${outside}:${inside}:${permissions}`;
}

const TIMES = ['interval', 'timeout', 'start_period', 'retries'] as const;
const DOCKERS_NAME = {
  interval: 'Interval',
  timeout: 'Timeout',
  start_period: 'StartPeriod',
  retries: 'Retries',
} as const;

function healthcheck(check: NonNullable<DockerContainer['healthcheck']>): string {
  return check === 'none' ? 'none' : spellHealth(check.test, (name) => check[name]);
}

function spellHealth(test: string, value: (name: (typeof TIMES)[number]) => number | undefined): string {
  const parts = TIMES.flatMap((name) => {
    const found = value(name);
    return found === undefined ? [] : [`${name} ${found}${name === 'retries' ? '' : 's'}`];
  });
  return parts.length === 0 ? test : `${test} (${parts.join(', ')})`;
}
