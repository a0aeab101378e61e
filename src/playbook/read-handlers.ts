import { asMap, checkKeys, readText } from './common-keys.ts';
import { describeNode, entryOf, isEmpty, type MapNode } from './nodes.ts';
import type { HandlerItem } from './playbook.ts';
import type { Problems } from './problems.ts';

const shape = 'Write handlers: { reload nginx: { check: nginx -t, run: systemctl reload nginx } }';

/** The `handlers:` of a file, in its order. */
export function readHandlers(map: MapNode, problems: Problems): readonly HandlerItem[] {
  const entry = entryOf(map, 'handlers');
  if (!entry || isEmpty(entry.value)) return [];
  if (entry.value.kind !== 'map') {
    problems.add(`\`handlers\` must be a map, and this is ${describeNode(entry.value)}`, entry.value.at, shape);
    return [];
  }
  return entry.value.entries.flatMap(({ key, keyAt, value }) => {
    const handler = asMap(value, `The handler \`${key}\``, keyAt, shape, problems);
    if (!handler) return [];
    checkKeys(handler, ['check', 'run'], 'A handler', {}, problems);
    const check = readText(handler, 'check', problems);
    const run = readText(handler, 'run', problems);
    if (run) return [{ name: key, at: keyAt, check, run }];
    if (!entryOf(handler, 'run')) problems.add(`The handler \`${key}\` has no \`run\``, keyAt, shape);
    return [];
  });
}
