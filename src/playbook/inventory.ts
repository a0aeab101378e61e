import { checkKeys } from './common-keys.ts';
import { type InventoryGroup, readGroups } from './inventory-groups.ts';
import { type HostEntry, readHosts } from './inventory-hosts.ts';
import type { Inventory, InventoryHost } from './inventory-shape.ts';
import { readInventoryVars } from './inventory-vars.ts';
import { describeNode, entryOf, isEmpty } from './nodes.ts';
import { collectProblems } from './problems.ts';
import type { Vars } from './vars.ts';
import { readYaml } from './yaml-source.ts';

/** Reads an inventory; throws a UserError with all mistakes. */
export async function loadInventory(file: string): Promise<Inventory> {
  const problems = collectProblems();
  const { root } = await readYaml(file, 'inventory', undefined, problems);
  if (root?.kind !== 'map') {
    const what =
      !root || isEmpty(root) ? `${file} is empty` : `An inventory must be a map, and this is ${describeNode(root)}`;
    problems.add(what, root?.at ?? { file, line: 1, column: 1 }, shape);
    throw problems.error();
  }
  checkKeys(root, ['hosts', 'groups', 'vars'], 'An inventory', foreign, problems);
  const hosts = readHosts(root, problems);
  const groups = readGroups(root, hosts, problems);
  const vars = readInventoryVars(entryOf(root, 'vars')?.value, problems);
  if (problems.count === 0 && hosts.length === 0) problems.add(`${file} lists no hosts`, root.at, shape);
  problems.throwIfAny();
  return { file, hosts: hosts.map((host) => complete(host, groups, vars)), groups: groups.map(({ name }) => name) };
}

const shape = 'Write hosts: { web1: { address: 192.0.2.10, user: admin } }';

const foreign: Readonly<Record<string, string>> = {
  all: 'Write `hosts:`, `groups:` and `vars:` at the top, without `all:`',
  children: 'Write `groups:`',
  group: 'Write `groups:`',
};

function complete(host: HostEntry, groups: readonly InventoryGroup[], vars: Vars): InventoryHost {
  const own = groups.filter((group) => group.hosts.has(host.name));
  return {
    name: host.name,
    ...(host.address === undefined ? {} : { address: host.address }),
    ...(host.port === undefined ? {} : { port: host.port }),
    ...(host.user === undefined ? {} : { user: host.user }),
    vars: Object.assign({}, vars, ...own.map((group) => group.vars), host.vars),
    groups: own.map(({ name }) => name),
  };
}
