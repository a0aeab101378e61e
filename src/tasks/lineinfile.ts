import { posix } from 'node:path';
import { z } from 'zod';
import type { Change } from '../engine/diff.ts';
import { defineTask } from '../engine/task.ts';
import { HostError } from '../errors.ts';
import { raw, type Script, sh } from '../remote/sh.ts';
import { validateCandidate } from './support/candidate.ts';
import { proofForPath } from './support/docker/prove-docker.ts';
import { editParams, hasOnePlace } from './support/edit-params.ts';
import {
  findPlace,
  finds,
  grepExactly,
  grepLines,
  pickMatch,
  printInserted,
  probeEditedFile,
  readEditedFile,
  readsEditedFile,
} from './support/edit-text.ts';
import { type AttributeState, attributeNeeds, wantedAttributes } from './support/file-params.ts';
import { lineRegexp } from './support/host-regexp.ts';
import { transformFile } from './support/replace-file.ts';
import { setAttributes } from './support/set-attributes.ts';
import { keptPaths, riskOf } from './support/whole-file.ts';

const params = z
  .strictObject({
    ...editParams,
    line: z
      .string()
      .regex(/^[^\0\n]*$/, 'one line holds no newline: for several lines there is blockinfile')
      .optional()
      .describe('The line as it should be. With `state: absent` and no `regexp`: the line that goes.'),
    regexp: lineRegexp
      .optional()
      .describe(
        'The last line in which it is found becomes `line`; with `state: absent`, every line in which it is found goes. It should find `line` too.',
      ),
    firstmatch: z.boolean().default(false).describe('The first match counts, not the last.'),
  })
  .refine(hasOnePlace, 'write one of insertafter and insertbefore')
  .refine(({ state, line }) => state === 'absent' || line !== undefined, 'line is missing: what should the line be?')
  .refine(
    ({ state, line, regexp }) => state === 'present' || line !== '' || regexp !== undefined,
    'an empty line would take all empty lines out: write what should go (is a variable empty?), or regexp: ^$ where that is meant',
  )
  .refine(
    ({ line, regexp }) => line !== undefined || regexp !== undefined,
    'write line or regexp: what should not be there?',
  );

type LineParams = z.output<typeof params>;
type LineState =
  | (AttributeState & {
      /** The line that `line` would replace, or that is it already. */
      readonly line?: string;
      /** With `state: absent`: the lines that should go. */
      readonly lines?: readonly string[];
      /** The real path, where the path is a link to it. */
      readonly target?: string;
    })
  | null;

/** One line of a file. */
export const lineinfileTask = defineTask<LineParams, LineState>({
  type: 'lineinfile',
  summary: 'One line of a text file: present, replaced, or absent.',
  notes:
    'Reads the lines of the file, its owner, group and mode. Several tasks may edit one file: each speaks of its own line, and what the others wrote stays. Regular expressions are those of Perl and Python as far as GNU `grep -E` can follow (no lookahead, no lookbehind); one line is searched at a time. The file is written beside and renamed, and checked as a whole like one that `copy` writes. For sshd, Docker and sysctl prefer their own types.',
  params,
  examples: [
    { path: '/etc/login.defs', regexp: '^\\s*UMASK\\s', line: 'UMASK 027' },
    { path: '/etc/securetty', regexp: '^pts/', state: 'absent' },
    { path: '/etc/hosts', line: '192.0.2.10 registry.example', insertafter: '^127\\.0\\.0\\.1' },
  ],
  id: ({ path, regexp, line }) => `${path} ${regexp ?? line ?? ''}`,
  probe: (task) => probeEditedFile(task.path, look(task)),
  reads: ({ path }) => readsEditedFile(path),
  read: (output, task) => {
    const file = readEditedFile(output, task);
    if (file === null) return null;
    const lines = file.found.split('\n').slice(0, -1);
    if (task.state === 'absent') return { lines, ...file.attributes };
    if (lines.shift() === 'unsettled')
      throw new HostError(
        `${task.path} has several lines in which ${task.regexp} is found, and it is not found in \`line\``,
        {
          hint: 'Each run would replace another one: write a regexp that finds the line too, or remove the others with a task of their own',
        },
      );
    return { ...(lines[0] === undefined ? {} : { line: lines[0] }), ...file.attributes };
  },
  want: (task, _facts, before) => {
    if (task.state === 'present') return { line: task.line ?? '', ...wantedAttributes(task) };
    return before === null ? null : { lines: [], ...wantedAttributes(task) };
  },
  apply: (change, task) =>
    changesText(change) ? transformFile({ ...task, produce: produce(task) }) : setAttributes(task.path, task),
  validate: (change, task) =>
    changesText(change) ? validateCandidate({ ...task, produce: produce(task) }) : undefined,
  needs: (task) => {
    if (task.state === 'absent') return attributeNeeds(task);
    return [task.create ? `directory:${posix.dirname(task.path)}` : `path:${task.path}`, ...attributeNeeds(task)];
  },
  provides: ({ path, state }) => (state === 'present' ? [`path:${path}`] : []),
  proof: ({ path }) => proofForPath(path),
  risk: ({ path }, change) => riskOf(path, change.before),
  keeps: ({ path }, change) => keptPaths(path, change.before),
});

function look(task: LineParams): Script {
  if (task.state === 'absent') return `{ ${unwanted(task, '')}} || [ $? -eq 1 ] || exit 65`;
  return sh`${raw(locate(task))}${raw(settles(task))}
[ -z "$number" ] || printf '%s\\n' "$text"`;
}

function produce(task: LineParams): Script {
  if (task.state === 'absent') return `{ ${unwanted(task, 'v')}} || [ $? -eq 1 ]`;
  const missing = task.create ? '' : sh`[ "$old" != /dev/null ] || refuse ${`${task.path} does not exist`}\n`;
  return sh`${raw(missing)}${raw(locate(task))}if [ -n "$number" ]; then
  head -n "$((number - 1))" -- "$old" && printf '%s\\n' ${task.line ?? ''} && tail -n "+$((number + 1))" -- "$old"
else
  ${raw(findPlace(task, task.firstmatch))}  ${raw(printInserted(task.line ?? ''))}
fi`;
}

/** Sets `$number` and `$text` to the line that matters; empty where there is none. */
function locate({ regexp, line = '', firstmatch }: LineParams): Script {
  const matching =
    regexp === undefined ? '' : sh`matches=$(${raw(grepLines(regexp, 'n'))}) || [ $? -eq 1 ] || exit 65\n`;
  return sh`matches=
${raw(matching)}[ -n "$matches" ] || matches=$(${raw(grepExactly(line, 'n'))}) || [ $? -eq 1 ] || exit 65
${raw(pickMatch('matches', firstmatch))}`;
}

/** Prints whether a second run would find nothing more to do. */
function settles({ regexp, line = '' }: LineParams): Script {
  if (regexp === undefined) return 'echo settled';
  return sh`if [ "$matches" = "$match" ] || ${raw(finds(regexp, line))} || [ "$text" = ${line} ]; then echo settled; else echo unsettled; fi`;
}

function unwanted({ regexp, line = '' }: LineParams, flags: string): Script {
  return regexp === undefined ? grepExactly(line, flags) : grepLines(regexp, flags);
}

function changesText({ keys }: Change<LineState>): boolean {
  return keys.includes('line') || keys.includes('lines');
}
