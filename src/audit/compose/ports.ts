import type { ValueNode } from '../../playbook/nodes.ts';
import { openIn } from '../interpolate.ts';
import type { Port } from '../workload/workload.ts';
import { placeOf } from './project.ts';
import { at, decidedText, itemsOf, scalarText, textOf } from './values.ts';

/** The `ports` of a service in both ways of writing them. */
export function portsOf(node: ValueNode | undefined): readonly Port[] {
  return itemsOf(node).flatMap((item) => {
    if (item.kind === 'map') return longPort(item);
    return item.kind === 'scalar' && item.value !== null ? [{ ...shortPort(scalarText(item)), at: placeOf(item) }] : [];
  });
}

function longPort(item: ValueNode): Port[] {
  const target = textOf(at(item, 'target'));
  if (target === undefined) return [];
  const protocol = textOf(at(item, 'protocol'));
  return [
    {
      hostIp: textOf(at(item, 'host_ip')) ?? '',
      hostPort: textOf(at(item, 'published')) ?? '',
      containerPort: `${typeof target === 'string' ? target : '?'}/${typeof protocol === 'string' ? protocol : 'tcp'}`,
      at: placeOf(item),
    },
  ];
}

/** `[[IP:]HOST:]CONTAINER[/PROTOCOL]`; a variable in the place of the host's port may hold an address, too. */
function shortPort(text: string): Port {
  const [, ip, rest = ''] = /^(\[[^\]]*\]):(.*)$/.exec(text) ?? [undefined, undefined, text];
  const [ports = '', protocol = 'tcp'] = rest.split('/');
  const parts = ports.split(':');
  const container = parts.pop() ?? '';
  const host = parts.pop() ?? '';
  const written = ip?.slice(1, -1) ?? parts.join(':');
  const isOpen = written === '' && openIn(host) !== undefined;
  // a variable that stands alone may be any of them
  const alone = parts.length === 0 && host === '' && openIn(container) !== undefined;
  return {
    hostIp: isOpen ? decidedText(host) : alone ? decidedText(container) : decidedText(written),
    hostPort: decidedText(host),
    containerPort: `${withoutOpen(container)}/${withoutOpen(protocol)}`,
  };
}

function withoutOpen(text: string): string {
  return openIn(text) === undefined ? text : '?';
}
