import type { AuditCheck } from '../result.ts';

/**
 * What is written into a service to mend a finding. `needs`: what must be true of the service, or it runs no more; without it nothing
 * that it does today is taken from it.
 */
export type Remedy = RemedyEdit & { readonly needs?: string | undefined };

type RemedyEdit =
  /** A key with a plain value, which may have a comment behind it. */
  | { readonly kind: 'set'; readonly key: string; readonly value: string }
  /** The key goes: what it says is not said. */
  | { readonly kind: 'remove'; readonly key: string }
  | {
      readonly kind: 'list';
      readonly key: string;
      /** As it stands in YAML. */
      readonly add?: string;
      /** Another text for an item; null: it goes; undefined: it stays. */
      /** `place`: where the item stands. */
      readonly change?: (item: string, place: string) => string | null | undefined;
    };

/** What mends a finding: of the safe grade, or with what must be known of the service. Nothing: a person must decide. */
export function remedies(check: AuditCheck): readonly Remedy[] {
  return REMEDIES[check.id]?.(check) ?? [];
}

/** What mends a finding only where something is true of the service. */
function knowing(needs: string, ...all: readonly RemedyEdit[]): readonly Remedy[] {
  return all.map((remedy) => ({ ...remedy, needs }));
}

const MEASURE = 'measure what it needs, and set that';

const REMEDIES: Readonly<Record<string, (check: AuditCheck) => readonly Remedy[]>> = {
  'no-new-privileges': () => [
    {
      kind: 'list',
      key: 'security_opt',
      add: 'no-new-privileges:true',
      change: (item) => (/^no-new-privileges[:=]false$/.test(item) ? null : undefined),
    },
  ],
  'restart-limit': () => [{ kind: 'set', key: 'restart', value: 'on-failure:5' }],
  privileged: () =>
    knowing('it needs none of the rights of the host', { kind: 'set', key: 'privileged', value: 'false' }),
  'cap-drop': () =>
    knowing('it needs no capability: a start as root that then changes its user does', {
      kind: 'list',
      key: 'cap_drop',
      add: 'ALL',
    }),
  seccomp: () =>
    knowing('it makes no call that the default filter forbids', without('security_opt', /^seccomp[:=]unconfined$/)),
  apparmor: () =>
    knowing('it does nothing that docker-default forbids', without('security_opt', /^apparmor[:=]unconfined$/)),
  'masked-paths': () =>
    knowing('it needs no hidden part of /proc', without('security_opt', /^systempaths[:=]unconfined$/)),
  'read-only': () =>
    knowing(
      'it writes to its volumes and to /tmp alone',
      { kind: 'set', key: 'read_only', value: 'true' },
      { kind: 'list', key: 'tmpfs', add: '/tmp' },
    ),
  'sensitive-mounts': ({ details = '', at }) =>
    details.endsWith(', writable')
      ? knowing('it does not write there', {
          kind: 'list',
          key: 'volumes',
          change: (item, place) => (place === at ? readOnly(item) : undefined),
        })
      : [],
  propagation: () =>
    knowing('nothing it mounts is wanted on the host', { kind: 'list', key: 'volumes', change: private_ }),
  'published-address': () =>
    knowing('only this host itself reaches it, such as a reverse proxy here', {
      kind: 'list',
      key: 'ports',
      change: loopback,
    }),
  'default-bridge': () =>
    knowing('it reaches no container by the default network', { kind: 'remove', key: 'network_mode' }),
  memory: () => knowing(MEASURE, { kind: 'set', key: 'mem_limit', value: '512m' }),
  cpu: () => knowing(MEASURE, { kind: 'set', key: 'cpus', value: '1.0' }),
  pids: () => knowing(MEASURE, { kind: 'set', key: 'pids_limit', value: '256' }),
  'pid-namespace': () => knowing('it looks at no process of the host', { kind: 'remove', key: 'pid' }),
  'ipc-namespace': () => knowing('it shares no memory with the host', { kind: 'set', key: 'ipc', value: 'private' }),
  'uts-namespace': () => knowing('it does not set the host name', { kind: 'remove', key: 'uts' }),
  'user-namespace': () => knowing('it needs no root of the host', { kind: 'remove', key: 'userns_mode' }),
  'cgroup-namespace': () =>
    knowing('it looks at no cgroup of the host', { kind: 'set', key: 'cgroup', value: 'private' }),
  restart: () => knowing('it is no job that ends by itself', { kind: 'set', key: 'restart', value: 'unless-stopped' }),
};

function without(key: string, pattern: RegExp): RemedyEdit {
  return { kind: 'list', key, change: (item) => (pattern.test(item) ? null : undefined) };
}

/** `80`, `8080:80` and `0.0.0.0:8080:80` on the host's own address. */
function loopback(item: string): string | undefined {
  if (item.includes('$')) return undefined;
  const [, ip, ports = ''] = /^(?:(\[[^\]]*\]|(?:\d+\.){3}\d+):)?(.*)$/.exec(item) ?? [];
  if (ip !== undefined && ip !== '0.0.0.0' && ip !== '[::]') return undefined;
  return ports.includes(':') ? `127.0.0.1:${ports}` : `127.0.0.1::${ports}`;
}

/** A mount in its short form, read-only. */
function readOnly(item: string): string | undefined {
  const [source = '', target, mode] = item.split(':');
  if (target === undefined || item.includes('${')) return undefined;
  const modes = (mode ?? '').split(',').filter((each) => each !== '' && each !== 'rw');
  return [source, target, [...modes, 'ro'].join(',')].join(':');
}

function private_(item: string): string | undefined {
  const [source = '', target = '', mode] = item.split(':');
  if (mode === undefined || !/(^|,)r?shared(,|$)/.test(mode)) return undefined;
  const modes = mode.split(',').filter((each) => !/^r?shared$/.test(each));
  return [source, target, ...(modes.length > 0 ? [modes.join(',')] : [])].join(':');
}
