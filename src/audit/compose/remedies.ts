import type { AuditCheck } from '../result.ts';

/** What is written into a service to mend a finding. */
export type Remedy =
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

/** The one limit that fits nobody, and is better than none. */
const MEASURE = '# measure it, and set what it needs';

/** What mends a finding without knowing the service; nothing: a person must decide. */
export function remedies(check: AuditCheck): readonly Remedy[] {
  return REMEDIES[check.id]?.(check) ?? [];
}

const REMEDIES: Readonly<Record<string, (check: AuditCheck) => readonly Remedy[]>> = {
  privileged: () => [{ kind: 'set', key: 'privileged', value: 'false' }],
  'no-new-privileges': () => [
    {
      kind: 'list',
      key: 'security_opt',
      add: 'no-new-privileges:true',
      change: (item) => (/^no-new-privileges[:=]false$/.test(item) ? null : undefined),
    },
  ],
  'cap-drop': () => [{ kind: 'list', key: 'cap_drop', add: 'ALL' }],
  seccomp: () => [without('security_opt', /^seccomp[:=]unconfined$/)],
  apparmor: () => [without('security_opt', /^apparmor[:=]unconfined$/)],
  'masked-paths': () => [without('security_opt', /^systempaths[:=]unconfined$/)],
  'read-only': () => [
    { kind: 'set', key: 'read_only', value: 'true' },
    { kind: 'list', key: 'tmpfs', add: '/tmp' },
  ],
  'sensitive-mounts': ({ details = '', at }) =>
    details.endsWith(', writable')
      ? [{ kind: 'list', key: 'volumes', change: (item, place) => (place === at ? readOnly(item) : undefined) }]
      : [],
  propagation: () => [{ kind: 'list', key: 'volumes', change: private_ }],
  'published-address': () => [{ kind: 'list', key: 'ports', change: loopback }],
  'default-bridge': () => [{ kind: 'remove', key: 'network_mode' }],
  memory: () => [{ kind: 'set', key: 'mem_limit', value: `512m ${MEASURE}` }],
  cpu: () => [{ kind: 'set', key: 'cpus', value: `1.0 ${MEASURE}` }],
  pids: () => [{ kind: 'set', key: 'pids_limit', value: '256' }],
  'pid-namespace': () => [{ kind: 'remove', key: 'pid' }],
  'ipc-namespace': () => [{ kind: 'set', key: 'ipc', value: 'private' }],
  'uts-namespace': () => [{ kind: 'remove', key: 'uts' }],
  'user-namespace': () => [{ kind: 'remove', key: 'userns_mode' }],
  'cgroup-namespace': () => [{ kind: 'set', key: 'cgroup', value: 'private' }],
  restart: () => [{ kind: 'set', key: 'restart', value: 'unless-stopped' }],
  'restart-limit': () => [{ kind: 'set', key: 'restart', value: 'on-failure:5' }],
};

function without(key: string, pattern: RegExp): Remedy {
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
