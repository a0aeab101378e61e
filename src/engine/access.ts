import type { Facts } from '../remote/facts.ts';
import type { AccessEffect, WayIn } from './access-effect.ts';
import type { PlannedTask } from './plan.ts';
import type { ResolvedTask } from './resolved-task.ts';
import type { Finding } from './task.ts';

/** The way in that the playbook leaves open: the administrator it makes where root may not log in any more, and sshd's new port. */
export function accessAfter(tasks: readonly PlannedTask[], facts: Facts): WayIn {
  const effects = accessEffects(tasks);
  const sshd = Object.assign({}, ...effects.map((effect) => effect.sshd ?? {})) as NonNullable<AccessEffect['sshd']>;
  const port = sshd.ports && facts.ssh && !sshd.ports.includes(facts.ssh.port) ? sshd.ports[0] : undefined;
  const user = facts.login === 'root' && sshd.permitRootLogin === 'no' ? administrator(effects) : undefined;
  return { user, port };
}

/** The first account that the playbook leaves both with a key and with a way to root. */
export function administrator(effects: readonly AccessEffect[]): string | undefined {
  const keyed = new Set(effects.flatMap(({ key }) => (key ? [key.user] : [])));
  return effects
    .flatMap((effect) => (effect.administrator?.able ? [effect.administrator.user] : []))
    .find((user) => keyed.has(user));
}

function accessEffects(tasks: readonly PlannedTask[]): readonly AccessEffect[] {
  return effectsOf(tasks.map(({ task }) => task));
}

/** How the tasks that are not skipped bear on who can log in, in order. */
export function effectsOf(tasks: readonly ResolvedTask[]): readonly AccessEffect[] {
  return tasks.flatMap((task) => (task.skipped === undefined ? (task.type.access?.(task.params) ?? []) : []));
}

/** Refusals that only all tasks together show, by the index of the task to blame: a run as root that shuts root out and leaves no administrator. */
export function accessRefusals(tasks: readonly PlannedTask[], facts: Facts): ReadonlyMap<number, Finding> {
  const refusals = new Map<number, Finding>();
  if (facts.login !== 'root') return refusals;
  const effects = accessEffects(tasks);
  if (administrator(effects) !== undefined) return refusals;
  for (const { task, change } of tasks) {
    if (!change || task.skipped !== undefined) continue;
    const own = [task.type.access?.(task.params) ?? []].flat() as readonly AccessEffect[];
    if (!own.some(({ sshd }) => sshd?.permitRootLogin === 'no') || !change.keys.includes('PermitRootLogin')) continue;
    const able = effects.flatMap((effect) => (effect.administrator?.able ? [effect.administrator.user] : []));
    const missing =
      able.length > 0
        ? `${able.join(', ')} may use sudo but gets no key from this playbook`
        : 'no task leaves an administrator with a key and sudo';
    refusals.set(task.index, {
      level: 'refuse',
      message: `would leave no way in: root may not log in any more, and ${missing}`,
      hint: 'Add a user task with the group sudo and an authorized_key task for the same user, or run harden as the administrator instead of root',
    });
  }
  return refusals;
}
