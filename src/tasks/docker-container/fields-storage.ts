import { mapAt } from '../support/docker/cli.ts';
import { type Field, flags, hostOf, pairs, sorted, textsAt } from './field.ts';
import type { DockerContainer } from './params.ts';

const TMPFS = 'noexec,nosuid,nodev,size=64m';

/** Where a container can write. */
export const storageFields: readonly Field[] = [
  {
    key: 'tmpfs',
    want: (p) => sorted(p.tmpfs.map(tmpfs)),
    read: (container) => pairs(mapAt(hostOf(container), 'Tmpfs'), ':'),
    args: (p) => flags('--tmpfs', p.tmpfs.map(tmpfs)),
  },
  {
    key: 'volumes',
    want: (p) => sorted(volumes(p)),
    read: (container) => sorted(textsAt(hostOf(container), 'Binds').map(volume)),
    args: (p) => flags('--volume', volumes(p)),
  },
];

/** Every volume and mount as `SOURCE:PATH[:OPTIONS]`. */
export function volumes(p: DockerContainer): readonly string[] {
  return [
    ...p.volumes.map(volume),
    ...p.mounts.map(({ source, target, read_only }) => `${source}:${target}${read_only ? ':ro' : ''}`),
  ];
}

function tmpfs(entry: string): string {
  return entry.includes(':') ? entry : `${entry}:${TMPFS}`;
}

function volume(entry: string): string {
  const [source = '', target = '', options = ''] = entry.split(':');
  const rest = sorted(options.split(',').filter((option) => option !== '' && option !== 'rw')).join(',');
  return [source, target, ...(rest === '' ? [] : [rest])].join(':');
}
