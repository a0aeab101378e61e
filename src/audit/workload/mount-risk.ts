import { posix } from 'node:path';
import type { Severity } from '../result.ts';
import { isUndecided, type Mount } from './workload.ts';

/** Directories of the system; a container that has one whole can read, and mostly be, the host. */
const SYSTEM = [
  '/',
  '/bin',
  '/boot',
  '/dev',
  '/etc',
  '/home',
  '/lib',
  '/lib64',
  '/proc',
  '/root',
  '/run',
  '/sbin',
  '/sys',
  '/usr',
  '/var',
  '/var/lib',
  '/var/lib/containerd',
  '/var/lib/docker',
];

/** Below these, writing is as good as being root of the host. */
const WRITE_IS_ROOT = ['/bin', '/boot', '/etc', '/lib', '/lib64', '/root', '/sbin', '/usr', '/var/lib/docker'];

/** Below these, also reading gives secrets or the kernel away. */
const SECRETS = [
  '/dev/mem',
  '/dev/kmem',
  '/etc/docker',
  '/etc/gshadow',
  '/etc/kubernetes',
  '/etc/shadow',
  '/etc/ssh',
  '/etc/sudoers',
  '/etc/sudoers.d',
  '/proc/1',
  '/proc/kcore',
  '/proc/sys',
  '/proc/sysrq-trigger',
  '/root/.ssh',
  '/root/.docker',
  '/sys/fs/cgroup',
  '/sys/kernel',
  '/var/lib/docker/containers',
  '/var/lib/docker/volumes',
];

/** Mounted by many images, and harmless when they are only read. */
const HARMLESS = ['/etc/localtime', '/etc/timezone', '/etc/hosts', '/etc/hostname', '/etc/resolv.conf'];

/** In a home: what lets one in elsewhere. */
const HOME_SECRETS =
  /^(\.(ssh|docker|gnupg|aws|azure|kube|config\/(gcloud|gh|hub|rclone|op|sops)|local\/share\/keyrings|password-store|pki|vault-token|terraform\.d|netrc|pgpass|my\.cnf|npmrc|yarnrc(\.yml)?|pypirc|git-credentials|config\/git\/credentials|bash_history|zsh_history|mozilla|thunderbird))(\/|$)/;
/** In a home: what the next login runs. */
const HOME_PROGRAMS =
  /^(\.(profile|bashrc|bash_profile|bash_login|bash_logout|zshrc|zshenv|zprofile|zlogin|xsessionrc|xprofile|gitconfig|vimrc|config(\/(systemd|autostart|fish|git)(\/.*)?)?|local(\/bin(\/.*)?)?)|bin(\/.*)?)$/;

const SOCKETS = [
  '/run/docker.sock',
  '/run/containerd/containerd.sock',
  '/run/podman/podman.sock',
  '/run/crio/crio.sock',
];

/** How bad it is that the container has this part of the host; undefined: not at all. */
export function mountRisk(mount: Mount): Severity | undefined {
  const source = normalSource(mount);
  if (!source.startsWith('/')) return undefined;
  if (SYSTEM.includes(source)) return mount.readOnly ? 'medium' : 'high';
  if (SECRETS.some((path) => isUnder(source, path))) return 'high';
  const home =
    mount.home ??
    /^\/(?:root|home\/[^/]+)(?:\/(.*))?$/
      .exec(source)
      ?.slice(1)
      .map((below) => below ?? '')[0];
  if (home === '') return mount.readOnly ? 'medium' : 'high';
  if (home !== undefined && HOME_SECRETS.test(home)) return 'high';
  if (home !== undefined && !mount.readOnly && HOME_PROGRAMS.test(home)) return 'high';
  if (mount.readOnly || HARMLESS.includes(source)) return mount.readOnly ? undefined : 'medium';
  if (source !== '/dev/shm' && isUnder(source, '/dev')) return 'medium';
  return [...WRITE_IS_ROOT, '/proc', '/sys'].some((path) => isUnder(source, path)) ? 'medium' : undefined;
}

/** The socket itself, by whatever name, or a directory that it lies in; that it is read-only does not matter. */
export function mountsSocket(mount: Mount): boolean {
  const source = normalSource(mount);
  if (!source.startsWith('/')) return false;
  return /\/(docker|containerd|podman|crio)\.sock$/.test(source) || SOCKETS.some((socket) => isUnder(socket, source));
}

/** Debian's `/var/run` is `/run`. */
function normalSource({ source }: Mount): string {
  if (isUndecided(source) || !source.startsWith('/')) return isUndecided(source) ? '' : source;
  const path = posix.normalize(source).replace(/(.)\/$/, '$1');
  return path.replace(/^\/var\/run(\/|$)/, '/run$1').replace(/^\/var\/lock(\/|$)/, '/run/lock$1');
}

function isUnder(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder === '/' ? '/' : `${folder}/`);
}
