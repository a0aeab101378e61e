import type { Finding, Need } from '../../engine/task.ts';
import { warning } from '../support/finding.ts';
import { wantedEffect } from './effects.ts';
import { type DaemonState, type DockerDaemon, inForce } from './state.ts';

/** What follows from choices that are for a person to make: user namespaces, and dockerd on the network. `changed`: the options that get another value. */
export function choiceFindings(
  changed: readonly string[],
  p: DockerDaemon,
  before: NonNullable<DaemonState>,
): readonly Finding[] {
  return [...remapFindings(changed, p, before), ...tlsFindings(changed, p)];
}

/** The certificates that dockerd would not start without. */
export function certificateNeeds(p: DockerDaemon): readonly Need[] {
  return ['tlscacert', 'tlscert', 'tlskey'].flatMap((key) => {
    const path = p.options[key];
    return typeof path === 'string' && path.startsWith('/') ? [`path:${path}` as const] : [];
  });
}

function remapFindings(
  changed: readonly string[],
  p: DockerDaemon,
  before: NonNullable<DaemonState>,
): readonly Finding[] {
  const key = 'userns-remap';
  const value = p.options[key];
  if (!changed.includes(key) || !value || before[inForce(key)] === wantedEffect(key, value)) return [];
  return [
    warning(
      'with userns-remap, containers that are privileged or share the network or the processes of the host start no more, and files that are mounted into containers belong to nobody there',
      'userns_mode: host takes a container out of it; chown what is mounted to the first id of dockremap in /etc/subuid',
    ),
  ];
}

function tlsFindings(changed: readonly string[], p: DockerDaemon): readonly Finding[] {
  if (!changed.includes('hosts') && !changed.includes('tlsverify')) return [];
  if (p.options.tlsverify !== true) return [];
  const hosts = Array.isArray(p.options.hosts) ? p.options.hosts.map(String) : [];
  if (hosts.some((host) => host.startsWith('tcp://')))
    return [
      warning(
        'whoever holds a key that the authority in tlscacert has signed is root on this host, from wherever the port can be reached',
        'Open the port to them alone; ssh:// does the same without a port and without certificates',
      ),
    ];
  return [
    warning(
      'tlsverify is for TCP, and hosts names none here: on the socket it changes nothing (docker-bench 2.7)',
      'No TCP at all is better than TCP with TLS: leave it out unless another machine must reach dockerd',
    ),
  ];
}
