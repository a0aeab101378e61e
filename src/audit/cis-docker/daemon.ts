import { judgeEffective } from '../effective/judge.ts';
import type { Effective } from '../effective/read.ts';
import { type CisFinding, type CisFindings, info, PASS, warn } from './finding.ts';
import type { CisHost } from './read.ts';

/** Section 2: what dockerd does, not what its file says. */
export function daemonFindings(host: CisHost): CisFindings {
  const { effective } = host;
  if (!effective) return {};
  const value = (key: string) => settingOf(effective, key);
  return {
    '2.1': info(
      effective.info.SecurityOptions.some((option) => option.includes('name=rootless'))
        ? 'dockerd runs without root'
        : 'dockerd runs as root; rootless mode is worth a thought where nothing needs ports below 1024 or overlay networks',
    ),
    '2.4': value('iptables') === 'false' ? warn('dockerd leaves the firewall alone: iptables is false') : PASS,
    '2.6': host.storageDriver === 'aufs' ? warn('the storage driver is aufs') : PASS,
    '2.7': overTcp(effective),
    '2.10':
      value('cgroup-parent') === undefined ? PASS : warn(`cgroup-parent is ${value('cgroup-parent')}: is that meant?`),
    '2.11': /dm\.basesize/.test(String(value('storage-opts') ?? value('storage-opt') ?? ''))
      ? warn('storage-opts sets dm.basesize')
      : PASS,
    '2.12': authorization(effective),
    '2.18': experimental(host),
    ...inEffect(effective),
    ...logLevel(value('log-level')),
    ...(effective.info.Swarm === 'active' ? { '2.15': { ...PASS, details: 'a node of a swarm cannot have it' } } : {}),
    ...(value('default-ulimits') === undefined && value('default-ulimit') === undefined
      ? { '2.8': info('dockerd gives containers no limits of its own') }
      : {}),
  };
}

/** The checks of which the audit `effective` knows what holds. */
function inEffect(effective: Effective): CisFindings {
  return Object.fromEntries(
    judgeEffective(effective).flatMap(({ related, result, details, items }) =>
      (related ?? []).filter((id) => id.startsWith('2.')).map((id) => [id, { result, details, items }] as const),
    ),
  );
}

function logLevel(level: string | undefined): CisFindings {
  return level === undefined || level === 'info' ? {} : { '2.3': warn(`log-level is ${level}`) };
}

function overTcp(effective: Effective): CisFinding {
  const hosts = [
    ...effective.flags.flatMap((flag, at) => {
      if (/^(-H|--host)$/.test(flag)) return effective.flags[at + 1] ?? [];
      return /^(?:-H|--host)=?(.+)$/.exec(flag)?.[1] ?? [];
    }),
    ...(Array.isArray(effective.file.hosts) ? effective.file.hosts.map(String) : []),
  ].filter((host) => /^(tcp:|\d|\[|:)/.test(host));
  if (hosts.length === 0) return info('dockerd does not listen on TCP');
  if (settingOf(effective, 'tlsverify') === 'true') return PASS;
  const how = settingOf(effective, 'tls') === 'true' ? 'with TLS, and asks nobody for a certificate' : 'without TLS';
  return warn(`dockerd listens on ${hosts.join(', ')} ${how}: whoever reaches it is root`);
}

function authorization(effective: Effective): CisFinding {
  const plugins = settingOf(effective, 'authorization-plugins') ?? settingOf(effective, 'authorization-plugin');
  return plugins === undefined || plugins === '' ? warn('no plugin decides who may do what with the Docker API') : PASS;
}

function experimental({ serverVersion, experimental: on }: CisHost): CisFinding {
  const [major = 0, minor = 0] = serverVersion.split('.').map(Number);
  if (major > 19 || (major === 19 && minor > 3)) return info('only Docker up to 19.03 has the switch');
  return on ? warn('experimental features are on') : PASS;
}

/** A key of daemon.json, or the flag of the same name with which dockerd runs, as text. */
function settingOf({ file, flags }: Effective, key: string): string | undefined {
  const found = flags.findLast((flag) => flag === `--${key}` || flag.startsWith(`--${key}=`));
  if (found !== undefined) return found.includes('=') ? found.slice(found.indexOf('=') + 1) : 'true';
  const value = file[key];
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return undefined;
  return Array.isArray(value) ? value.join(',') : String(value);
}
