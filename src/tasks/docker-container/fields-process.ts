import { mapAt, textAt } from '../support/docker/cli.ts';
import {
  configOf,
  type Field,
  flags,
  hostFlag,
  hostOf,
  numberAt,
  OF_IMAGE,
  pairs,
  same,
  sorted,
  textsAt,
} from './field.ts';
import type { DockerContainer } from './params.ts';

/** What runs in a container, and what it is told. */
export const processFields: readonly Field[] = [
  {
    key: 'command',
    want: (p) => (p.entrypoint ? [...p.entrypoint, ...(p.command ?? [])] : (p.command ?? OF_IMAGE)),
    read(container, image, p) {
      const words = textsAt(configOf(container), 'Cmd');
      if (p.entrypoint) return [...textsAt(configOf(container), 'Entrypoint'), ...words];
      return p.command === undefined && same(words, textsAt(configOf(image), 'Cmd')) ? OF_IMAGE : words;
    },
    args: () => [],
  },
  {
    key: 'entrypoint',
    want: (p) => (p.entrypoint ? undefined : OF_IMAGE),
    read(container, image) {
      const words = textsAt(configOf(container), 'Entrypoint');
      return same(words, textsAt(configOf(image), 'Entrypoint')) ? OF_IMAGE : words;
    },
    args: (p) => (p.entrypoint ? ['--entrypoint', p.entrypoint[0] ?? ''] : []),
  },
  imageText('user', 'User', '--user'),
  {
    key: 'groups',
    want: (p) => sorted(p.groups),
    read: (container) => sorted(textsAt(hostOf(container), 'GroupAdd')),
    args: (p) => flags('--group-add', p.groups),
  },
  imageText('working_dir', 'WorkingDir', '--workdir'),
  {
    key: 'hostname',
    want: (p) => p.hostname,
    read: (container) => textAt(configOf(container), 'Hostname'),
    args: (p) => (p.hostname === undefined ? [] : ['--hostname', p.hostname]),
  },
  {
    key: 'labels',
    want: (p) => pairs(p.labels),
    read(container, image, p) {
      const inherited = mapAt(configOf(image), 'Labels');
      const own = Object.entries(mapAt(configOf(container), 'Labels'));
      return pairs(Object.fromEntries(own.filter(([name, value]) => name in p.labels || inherited[name] !== value)));
    },
    args: (p) => flags('--label', pairs(p.labels)),
  },
  hostFlag('init', 'Init', '--init'),
  {
    key: 'stop_timeout',
    want: (p) => p.stop_timeout,
    read: (container) => numberAt(configOf(container), 'StopTimeout'),
    args: (p) => (p.stop_timeout === undefined ? [] : ['--stop-timeout', String(p.stop_timeout)]),
  },
  {
    key: 'log_driver',
    want: (p) => p.log_driver,
    read: (container) => textAt(mapAt(hostOf(container), 'LogConfig'), 'Type'),
    args: (p) => (p.log_driver === undefined ? [] : ['--log-driver', p.log_driver]),
  },
  {
    key: 'log_options',
    want: (p) => (p.log_options === undefined ? undefined : pairs(p.log_options)),
    // the daemon's log-opts are in the map as well
    read: (container, _image, p) =>
      pairs(
        Object.fromEntries(
          Object.entries(mapAt(mapAt(hostOf(container), 'LogConfig'), 'Config')).filter(
            ([name]) => name in (p.log_options ?? {}),
          ),
        ),
      ),
    args: (p) => flags('--log-opt', pairs(p.log_options ?? {})),
  },
];

/** What the words after the image are: with an entrypoint also its further words. */
export function commandWords(p: DockerContainer): readonly string[] {
  return [...(p.entrypoint ?? []).slice(1), ...(p.command ?? [])];
}

function imageText(key: 'user' | 'working_dir', name: string, flag: string): Field {
  return {
    key,
    want: (p) => p[key] ?? OF_IMAGE,
    read(container, image, p) {
      const value = textAt(configOf(container), name);
      return p[key] === undefined && value === textAt(configOf(image), name) ? OF_IMAGE : value;
    },
    args: (p) => {
      const value = p[key];
      return value === undefined ? [] : [flag, value];
    },
  };
}
