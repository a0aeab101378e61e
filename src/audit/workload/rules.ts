import type { AuditCheck } from '../result.ts';
import { FILE_RULES } from './files.ts';
import { IMAGE_RULES } from './image.ts';
import { LIMIT_RULES } from './limits.ts';
import { NAMESPACE_RULES } from './namespaces.ts';
import { NETWORK_RULES } from './network.ts';
import { OPERATION_RULES } from './operation.ts';
import { PRIVILEGE_RULES } from './privileges.ts';
import { judge, type Rule, type RuleSettings } from './rule.ts';
import type { Workload } from './workload.ts';

/** All that is asked of a container, in the order of reports. */
export const RULES: readonly Rule[] = [
  ...PRIVILEGE_RULES,
  ...FILE_RULES,
  ...NETWORK_RULES,
  ...LIMIT_RULES,
  ...NAMESPACE_RULES,
  ...IMAGE_RULES,
  ...OPERATION_RULES,
];

/** A check for each rule and each workload. */
export function judgeAll(workloads: readonly Workload[], settings: RuleSettings): readonly AuditCheck[] {
  return workloads.flatMap((workload) => RULES.flatMap((rule) => judge(rule, workload, settings)));
}
