import { structuredPatch } from 'diff';
import type { ShownChange } from '../engine/shown.ts';
import type { StateValue } from '../engine/state.ts';
import { oneLine, visible } from '../text/clean.ts';
import type { Paint } from './paint.ts';

/** The lines that show one changed key: a unified diff for texts of several lines, else `key: before → after`. */
export function changeLines(change: ShownChange, paint: Paint, unknown: boolean): string[] {
  const { key, before, after } = change;
  const texts = [before, after].map(asText);
  if (texts.some((text) => text?.includes('\n'))) return [`${key}:`, ...unified(texts[0] ?? '', texts[1] ?? '', paint)];
  if (Array.isArray(before) || Array.isArray(after)) return listLines(key, before, after, paint, unknown);
  const old = unknown ? paint('dim', '(known after apply)') : before === null ? undefined : paint('red', show(before));
  const now = after === null ? paint('red', '(removed)') : paint('green', show(after));
  return [old === undefined ? `${key}: ${now}` : `${key}: ${old} → ${now}`];
}

/** A unified diff with three lines of context, without file headers; long unlike texts are shown whole. */
export function unified(before: string, after: string, paint: Paint): string[] {
  const patch = structuredPatch('', '', before, after, '', '', { context: 3, timeout: 500 });
  const hunks = patch?.hunks ?? [];
  if (!patch)
    return [
      ...before.split('\n').map((line) => paint('red', `-${visible(line)}`)),
      ...after.split('\n').map((line) => paint('green', `+${visible(line)}`)),
    ];
  return hunks.flatMap((hunk) => [
    paint('cyan', `@@ -${range(hunk.oldStart, hunk.oldLines)} +${range(hunk.newStart, hunk.newLines)} @@`),
    ...hunk.lines.map((line) => paintLine(visible(line), paint)),
  ]);
}

/** An empty side stands at the line before it: 0 where the file is new. */
function range(start: number, lines: number): string {
  return `${lines === 0 ? start - 1 : start},${lines}`;
}

function listLines(
  key: string,
  before: StateValue | null,
  after: StateValue | null,
  paint: Paint,
  unknown: boolean,
): string[] {
  const old = list(before);
  const now = list(after);
  const gone = old.filter((item) => !now.includes(item)).map((item) => paint('red', `-${oneLine(item.trim())}`));
  const come = now.filter((item) => !old.includes(item)).map((item) => paint('green', `+${oneLine(item.trim())}`));
  return [
    `${key}:${unknown ? paint('dim', ' (known after apply)') : ''}`,
    ...[...gone, ...come].map((line) => `  ${line}`),
  ];
}

function list(value: StateValue | null): readonly string[] {
  if (value === null) return [];
  return Array.isArray(value) ? value : [String(value)];
}

function asText(value: StateValue | null): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function show(value: StateValue): string {
  return value === '' ? '""' : visible(String(value));
}

function paintLine(line: string, paint: Paint): string {
  if (line.startsWith('+')) return paint('green', line);
  if (line.startsWith('-')) return paint('red', line);
  return paint('dim', line);
}
