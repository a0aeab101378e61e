import type { ValueNode } from '../../playbook/nodes.ts';
import type { Maybe, Port } from '../workload/workload.ts';
import { placeOf } from './project.ts';
import { at, itemsOf, scalarText, textOf, variableIn } from './values.ts';

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
  const names: string[] = [];
  const marked = text.replaceAll(/\$\{[^}]*\}|\$[A-Za-z_]\w*/g, (variable) => {
    names.push(variable);
    return '\u0001';
  });
  const value = (part: string): Maybe<string> => {
    if (!part.includes('\u0001')) return part;
    return { undecided: `the environment decides: ${variableIn(names.join(' ')) ?? ''}` };
  };
  const [, ip, rest = ''] = /^(\[[^\]]*\]):(.*)$/.exec(marked) ?? [undefined, undefined, marked];
  const [ports = '', protocol = 'tcp'] = rest.split('/');
  const parts = ports.split(':');
  const container = parts.pop() ?? '';
  const host = parts.pop() ?? '';
  const written = ip?.slice(1, -1) ?? parts.join(':');
  const isOpen = written === '' && host.includes('\u0001');
  return {
    hostIp: isOpen ? value(host) : value(written),
    hostPort: value(host),
    containerPort: `${container.replaceAll('\u0001', '?')}/${protocol.replaceAll('\u0001', '?')}`,
  };
}
