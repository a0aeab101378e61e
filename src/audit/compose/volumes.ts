import type { ValueNode } from '../../playbook/nodes.ts';
import { shown } from '../interpolate.ts';
import { isUndecided, type Maybe, type Mount, type Tmpfs } from '../workload/workload.ts';
import { placeOf } from './project.ts';
import { behindLinks, type ComposeScalar, hostPath } from './surroundings.ts';
import { at, decidedText, itemsOf, scalarText, switchOf, textOf } from './values.ts';

/** What a service's mounts are judged with. */
export interface MountContext {
  /** Top-level `volumes`. */
  readonly named: ReadonlyMap<string, ValueNode>;
  readonly home: string;
}

/** The `volumes` of a service in both ways of writing them; a named volume that stands for a directory of the host is that directory. */
export function mountsOf(node: ValueNode | undefined, context: MountContext): readonly Mount[] {
  return itemsOf(node).flatMap((item) => {
    const mount = item.kind === 'map' ? longMount(item, context) : shortMount(item, context);
    if (!mount) return [];
    const { source } = mount;
    const device =
      isUndecided(source) || source.startsWith('/') ? undefined : deviceOf(context.named.get(source), context);
    return [device === undefined ? mount : { ...mount, ...device }];
  });
}

/** A file or directory of the host as Docker mounts it: links on the way are followed where this is the machine that they are on. */
export function hostSource(
  text: Maybe<string>,
  item: ValueNode,
  home: string,
): Pick<Mount, 'source' | 'written' | 'home'> {
  if (isUndecided(text) || text === '') return { source: text };
  const { folder = '' } = item as ComposeScalar;
  const path = hostPath(text, folder, home);
  // What stands in the file as a path of the host need not be here.
  const source = text.startsWith('/') ? path : behindLinks(path);
  const below = source === home ? '' : source.startsWith(`${home}/`) ? source.slice(home.length + 1) : undefined;
  return {
    source,
    ...(source === text ? {} : { written: text }),
    ...(below === undefined || home === '/' ? {} : { home: below }),
  };
}

/** `tmpfs:` and the volumes that are one. */
export function tmpfsOf(service: ValueNode): readonly Tmpfs[] {
  const short = itemsOf(at(service, 'tmpfs')).flatMap((item) => {
    const text = textOf(item);
    if (typeof text !== 'string') return [];
    const [path = '', options = ''] = text.split(':');
    return [{ path, options: options.split(',').filter(Boolean), at: placeOf(item) }];
  });
  const long = itemsOf(at(service, 'volumes')).flatMap((item) => {
    if (item.kind !== 'map' || textOf(at(item, 'type')) !== 'tmpfs') return [];
    const target = textOf(at(item, 'target'));
    const options = at(item, 'tmpfs', 'size') ? ['size='] : [];
    return [{ path: typeof target === 'string' ? target : '?', options, at: placeOf(item) }];
  });
  return [...short, ...long];
}

function longMount(item: ValueNode, { home }: MountContext): Mount | undefined {
  const type = textOf(at(item, 'type'));
  if (type === 'tmpfs') return undefined;
  const target = textOf(at(item, 'target'));
  const propagation = textOf(at(item, 'bind', 'propagation'));
  const node = at(item, 'source') ?? at(item, 'src');
  const text = textOf(node) ?? '';
  const named =
    type === 'volume' ||
    type === 'image' ||
    type === 'cluster' ||
    (type === undefined && typeof text === 'string' && !isPath(text));
  return {
    ...(named || !node ? { source: text } : hostSource(text, node, home)),
    target: typeof target === 'string' ? target : '?',
    readOnly: switchOf(at(item, 'read_only')) === true,
    propagation: typeof propagation === 'string' ? propagation : '',
    at: placeOf(item),
  };
}

/** What compose takes for a path, and not for the name of a volume. */
function isPath(text: string): boolean {
  return /^[./~]/.test(text);
}

function shortMount(item: ValueNode, { home }: MountContext): Mount | undefined {
  if (item.kind !== 'scalar' || item.value === null) return undefined;
  const parts = scalarText(item).split(':');
  if (parts.length < 2)
    return { source: '', target: parts[0] ?? '', readOnly: false, propagation: '', at: placeOf(item) };
  const [source = '', target = '', mode = ''] = parts;
  const modes = mode.split(',');
  const text = decidedText(source);
  return {
    ...(typeof text === 'string' && isPath(text) ? hostSource(text, item, home) : { source: text }),
    target: shown(target),
    readOnly: modes.includes('ro'),
    propagation: modes.find((each) => /^r?(shared|slave|private)$/.test(each)) ?? '',
    at: placeOf(item),
  };
}

/** The directory of the host that a named volume is bound to by the options of its driver. */
function deviceOf(
  volume: ValueNode | undefined,
  { home }: MountContext,
): Pick<Mount, 'source' | 'written'> | undefined {
  const options = textOf(at(volume, 'driver_opts', 'o'));
  const node = at(volume, 'driver_opts', 'device');
  const device = textOf(node);
  const binds = typeof options === 'string' && options.split(',').some((option) => /^r?bind$/.test(option));
  return binds && node && device !== undefined ? hostSource(device, node, home) : undefined;
}
