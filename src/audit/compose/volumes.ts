import type { ValueNode } from '../../playbook/nodes.ts';
import { isUndecided, type Mount, type Tmpfs } from '../workload/workload.ts';
import { placeOf } from './project.ts';
import { at, interpolated, itemsOf, scalarText, switchOf, textOf } from './values.ts';

/** The `volumes` of a service in both ways of writing them; a named volume that stands for a directory of the host is that directory. */
export function mountsOf(node: ValueNode | undefined, named: ReadonlyMap<string, ValueNode>): readonly Mount[] {
  return itemsOf(node).flatMap((item) => {
    const mount = item.kind === 'map' ? longMount(item) : shortMount(item);
    if (!mount) return [];
    const device = isUndecided(mount.source) ? undefined : deviceOf(named.get(mount.source));
    return [device === undefined ? mount : { ...mount, source: device }];
  });
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

function longMount(item: ValueNode): Mount | undefined {
  if (textOf(at(item, 'type')) === 'tmpfs') return undefined;
  const target = textOf(at(item, 'target'));
  const propagation = textOf(at(item, 'bind', 'propagation'));
  return {
    source: textOf(at(item, 'source')) ?? '',
    target: typeof target === 'string' ? target : '?',
    readOnly: switchOf(at(item, 'read_only')) === true,
    propagation: typeof propagation === 'string' ? propagation : '',
    at: placeOf(item),
  };
}

function shortMount(item: ValueNode): Mount | undefined {
  if (item.kind !== 'scalar' || item.value === null) return undefined;
  const parts = splitOutside(scalarText(item));
  if (parts.length < 2)
    return { source: '', target: parts[0] ?? '', readOnly: false, propagation: '', at: placeOf(item) };
  const [source = '', target = '', mode = ''] = parts;
  const modes = mode.split(',');
  return {
    source: interpolated(source),
    target,
    readOnly: modes.includes('ro'),
    propagation: modes.find((each) => /^r?(shared|slave|private)$/.test(each)) ?? '',
    at: placeOf(item),
  };
}

/** Splits at colons that do not stand in `${…}`. */
function splitOutside(text: string): readonly string[] {
  const held: string[] = [];
  const marked = text.replaceAll(/\$\{[^}]*\}/g, (variable) => `\u0001${held.push(variable) - 1}\u0001`);
  return marked
    .split(':')
    .map((part) => part.replaceAll(/\u0001(\d+)\u0001/g, (_, index) => held[Number(index)] ?? ''));
}

/** The directory of the host that a named volume is bound to by the options of its driver. */
function deviceOf(volume: ValueNode | undefined): string | undefined {
  const options = textOf(at(volume, 'driver_opts', 'o'));
  const device = textOf(at(volume, 'driver_opts', 'device'));
  const binds = typeof options === 'string' && options.split(',').some((option) => /^r?bind$/.test(option));
  return binds && typeof device === 'string' ? device : undefined;
}
