import type { ValueNode } from '../../playbook/nodes.ts';
import { isUndecided, type Workload } from '../workload/workload.ts';
import { placeOf } from './project.ts';
import { at, itemsOf, switchOf, textOf } from './values.ts';

/** What of a service has rights of the host beside its container: its build, and its hooks. */
export function extrasOf(service: ValueNode): NonNullable<Workload['extras']> {
  const build = at(service, 'build');
  const hooks = ['post_start', 'pre_stop'].flatMap((key) =>
    itemsOf(at(service, key)).flatMap((hook) => privileged(at(hook, 'privileged'), `the hook ${key} is privileged`)),
  );
  const entitlements = itemsOf(at(build, 'entitlements')).flatMap((item): NonNullable<Workload['extras']> => {
    const name = textOf(item);
    if (name === undefined) return [];
    const place = placeOf(item);
    if (isUndecided(name)) return [{ value: name, at: place }];
    return /^(security\.insecure|network\.host|device)/.test(name)
      ? [{ value: `the build may have ${name}`, at: place }]
      : [];
  });
  const network = at(build, 'network');
  const mode = textOf(network);
  return [
    ...privileged(at(build, 'privileged'), 'the build is privileged'),
    ...entitlements,
    ...(isUndecided(mode) || mode === 'host'
      ? [{ value: isUndecided(mode) ? mode : "the build is in the host's network", at: placeOf(network) }]
      : []),
    ...hooks,
  ];
}

function privileged(node: ValueNode | undefined, said: string): NonNullable<Workload['extras']> {
  const value = switchOf(node);
  if (isUndecided(value)) return [{ value, at: placeOf(node) }];
  return value === true ? [{ value: said, at: placeOf(node) }] : [];
}
