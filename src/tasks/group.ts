import { z } from 'zod';
import type { Change } from '../engine/diff.ts';
import { defineTask, type Finding } from '../engine/task.ts';
import { HostError } from '../errors.ts';
import { raw, type Script, sh } from '../remote/sh.ts';
import { accountNumber, accountWord } from './support/account-name.ts';
import { refusal, warning } from './support/finding.ts';

const Group = z.strictObject({
  name: accountWord.describe("The group's name."),
  gid: accountNumber.optional().describe('Its number. Left out: the next free one, or what it has.'),
  system: z
    .boolean()
    .default(false)
    .describe('Takes a number from the range of system groups. Counts when the group is made.'),
  state: z.enum(['present', 'absent']).default('present').describe('`absent` removes the group.'),
});
type Group = z.output<typeof Group>;

type GroupState = {
  readonly name?: string;
  readonly gid?: number;
  /** Who is in it, sorted; read alone. */
  readonly members?: readonly string[];
  /** Whose primary group it is; read where the group shall go. */
  readonly primaryOf?: readonly string[];
} | null;

/** A group of users. */
export const groupTask = defineTask<Group, GroupState>({
  type: 'group',
  summary: 'A group of users.',
  notes:
    "Read with `getent`, so groups of a directory service count too. A group that is a user's primary one cannot be removed. Who is in a group is the `user` task's to say. CIS 7.2.x ask that gids and names are unique: a gid that another group has is refused.",
  params: Group,
  examples: [{ name: 'deploy' }, { name: 'metrics', gid: 2200, system: true }, { name: 'games', state: 'absent' }],
  id: (p) => p.name,

  probe: (p) =>
    p.state === 'absent'
      ? sh`line=$(getent group ${p.name}) || exit 0
printf '%s\n' "$line"
rest=\${line#*:*:}
getent passwd | awk -F: -v gid="\${rest%%:*}" '$4 == gid { print "+primary:" $1 }'`
      : sh`getent group ${p.gid === undefined ? p.name : [p.name, p.gid]}`,

  read(output, p) {
    const lines = output.split('\n').filter((line) => line.split(':').length === 4);
    const other = lines.find((line) => !line.startsWith(`${p.name}:`) && Number(line.split(':')[2]) === p.gid);
    if (other !== undefined && p.state === 'present')
      throw new HostError(`gid ${p.gid} is that of the group ${other.split(':')[0]} on the host`, {
        hint: 'Choose another gid, or leave it out',
      });
    const line = lines.find((candidate) => candidate.startsWith(`${p.name}:`));
    if (line === undefined) return null;
    const [name = '', , gid = '', members = ''] = line.split(':');
    const primaryOf = [...output.matchAll(/^\+primary:(.+)$/gm)].map((match) => match[1] ?? '');
    return { name, gid: Number(gid), members: members.split(',').filter(Boolean).sort(), primaryOf };
  },

  want: (p) => (p.state === 'absent' ? null : { name: p.name, ...(p.gid === undefined ? {} : { gid: p.gid }) }),

  apply(change, p) {
    if (change.action === 'delete') return remove(p.name);
    if (change.action === 'update') return sh`groupmod -g ${p.gid ?? ''} ${p.name}`;
    return sh`getent group ${p.name} >/dev/null || groupadd ${flags(p)} ${p.name}`;
  },

  provides: (p) => (p.state === 'present' ? [`group:${p.name}`] : []),
  // sudo, AllowGroups and PAM go by groups
  risk: (_p, change) => (change.action === 'create' ? undefined : 'access'),
  findings: (change, p) => (change ? changeFindings(change, p) : []),

  undo(change, p) {
    if (change.before === null) return remove(p.name);
    const { gid = 0, members = [] } = change.before;
    if (change.action === 'update') return sh`groupmod -g ${gid} ${p.name}`;
    const join = members.length === 0 ? '' : sh`\ngpasswd -M ${members.join(',')} ${p.name}`;
    return sh`getent group ${p.name} >/dev/null || groupadd -g ${gid} ${p.name}${raw(join)}`;
  },
});

function flags({ gid, system }: Group): string[] {
  return [...(system ? ['-r'] : []), ...(gid === undefined ? [] : ['-g', String(gid)])];
}

function remove(name: string): Script {
  return sh`if getent group ${name} >/dev/null; then groupdel ${name}; fi`;
}

function changeFindings({ action, before }: Change<GroupState>, { name, gid }: Group): readonly Finding[] {
  if (before === null) return [];
  const { primaryOf = [], members = [] } = before;
  if (action === 'update')
    return [
      warning(
        `files of gid ${before.gid} stay with that number when ${name} gets ${gid}`,
        `Give them to it with: find / -xdev -gid ${before.gid} -exec chgrp -h ${gid} {} +`,
      ),
    ];
  if (before.gid === 0) return [refusal(`${name} is the group of root: it is not removed`)];
  if (primaryOf.length === 1 && primaryOf[0] === name)
    return [
      warning(`the group ${name} goes with the user ${name} alone`, 'Remove that user before it, if no task does'),
    ];
  if (primaryOf.length > 0)
    return [
      refusal(
        `${name} is the primary group of ${primaryOf.join(', ')}: it cannot be removed`,
        'Give them another primary group first (user: group), or remove them',
      ),
    ];
  return members.length === 0 ? [] : [warning(`${members.join(', ')} will lose what the group ${name} allows`)];
}
