import type { RunDocument } from './document.ts';
import type { Paint } from './paint.ts';
import { printable } from './text-diff.ts';

/** The end of a run for people: each host that failed with its reason, and one line that counts. */
export function summaryText(document: RunDocument, paint: Paint): string {
  const lines = document.hosts
    .filter(({ error }) => error !== undefined)
    .map(({ host, status, error }) => `${paint('red', `${host}: ${status}`)}: ${printable(error ?? '')}`);
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
  lines.push(`${hosts} ${hosts === 1 ? 'host' : 'hosts'}: ${parts.join(', ')}`);
  return `${lines.join('\n')}\n`;
}
