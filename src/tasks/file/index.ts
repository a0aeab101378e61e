import { posix } from 'node:path';
import { z } from 'zod';
import type { Change } from '../../engine/diff.ts';
import { defineTask, type Finding, type Need } from '../../engine/task.ts';
import { raw, type Script, sh } from '../../remote/sh.ts';
import { proofForPath } from '../support/docker/prove-docker.ts';
import { enterParent, placeBeside } from '../support/enter-parent.ts';
import {
  type AttributeState,
  absolutePath,
  actualAttributes,
  attributeNeeds,
  attributeParams,
  wantedAttributes,
} from '../support/file-params.ts';
import { type FileState, fileRead, parseFile, readFile } from '../support/read-file.ts';
import { replaceFile } from '../support/replace-file.ts';
import { changeAttributes, setAttributes } from '../support/set-attributes.ts';
import { keptPaths, riskOf } from '../support/whole-file.ts';
import { isSystemDirectory } from './system-directories.ts';

const params = z
  .strictObject({
    path: absolutePath.describe('What the task speaks of.'),
    state: z
      .enum(['file', 'directory', 'link', 'touch', 'absent'])
      .optional()
      .describe(
        '`file`: must be there. `touch`: created empty where missing. `directory`: created with its parents. `link`: a symbolic link to `src`. `absent`: removed, a directory with all that is in it. Left out: whatever is there, for its owner, group and mode alone.',
      ),
    src: z.string().min(1).optional().describe('What the link says; a relative one starts at the link.'),
    ...attributeParams,
    force: z.boolean().default(false).describe('Lets a link take the place of a file.'),
  })
  .refine(
    ({ state, src }) => (state === 'link') === (src !== undefined),
    'src is what a link points to: state: link and src come together',
  )
  .refine(({ state, mode }) => state !== 'link' || mode === undefined, 'a link has no mode of its own: leave mode out')
  .refine(
    ({ state, owner, group, mode }) => state !== 'absent' || (owner ?? group ?? mode) === undefined,
    'what is absent has no owner, group or mode',
  )
  .refine(
    ({ state, path }) => state !== 'absent' || !isSystemDirectory(path),
    'a directory of the system itself is never removed',
  );

type FileParams = z.output<typeof params>;
type FileTaskState =
  | (AttributeState & {
      /** file (also a socket or device), directory or link. */
      readonly state?: string;
      /** What a link says. */
      readonly src?: string;
      /** The real path, where the path is a link to it. */
      readonly target?: string;
    })
  | null;

/** What stands at one path. */
export const fileTask = defineTask<FileParams, FileTaskState>({
  type: 'file',
  summary: 'A directory, a link, or the owner, group and mode of whatever stands at a path.',
  notes:
    'Reads what stands at `path` with `stat` and `readlink`. Links on the way to `path` (and at it, unless `state` is `link` or `absent`) are followed only where nobody but root can have put them. A directory is removed with all that is in it, but never across a mount, and never one of the system itself. docker-bench 3.x are tasks of this type.',
  params,
  examples: [
    { path: '/etc/docker', state: 'directory', owner: 'root', group: 'root', mode: '0755' },
    { path: '/etc/default/docker', mode: '0644' },
    { path: '/etc/systemd/system/default.target', state: 'link', src: '/lib/systemd/system/multi-user.target' },
    { path: '/etc/cron.d/example', state: 'absent' },
  ],
  id: ({ path }) => path,
  probe: (file) => readFile(file.path, { noFollow: isNoFollow(file), content: 'facts' }),
  reads: (file) => fileRead(file.path, { noFollow: isNoFollow(file), content: 'facts' }),
  read: (output, file) => stateOf(parseFile(output), file),
  want: (file) => {
    if (file.state === 'absent') return null;
    const state = kindOf(file.state);
    const link = file.src === undefined ? {} : { src: file.src };
    return { ...(state === undefined ? {} : { state }), ...link, ...wantedAttributes(file) };
  },
  apply,
  validate: (_change, file) => `(\n${enterParent(file.path, { noFollow: isNoFollow(file), missing: 'accept' })})\n`,
  needs: (file) => [...pathNeeds(file), ...attributeNeeds(file)],
  provides: ({ path, state }) => (state === 'absent' ? [] : [`path:${path}`]),
  proof: ({ path }) => proofForPath(path),
  risk: ({ path }, change) => riskOf(path, change.before),
  findings: (change, file) => conflict(change, file),
  keeps: ({ path }, change) => (onlyAttributes(change) ? [] : keptPaths(path, change.before)),
  undo: (change, { path, state }) => {
    const before = change.before;
    if (before === null || state === 'link' || !onlyAttributes(change)) return undefined;
    const changed = Object.fromEntries(change.keys.map((key) => [key, before[key as keyof AttributeState]]));
    return setAttributes(path, changed);
  },
});

function stateOf(found: FileState | null, file: FileParams): FileTaskState {
  if (found === null) return null;
  const state = found.kind === 'other' ? 'file' : found.kind;
  const target =
    found.target === undefined ? {} : found.kind === 'link' ? { src: found.target } : { target: found.target };
  // what goes is told by its kind alone: the rest is kept with it
  if (file.state === 'absent') return { state, ...target };
  return { state, ...target, ...actualAttributes(found, file) };
}

function apply(change: Change<FileTaskState>, file: FileParams): Script {
  const { path, state, src } = file;
  if (state === 'absent') {
    return sh`(\n${raw(enterParent(path, { noFollow: true, missing: 'accept' }))}rm -rf --one-file-system -- "./$harden_name"\n)\n`;
  }
  if (state === 'directory') return makeDirectory(file);
  if (state === 'link') return makeLink(file, src ?? '', change.before);
  return state === 'touch' && change.before === null
    ? replaceFile({ ...file, content: '' })
    : setAttributes(path, file);
}

function makeDirectory(file: FileParams): Script {
  return sh`(
${raw(enterParent(file.path, { missing: 'create' }))}
if [ -e "./$harden_name" ]; then
  [ -d "./$harden_name" ] || refuse ${`${file.path} is there and is no directory`}
  harden_enter_this || exit 1
  ${raw(changeAttributes(file, '.'))}
else
  ${raw(placeBeside)}  mkdir -m 0755 "$harden_private/new" || exit 1
  [ -z "$harden_apart" ] || chown "$harden_stranger:" "$harden_private/new" || exit 1
  ${raw(changeAttributes(file, '"$harden_private/new"'))}
  harden_put "$harden_private/new" || exit 1
fi
)
`;
}

function makeLink(file: FileParams, src: string, before: FileTaskState): Script {
  const refused = file.force
    ? ':'
    : sh`[ -L "./$harden_name" ] || [ ! -e "./$harden_name" ] || refuse ${`${file.path} is there and is no link`}`;
  const ownership = `${file.owner ?? before?.owner ?? '0'}:${file.group ?? before?.group ?? '0'}`;
  return sh`(
${raw(enterParent(file.path, { noFollow: true, missing: 'make' }))}${raw(refused)}
[ -L "./$harden_name" ] || [ ! -d "./$harden_name" ] || refuse ${`${file.path} is a directory`}
${raw(placeBeside)}ln -s -- ${src} "$harden_private/new" || exit 1
chown -h -- ${ownership} "$harden_private/new" || exit 1
harden_put "$harden_private/new" || exit 1
)
`;
}

function conflict(change: Change<FileTaskState> | undefined, { path, state, force }: FileParams): readonly Finding[] {
  const before = change?.before;
  if (!before || state === undefined || state === 'absent' || before.state === kindOf(state)) return [];
  if (state === 'link' && before.state === 'file' && force) return [];
  const hint =
    state === 'link' && before.state === 'file'
      ? 'With force: true the link takes its place'
      : 'Remove it first, with a task of its own (state: absent), or correct the path';
  return [{ level: 'refuse', message: `${path} is there and is a ${before.state}, not a ${kindOf(state)}`, hint }];
}

function pathNeeds({ path, state }: FileParams): readonly Need[] {
  if (state === 'absent' || state === 'directory') return [];
  return [state === 'link' || state === 'touch' ? `directory:${posix.dirname(path)}` : `path:${path}`];
}

function isNoFollow({ state }: FileParams): boolean {
  return state === 'link' || state === 'absent';
}

function kindOf(state: FileParams['state']): string | undefined {
  return state === 'touch' ? 'file' : state;
}

function onlyAttributes({ before, keys }: Change<FileTaskState>): boolean {
  return before !== null && keys.every((key) => key === 'owner' || key === 'group' || key === 'mode');
}
