import type { ValueNode } from '../../playbook/nodes.ts';
import { isUndecided, type Mount } from '../workload/workload.ts';
import { type ComposeProject, placeOf, type Service } from './project.ts';
import { at, itemsOf, switchOf, textOf } from './values.ts';
import { hostSource, mountsOf } from './volumes.ts';

/** All that a service has of the host's files, by whatever key. */
export function allMounts(
  { name, node }: Service,
  project: ComposeProject,
  seen: readonly string[] = [],
): readonly Mount[] {
  const get = (key: string) => at(node, key);
  return [
    ...mountsOf(get('volumes'), { named: project.volumes, home: project.home }),
    ...itemsOf(get('volumes_from')).flatMap((item) => mountsFrom(item, project, [...seen, name])),
    ...itemsOf(get('secrets')).flatMap((item) => fileMount(item, project.secrets, '/run/secrets/', project)),
    ...itemsOf(get('configs')).flatMap((item) => fileMount(item, project.configs, '/', project)),
    ...itemsOf(at(node, 'build', 'secrets')).flatMap((item) =>
      fileMount(item, project.secrets, 'build: /run/secrets/', project),
    ),
    ...apiSocket(get('use_api_socket')),
  ];
}

/** The mounts of another service; of a container that the file does not make, nothing is known. */
function mountsFrom(item: ValueNode, project: ComposeProject, seen: readonly string[]): readonly Mount[] {
  const text = textOf(item);
  if (text === undefined) return [];
  const place = placeOf(item);
  const unknown = (reason: string): Mount => ({
    source: { undecided: reason },
    target: '?',
    readOnly: false,
    propagation: '',
    at: place,
  });
  if (isUndecided(text)) return [unknown(text.undecided)];
  const external = text.startsWith('container:');
  const [name = '', mode] = (external ? text.slice('container:'.length) : text).split(':');
  if (external) return [unknown(`the mounts of the container ${name} are not in the file`)];
  const other = project.services.find((service) => service.name === name);
  if (!other || seen.includes(name)) return [];
  return allMounts(other, project, seen).map((mount) => ({
    ...mount,
    at: place,
    readOnly: mount.readOnly || mode === 'ro',
  }));
}

/** A secret or a config whose content is a file of the host; it is only read. */
function fileMount(
  item: ValueNode,
  known: ReadonlyMap<string, ValueNode>,
  folder: string,
  { home }: ComposeProject,
): readonly Mount[] {
  const name = textOf(item.kind === 'map' ? at(item, 'source') : item);
  if (typeof name !== 'string') return [];
  const file = at(known.get(name), 'file');
  const text = textOf(file);
  if (file === undefined || text === undefined) return [];
  const target = item.kind === 'map' ? textOf(at(item, 'target')) : undefined;
  const inside = typeof target === 'string' ? target : name;
  return [
    {
      ...hostSource(text, file, home),
      target: inside.startsWith('/') ? inside : `${folder}${inside}`,
      readOnly: true,
      propagation: '',
      at: placeOf(item),
    },
  ];
}

function apiSocket(node: ValueNode | undefined): readonly Mount[] {
  if (switchOf(node) !== true) return [];
  const socket = '/var/run/docker.sock';
  return [{ source: socket, target: socket, readOnly: false, propagation: '', at: placeOf(node) }];
}
