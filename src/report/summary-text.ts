import { visible } from '../text/clean.ts';
import type { RunDocument } from './document.ts';
import type { Paint } from './paint.ts';

/** The end of a run for people: each host that failed with its reason, and one line that counts. */
export function summaryText(document: RunDocument, paint: Paint): string {
  const lines = document.hosts
    .filter(({ error }) => error !== undefined)
    .map(
      ({ host, status, error, changes }) =>
        `${paint('red', `${host}: ${status}`)}${changes ? `, ${made(changes)}` : ''}: ${visible(error ?? '')}`,
    );
  const { hosts, changed, unchanged, failed, unreachable } = document.summary;
  const good =
    document.command === 'audit'
      ? [`${changed + unchanged} audited`]
      : [`${changed} ${document.command === 'apply' ? 'changed' : 'with changes pending'}`, `${unchanged} unchanged`];
  const parts = [
    ...good,
    ...(failed > 0 ? [paint('red', `${failed} failed`)] : []),
    ...(unreachable > 0 ? [paint('red', `${unreachable} unreachable`)] : []),
  ];
  // A file has no facts, and nothing to be reached.
  const files = document.hosts.filter(({ facts, status }) => facts === null && status === 'ok').length;
  const things = [
    counted(files, 'file'),
    files > 0 && files === hosts ? undefined : counted(hosts - files, 'host', files === 0),
  ];
  const all = document.hosts.flatMap(({ changes }) => changes ?? []);
  const sum = (of: 'made' | 'planned') => all.reduce((total, each) => total + each[of], 0);
  const total = sum('planned') > 0 ? `; ${made({ made: sum('made'), planned: sum('planned') })}` : '';
  lines.push(`${things.filter(Boolean).join(' and ')}: ${parts.join(', ')}${total}`);
  const next = nextStep(document);
  if (next) lines.push(paint('dim', `next: ${next}`));
  return `${lines.join('\n')}\n`;
}

/** What a person does after this; undefined where nothing is left to do. */
function nextStep({ command, playbook, summary }: RunDocument): string | undefined {
  const { changed, failed, unreachable } = summary;
  if (command === 'plan' && failed + unreachable === 0 && changed > 0)
    return `harden apply ${playbook ?? 'PLAYBOOK'}, with the same options`;
  if (command === 'apply' && failed > 0)
    return 'mend what failed and run it again: it does the rest; harden rollback takes back what was done';
  return undefined;
}

/** `15 of 17 changes made`. */
function made({ made, planned }: { readonly made: number; readonly planned: number }): string {
  return `${made} of ${planned} ${planned === 1 ? 'change' : 'changes'} made`;
}

function counted(count: number, noun: string, always = false): string | undefined {
  return count > 0 || always ? `${count} ${count === 1 ? noun : `${noun}s`}` : undefined;
}
