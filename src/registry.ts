import { hostAudits } from './audit/index.ts';
import type { Registry } from './playbook/registry.ts';
import { registry as tasks } from './tasks/index.ts';

/** All that a playbook may name: task types and audits. */
export const registry: Registry = { ...tasks, audits: hostAudits };
