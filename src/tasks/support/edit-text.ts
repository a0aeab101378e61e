import type { FileRead } from '../../engine/ask-files.ts';
import { HostError } from '../../errors.ts';
import { raw, type Script, sh } from '../../remote/sh.ts';
import type { FileAttributes } from './file-attributes.ts';
import { type AttributeState, actualAttributes } from './file-params.ts';
import { toHostRegexp } from './host-regexp.ts';
import { fileRead, parseFile, readFile } from './read-file.ts';

/** Where a new line or block goes; neither: to the end. */
export interface Placement {
  /** A regular expression, or EOF. */
  readonly insertafter?: string | undefined;
  /** A regular expression, or BOF. */
  readonly insertbefore?: string | undefined;
}

export interface EditedFile {
  readonly attributes: AttributeState & { readonly target?: string };
  /** What the probe's own part printed. */
  readonly found: string;
}

/** What `probeEditedFile` reads of the file itself, for a batch. */
export function readsEditedFile(path: string): readonly FileRead[] {
  return fileRead(path, { content: 'facts' });
}

/** Script that prints the facts of a regular file, and then what `look` prints, which reads `$old`. */
export function probeEditedFile(path: string, look: Script): Script {
  return sh`${raw(readFile(path, { content: 'facts' }))}old=\${at:-$path}
if [ -f "$old" ]; then
  if [ -n "$at" ]; then harden_copied "\${size:-$(stat -c %s -- "$at")}"; fi
  printf '\\0'
${raw(look)}
fi
`;
}

/** Parses what `probeEditedFile` printed; null where there is no such file. */
export function readEditedFile(output: string, file: FileAttributes & { readonly path: string }): EditedFile | null {
  const facts = output.split('\0', 1)[0] ?? '';
  const state = parseFile(facts);
  if (state === null) return null;
  if (state.kind !== 'file') throw new HostError(`${file.path} is not a regular file on the host`);
  const target = state.target === undefined ? {} : { target: state.target };
  return { attributes: { ...actualAttributes(state, file), ...target }, found: output.slice(facts.length + 2) };
}

/** Lines of script that print the lines of `$old` in which a regular expression is found, with `flags` for grep. The expression is in no program's arguments. */
export function grepLines(regexp: string, flags: string): Script {
  const { pattern, ignoreCase } = toHostRegexp(regexp);
  return grepFor(pattern, `E${ignoreCase ? 'i' : ''}${flags}`);
}

/** Command that succeeds where a regular expression is found in `line`, which is in no program's arguments. */
export function finds(regexp: string, line: string): Script {
  const { pattern, ignoreCase } = toHostRegexp(regexp);
  return sh`printf '%s\\n' ${line} | grep -qaE${raw(ignoreCase ? 'i' : '')} -e ${pattern}`;
}

/** Like `grepLines`, for lines that are exactly `line`. */
export function grepExactly(line: string, flags: string): Script {
  return grepFor(line, `xF${flags}`);
}

// A here-document costs no process, as a pipe would
function grepFor(pattern: string, flags: string): Script {
  return sh`pattern=${pattern}
grep -a${raw(flags)} -f - -- "$old" <<pattern
$pattern
pattern
`;
}

/** Script that sets `$at` to the number of the line of `$old` behind which something new goes; `first`: by the first match of the placement's expression, not the last. */
export function findPlace({ insertafter, insertbefore }: Placement, first: boolean): Script {
  if (insertbefore === 'BOF') return 'at=0\n';
  const end = 'at=$(($(wc -l <"$old") + 1))';
  const regexp = insertbefore ?? insertafter ?? 'EOF';
  if (regexp === 'EOF') return `${end}\n`;
  return sh`matches=$(${raw(grepLines(regexp, 'n'))}) || [ $? -eq 1 ] || exit 65
${raw(pickMatch('matches', first))}if [ -n "$number" ]; then at=${raw(insertbefore === undefined ? '$number' : '$((number - 1))')}; else ${raw(end)}; fi
`;
}

/** Script that sets `$number` and `$text` to one line of a variable that holds what `grep -n` printed; both are empty where it is. */
export function pickMatch(variable: string, first: boolean): Script {
  return `newline='
'
match=\${${variable}${first ? '%%"$newline"*' : '##*"$newline"'}}
number=\${match%%:*} text=\${match#*:}
`;
}

/** Command that prints `$old` with lines put in behind the line `$at`, which gets its newline if it has none. */
export function printInserted(lines: string): Script {
  return sh`head -n "$at" -- "$old" && { [ -z "$(head -n "$at" -- "$old" | tail -c 1)" ] || echo; } && printf '%s\\n' ${lines} && tail -n "+$((at + 1))" -- "$old"`;
}
