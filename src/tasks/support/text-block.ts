import { raw, type Script, sh } from '../../remote/sh.ts';
import { findPlace, type Placement, printInserted } from './edit-text.ts';

/** Some lines of a file between two marker lines. */
export interface TextBlock extends Placement {
  readonly path: string;
  /** One line that holds `{mark}`, which becomes BEGIN and END. */
  readonly marker: string;
  /** The lines between the markers. */
  readonly block: string;
}

/** Script that prints the numbers of the marker lines of `$old` (0: not there; an end of -1: several), and then the lines from one to the other. */
export function lookAtBlock(marker: string): Script {
  return sh`${raw(locate(marker))}printf '%s %s\\n' "$begin" "$end"
[ "$begin" -eq 0 ] || [ "$end" -lt "$begin" ] || sed -n "$begin,\${end}p" -- "$old"`;
}

/** Script that prints `$old` with the block in it: in the place of the one that is there, else where it goes. Needs `refuse` of enterParent. */
export function printWithBlock(task: TextBlock): Script {
  const lines = `${mark(task.marker, 'BEGIN')}\n${terminated(task.block)}${mark(task.marker, 'END')}`;
  return sh`${raw(locateWhole(task))}if [ "$begin" -gt 0 ]; then
  ${raw(BEFORE)} && printf '%s\\n' ${lines} && ${raw(BEHIND)}
else
  ${raw(findPlace(task, false))}  ${raw(printInserted(lines))}
fi`;
}

/** Script that prints `$old` without the block and its markers. Needs `refuse` of enterParent. */
export function printWithoutBlock(task: Pick<TextBlock, 'path' | 'marker'>): Script {
  return `${locateWhole(task)}if [ "$begin" -eq 0 ]; then cat -- "$old"; else ${BEFORE} && ${BEHIND}; fi`;
}

/** The marker line of one end. */
export function mark(marker: string, which: 'BEGIN' | 'END'): string {
  return marker.replaceAll('{mark}', which);
}

/** The text with a newline at its end, unless it is empty. */
export function terminated(text: string): string {
  return text === '' || text.endsWith('\n') ? text : `${text}\n`;
}

const BEFORE = 'head -n "$((begin - 1))" -- "$old"';
const BEHIND = 'tail -n "+$((end + 1))" -- "$old"';

function locateWhole({ path, marker }: Pick<TextBlock, 'path' | 'marker'>): Script {
  return sh`${raw(locate(marker))}{ [ "$begin" -eq 0 ] && [ "$end" -eq 0 ]; } || { [ "$begin" -gt 0 ] && [ "$begin" -lt "$end" ]; } || refuse ${`${path} has half a block, or the block more than once`}
`;
}

/** Sets `$begin` and `$end` to the numbers of the marker lines in `$old`; 0 for one that is missing, and an end of -1 where there are several. */
function locate(marker: string): Script {
  return sh`marks=$(begin=${mark(marker, 'BEGIN')} end=${mark(marker, 'END')} awk '
  { sub(/\\r$/, "") }
  $0 "" == ENVIRON["begin"] "" { b = NR; begins++ }
  $0 "" == ENVIRON["end"] "" { e = NR; ends++ }
  END { if (begins > 1 || ends > 1) e = -1; print b + 0, e + 0 }' <"$old") || exit 65
begin=\${marks% *} end=\${marks#* }
`;
}
