import type { Facts } from '../remote/facts.ts';
import type { Script } from '../remote/sh.ts';
import type { PlannedTask } from './plan.ts';
import { settledLater } from './plan-tasks.ts';
import type { AnyTaskType, Finding, Foreseen } from './task.ts';

/** What one type asks the host of all its changes together. */
export interface Foresight {
  readonly type: AnyTaskType;
  readonly all: readonly Foreseen<unknown, never>[];
  readonly script: Script;
}

/** The questions of all types that look ahead over their known changes. */
export function foresights(
  planned: readonly PlannedTask[],
  isReady: (entry: PlannedTask) => boolean,
): readonly Foresight[] {
  const entries = planned.filter(
    (entry) => entry.change !== undefined && entry.unknown === undefined && isReady(entry),
  );
  return [...new Set(entries.map(({ task }) => task.type))].flatMap((type) => {
    const all = entries
      .filter(({ task }) => task.type === type)
      .map(({ task, change }) => ({ index: task.index, params: task.params, change })) as unknown as Foresight['all'];
    const script = type.foresee?.script(all);
    return script === undefined ? [] : [{ type, all, script }];
  });
}

/** The plan with what the answers mean for each task; one that an earlier change may settle is known after apply. */
export function withForesight(
  planned: readonly PlannedTask[],
  asked: readonly Foresight[],
  outputs: readonly string[],
  facts: Facts,
  ahead: readonly PlannedTask[],
): readonly PlannedTask[] {
  const found = new Map<number, readonly Finding[]>();
  for (const [at, { type, all }] of asked.entries())
    for (const [nth, findings] of (type.foresee?.findings(outputs[at] ?? '', all) ?? []).entries())
      if (findings.length > 0) found.set(all[nth]!.index, findings);
  return planned.map((entry) => {
    const findings = found.get(entry.task.index);
    if (findings === undefined) return entry;
    const earlier = ahead.filter(({ task }) => task.index < entry.task.index);
    return settledLater({ ...entry, findings: [...entry.findings, ...findings] }, facts, earlier);
  });
}
