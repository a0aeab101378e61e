import { type CisFinding, type CisFindings, info, PASS, warn } from './finding.ts';
import type { CisHost, FileFacts } from './read.ts';

/** Section 3: owners and modes, bit by bit. */
export function fileFindings({ files, units, certificates, tls }: CisHost): CisFindings {
  const at = (path: string) => files.get(path);
  const unit = (name: string) => at(units[name] ?? '');
  return {
    '3.1': owned(unit('docker.service')),
    '3.2': mode(unit('docker.service'), 0o644),
    '3.3': owned(unit('docker.socket')),
    '3.4': mode(unit('docker.socket'), 0o644),
    '3.5': owned(at('/etc/docker')),
    '3.6': mode(at('/etc/docker'), 0o755),
    '3.7': every(at('/etc/docker/certs.d'), certificates, (file) => owned(file)),
    '3.8': every(at('/etc/docker/certs.d'), certificates, (file) => mode(file, 0o444)),
    '3.9': owned(tls.get('tlscacert')),
    '3.10': mode(tls.get('tlscacert'), 0o444),
    '3.11': owned(tls.get('tlscert')),
    '3.12': mode(tls.get('tlscert'), 0o444),
    '3.13': owned(tls.get('tlskey')),
    '3.14': mode(tls.get('tlskey'), 0o400),
    '3.15': owned(at('/run/docker.sock'), 'docker'),
    '3.16': mode(at('/run/docker.sock'), 0o660),
    '3.17': owned(at('/etc/docker/daemon.json')),
    '3.18': mode(at('/etc/docker/daemon.json'), 0o644),
    '3.19': owned(at('/etc/default/docker')),
    '3.20': mode(at('/etc/default/docker'), 0o644),
    '3.21': mode(at('/etc/sysconfig/docker'), 0o644),
    '3.22': owned(at('/etc/sysconfig/docker')),
    '3.23': owned(at('/run/containerd/containerd.sock')),
    '3.24': mode(at('/run/containerd/containerd.sock'), 0o660),
  };
}

const ABSENT = info('it is not on this host');

function owned(file: FileFacts | undefined, group = 'root'): CisFinding {
  if (!file) return ABSENT;
  if (file.owner === 'root' && file.group === group) return PASS;
  return warn(`${file.path} belongs to ${file.owner}:${file.group}, and not to root:${group}`);
}

function mode(file: FileFacts | undefined, most: number): CisFinding {
  if (!file) return ABSENT;
  if ((file.mode & ~most) === 0) return PASS;
  return warn(`${file.path} has the mode ${octal(file.mode)}, which is more than ${octal(most)}`);
}

/** A folder that is there and empty says nothing: nobody's certificate can be wrong. */
function every(
  folder: FileFacts | undefined,
  files: readonly FileFacts[],
  judge: (file: FileFacts) => CisFinding,
): CisFinding {
  if (!folder) return ABSENT;
  const wrong = files.flatMap((file) => judge(file).details ?? []);
  if (wrong.length > 0) return warn('certificates of registries', wrong);
  return files.length > 0 ? PASS : info('there are no certificates of registries');
}

function octal(value: number): string {
  return value.toString(8).padStart(4, '0');
}
