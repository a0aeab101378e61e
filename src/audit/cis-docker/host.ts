import { type CisFinding, type CisFindings, info, PASS, warn } from './finding.ts';
import type { CisHost } from './read.ts';

/** Section 1: the host. */
export function hostFindings(host: CisHost, trusted: readonly string[]): CisFindings {
  const { units } = host;
  const unit = (name: string) => units[name] ?? '';
  return {
    '1.1.1': separate(host),
    '1.1.2': members(host, trusted),
    '1.1.3': watched(host, program(host, 'dockerd')),
    '1.1.4': watched(host, '/run/containerd'),
    '1.1.5': watched(host, '/var/lib/docker'),
    '1.1.6': watched(host, '/etc/docker'),
    '1.1.7': watched(host, unit('docker.service')),
    '1.1.8': watched(host, '/run/containerd/containerd.sock'),
    '1.1.9': watched(host, unit('docker.socket')),
    '1.1.10': watched(host, '/etc/default/docker'),
    '1.1.11': watched(host, '/etc/docker/daemon.json'),
    '1.1.12': watched(host, '/etc/containerd/config.toml'),
    '1.1.13': watched(host, '/etc/sysconfig/docker'),
    '1.1.14': watched(host, program(host, 'containerd')),
    '1.1.15': watched(host, program(host, 'containerd-shim')),
    '1.1.16': watched(host, program(host, 'containerd-shim-runc-v1')),
    '1.1.17': watched(host, program(host, 'containerd-shim-runc-v2')),
    '1.1.18': watched(host, program(host, 'runc')),
    '1.2.1': info('harden plan says what a playbook would still change'),
    '1.2.2': info(
      `dockerd is ${host.serverVersion || 'of an unknown version'}: apt list --upgradable says whether there is a newer one`,
    ),
  };
}

/** Debian has dockerd in /usr/sbin, docker.com in /usr/bin. */
function program({ files }: CisHost, name: string): string {
  return [`/usr/sbin/${name}`, `/usr/bin/${name}`].find((path) => files.has(path)) ?? '';
}

function separate({ rootDirectory, mounts }: CisHost): CisFinding {
  // With userns-remap the root directory is one below the one that holds all.
  const base = rootDirectory.replace(/\/\d+\.\d+$/, '');
  return mounts.has(base) ? PASS : warn(`${base} is on the file system of the directory above it`);
}

function members({ members: found }: CisHost, trusted: readonly string[]): CisFinding {
  const doubtful = found.filter((name) => !trusted.includes(name));
  if (doubtful.length > 0 && trusted.length > 0) return warn('in the group docker, and not trusted', doubtful);
  if (found.length === 0) return trusted.length > 0 ? PASS : info('nobody is in the group docker');
  return trusted.length > 0 ? PASS : info('in the group docker; trusted_users says who may be', found);
}

/** PASS where the kernel has a rule for the path now, and the files bring it back after the next boot. */
function watched(host: CisHost, path: string): CisFinding {
  if (path === '' || !(host.files.has(path) || Object.values(host.units).includes(path)))
    return info(path === '' ? 'it is not on this host' : `${path} is not on this host`);
  if (host.noAudit !== undefined)
    return {
      ...warn(`this kernel keeps no audit rules: ${host.noAudit}`),
      ...(beyond(host.noAudit) ? { beyond: true } : {}),
    };
  const loaded = host.loadedRules.some((rule) => covers(rule, path));
  const kept = host.keptRules.some((rule) => covers(rule, path));
  if (loaded && kept) return PASS;
  if (loaded)
    return warn(`a rule for ${path} is loaded, and no file in /etc/audit/rules.d brings it back after the next boot`);
  return warn(kept ? `a rule for ${path} is in a file, and not loaded` : `no rule for ${path}`);
}

/** A package mends a missing auditctl; a kernel without audit cannot be mended from the host. */
function beyond(reason: string): boolean {
  return !/no auditctl/.test(reason);
}

/** Whether a rule of auditctl is about this path: itself, or a directory above it. */
export function covers(rule: string, path: string): boolean {
  const words = rule.trim().split(/\s+/);
  if (words[0] === '-W') return false;
  return words.some((word, at) => {
    const named = /^(?:path|dir)=(.+)$/.exec(word)?.[1] ?? (words[at - 1] === '-w' ? word : undefined);
    if (named === undefined) return false;
    const folder = named.replace(/\/+$/, '');
    return folder === path || (!word.startsWith('path=') && path.startsWith(`${folder}/`));
  });
}
