import { describeNode, isEmpty, type ValueNode } from './nodes.ts';
import type { Problems } from './problems.ts';
import { type Vars, varsOf } from './vars.ts';

/** The variables under a `vars:` of an inventory; mistakes go to `problems`. */
export function readInventoryVars(node: ValueNode | undefined, problems: Problems): Vars {
  if (!node || isEmpty(node)) return {};
  if (node.kind !== 'map') {
    problems.add(`\`vars\` must be a map, and this is ${describeNode(node)}`, node.at, 'Write vars: { name: value }');
    return {};
  }
  try {
    return varsOf(node);
  } catch (error) {
    problems.catch(error);
    return {};
  }
}
