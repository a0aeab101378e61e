import { HOST_FILES } from '../engine/host-files/index.ts';
import type { HostPlan } from '../engine/plan.ts';
import { formatPosition } from '../errors.ts';

/** The shell that apply would run, in order, readable and checkable with `sh -n`: each step under the task that it belongs to. */
export function planScript(plan: HostPlan): string {
  const lines = [`# ${plan.host}: what apply would run, as root, each part in a subshell of its own with set -eu`];
  if (plan.tasks.some(({ script }) => script !== undefined))
    lines.push('', '# for paths that others than root may change', HOST_FILES.trimEnd());
  for (const planned of plan.tasks) {
    if (!planned.change) continue;
    lines.push('', `# ${planned.task.index + 1}. ${oneLine(planned.task.name)} (${formatPosition(planned.task.at)})`);
    if (planned.script === undefined) lines.push(`# known after apply: ${oneLine(planned.unknown ?? '')}`);
    else lines.push('(', 'set -eu', planned.task.sensitive ? '# (sensitive)\n:' : planned.script, ')');
  }
  for (const handler of plan.handlers) {
    lines.push('', `# handler: ${oneLine(handler.name)}`, '(', 'set -eu');
    if (handler.check) lines.push(`(\n${handler.check}\n)`);
    lines.push(handler.run, ')');
  }
  return plan.masker.text(`${lines.join('\n')}\n`);
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ');
}
