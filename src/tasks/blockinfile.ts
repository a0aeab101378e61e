import { posix } from 'node:path';
import { z } from 'zod';
import type { Change } from '../engine/diff.ts';
import { defineTask } from '../engine/task.ts';
import { HostError } from '../errors.ts';
import { type Script, sh } from '../remote/sh.ts';
import { validateCandidate } from './support/candidate.ts';
import { proofForPath } from './support/docker/prove-docker.ts';
import { editParams, hasOnePlace } from './support/edit-params.ts';
import { probeEditedFile, readEditedFile, readsEditedFile } from './support/edit-text.ts';
import { type AttributeState, attributeNeeds, wantedAttributes } from './support/file-params.ts';
import { transformFile } from './support/replace-file.ts';
import { setAttributes } from './support/set-attributes.ts';
import { lookAtBlock, mark, printWithBlock, printWithoutBlock, terminated } from './support/text-block.ts';
import { withdrawRules } from './support/ufw-rules-file.ts';
import { keptPaths, riskOf } from './support/whole-file.ts';

const params = z
  .strictObject({
    ...editParams,
    block: z
      .string()
      .regex(/^[^\0]*$/, 'a block is text')
      .default('')
      .describe('The lines between the markers. Empty: as `state: absent`.'),
    marker: z
      .string()
      .regex(/^[^\0\n]*$/, 'a marker is one line')
      .includes('{mark}', { error: 'marker must hold {mark}, which becomes BEGIN and END' })
      .refine(
        (marker) => /\S/.test(marker.replaceAll('{mark}', '')),
        'marker must hold more than {mark}, or any line BEGIN would be taken for it (is a variable empty?)',
      )
      .default('# {mark} HARDEN MANAGED BLOCK')
      .describe('The lines around the block; `{mark}` becomes BEGIN and END. Two blocks in one file need two markers.'),
  })
  .refine(hasOnePlace, 'write one of insertafter and insertbefore')
  .refine(
    ({ block, marker }) =>
      !block.split('\n').some((line) => line === mark(marker, 'BEGIN') || line === mark(marker, 'END')),
    'the block holds its own marker: write another marker',
  );

type BlockParams = z.output<typeof params>;
type BlockState =
  | (AttributeState & {
      /** The text between the markers, with its newline. */
      readonly block?: string;
      /** With `state: absent`: the lines from marker to marker. */
      readonly lines?: readonly string[];
      /** The real path, where the path is a link to it. */
      readonly target?: string;
    })
  | null;

/** Some lines of a file, between two markers. */
export const blockinfileTask = defineTask<BlockParams, BlockState>({
  type: 'blockinfile',
  summary: 'A block of lines in a text file, between two marker lines that say whose it is.',
  notes:
    'Reads the lines of the file, its owner, group and mode. Several tasks may edit one file: each owns what is between its markers, and everything else stays. The file is written beside and renamed, and checked as a whole like one that `copy` writes.',
  params,
  examples: [
    { path: '/etc/hosts', block: '192.0.2.10 registry.example\n192.0.2.11 proxy.example\n' },
    {
      path: '/etc/ssh/sshd_config',
      marker: '# {mark} sftp',
      block: 'Match Group sftp\n  ForceCommand internal-sftp\n',
      insertafter: 'EOF',
    },
    { path: '/etc/issue', marker: '# {mark} old', state: 'absent' },
  ],
  id: ({ path, marker }) => `${path} ${marker}`,
  probe: (task) => probeEditedFile(task.path, lookAtBlock(task.marker)),
  reads: ({ path }) => readsEditedFile(path),
  read: (output, task) => {
    const file = readEditedFile(output, task);
    if (file === null) return null;
    const [marks = '', ...rest] = file.found.split('\n');
    const [begin, end] = marks.split(' ').map(Number) as [number, number];
    if ((begin === 0) !== (end === 0) || begin > end)
      throw new HostError(
        `${task.path} has half a block, or the block more than once: its markers ("${task.marker}") are no pair`,
        { hint: 'Put the markers in order by hand, or remove them' },
      );
    const lines = rest.slice(0, -1);
    if (isAbsent(task)) return { lines, ...file.attributes };
    return { ...(begin === 0 ? {} : { block: lines.slice(1, -1).map(terminatedLine).join('') }), ...file.attributes };
  },
  want: (task, _facts, before) => {
    if (!isAbsent(task)) return { block: terminated(task.block), ...wantedAttributes(task) };
    return before === null ? null : { lines: [], ...wantedAttributes(task) };
  },
  apply: (change, task) =>
    changesText(change) ? transformFile({ ...task, produce: produce(task) }) : setAttributes(task.path, task),
  validate: (change, task) =>
    changesText(change) ? validateCandidate({ ...task, produce: produce(task) }) : undefined,
  needs: (task) => {
    if (isAbsent(task)) return attributeNeeds(task);
    return [task.create ? `directory:${posix.dirname(task.path)}` : `path:${task.path}`, ...attributeNeeds(task)];
  },
  provides: (task) => (isAbsent(task) ? [] : [`path:${task.path}`]),
  proof: ({ path }) => proofForPath(path),
  risk: ({ path }, change) => riskOf(path, change.before),
  keeps: ({ path }, change) => keptPaths(path, change.before),
  undo: (_change, { path, block }) => withdrawRules(path, block),
});

function produce(task: BlockParams): Script {
  if (isAbsent(task)) return printWithoutBlock(task);
  const missing = task.create ? '' : sh`[ "$old" != /dev/null ] || refuse ${`${task.path} does not exist`}\n`;
  return missing + printWithBlock(task);
}

function isAbsent({ state, block }: BlockParams): boolean {
  return state === 'absent' || block === '';
}

function terminatedLine(line: string): string {
  return `${line}\n`;
}

function changesText({ keys }: Change<BlockState>): boolean {
  return keys.includes('block') || keys.includes('lines');
}
