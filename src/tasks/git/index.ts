import { posix } from 'node:path';
import { defineTask, type Finding, type Need } from '../../engine/task.ts';
import { HostError } from '../../errors.ts';
import { raw, type Script, sh } from '../../remote/sh.ts';
import { refusal, warning } from '../support/finding.ts';
import { Git, isCommit } from './params.ts';

type CloneState = {
  readonly repo?: string;
  /** The commit; the tag's name where the tag is what is wanted and checked out. */
  readonly version?: string;
  /** Files of the clone that differ from the commit; those that git does not know are left alone. */
  readonly modified?: readonly string[];
  /** The commit that is checked out; empty before the first one is. */
  readonly head?: string;
} | null;

/** A git clone at one commit or tag. */
export const gitTask = defineTask<Git, CloneState>({
  type: 'git',
  summary: 'A git clone at one commit or tag.',
  notes:
    'Read without any network: the commit that is checked out, and for a tag the one that it meant when it was fetched. Root runs git, without hooks, without submodules and without asking for passwords; the clone must belong to root. Files that git does not know stay. A commit that is named by its whole id cannot be replaced by another one behind the address.',
  params: Git,
  examples: [
    {
      repo: 'https://github.com/docker/docker-bench-security.git',
      dest: '/opt/docker-bench-security',
      version: 'v1.6.0',
    },
    {
      repo: 'git@git.example.org:ops/tools.git',
      dest: '/opt/tools',
      version: '9f2c1d7be04a5c3d8e6f7a10b2c3d4e5f6071829',
      depth: 0,
      force: true,
    },
  ],
  id: (p) => p.dest,

  probe: (
    p,
  ) => sh`if ! ( harden_enter ${`${p.dest}/.`} follow 2>/dev/null; [ $? -ne 1 ] && harden_plain "\${PWD%/}/$harden_name" ); then
  echo strangers
elif ! [ -d ${p.dest} ]; then
  ! [ -e ${p.dest} ] || echo occupied
elif ! [ -e ${`${p.dest}/.git`} ]; then
  [ -z "$(ls -A ${p.dest})" ] || echo occupied
elif [ "$(stat -c %u ${p.dest})" != 0 ]; then
  echo "foreign $(stat -c %U ${p.dest})"
else
  cd ${p.dest} || exit 0
  printf 'repo %s\n' "$(git config --get remote.origin.url)"
  printf 'head %s\n' "$(git rev-parse -q --verify 'HEAD^{commit}')"
  printf 'wanted %s\n' "$(git rev-parse -q --verify ${wantedCommit(p)} 2>/dev/null)"
  git --no-optional-locks -c core.fsmonitor=false status --porcelain --untracked-files=no --ignore-submodules 2>/dev/null | head -n 20
fi`,

  read(output, p) {
    if (output.trim() === '') return null;
    const field = (name: string): string => new RegExp(`^${name} (.*)$`, 'm').exec(output)?.[1] ?? '';
    if (/^occupied$/m.test(output))
      throw new HostError(`${p.dest} exists and is not a git clone`, {
        hint: 'Name another dest, or move away what is there',
      });
    if (/^strangers$/m.test(output))
      throw new HostError(`others than root can change a directory on the way to ${p.dest}`, {
        hint: 'Root must not trust what git would run there: name a dest below a directory that is root’s, as /opt',
      });
    if (field('foreign') !== '')
      throw new HostError(
        `${p.dest} belongs to ${field('foreign')}, and root must not trust what git would run there`,
        {
          hint: 'Give it to root, or name another dest',
        },
      );
    const [head, wanted] = [field('head'), field('wanted')];
    return {
      repo: field('repo'),
      version: head !== '' && head === wanted ? p.version : head,
      modified: [...output.matchAll(/^[ MADRCUT?!]{2} (.+)$/gm)].map(([, file = '']) => file),
      head,
    };
  },

  want: (p) => ({ repo: p.repo, version: p.version, ...(p.force ? { modified: [] } : {}) }),

  apply: (_change, p) => sh`umask 022
export GIT_TERMINAL_PROMPT=0 GIT_ALLOW_PROTOCOL=https:http:ssh:git:file GIT_SSH_COMMAND='ssh -o BatchMode=yes'
git init -q ${p.dest}
cd ${p.dest}
git config remote.origin.url ${p.repo}
git config remote.origin.fetch '+refs/heads/*:refs/remotes/origin/*'
git rev-parse -q --verify ${wantedCommit(p)} >/dev/null 2>&1 && ${isCommit(p.version)} || {
${raw(fetch(p))}}
git rev-parse -q --verify ${wantedCommit(p)} >/dev/null 2>&1 || { echo ${`${p.repo} has no commit ${p.version}`} >&2; exit 1; }
git -c core.hooksPath=/dev/null -c advice.detachedHead=false checkout -q ${p.force ? ['--force'] : []} --detach ${wantedCommit(p)}
`,

  undo(change, p) {
    const head = change.before?.head;
    if (!head) return undefined;
    return sh`umask 022
cd ${p.dest}
git config remote.origin.url ${change.before?.repo ?? p.repo}
git -c core.hooksPath=/dev/null -c advice.detachedHead=false checkout -q --detach ${head}
`;
  },

  needs: (p) => [
    'command:git',
    `path:${posix.dirname(p.dest)}`,
    ...(p.repo.startsWith('https:') ? ['package:ca-certificates' as Need] : []),
  ],
  provides: (p) => [`path:${p.dest}`],
  keeps: (p, change) => (change.before === null ? [p.dest] : []),
  irreversible: (p, change) =>
    p.force && change.keys.includes('modified') ? 'changes that were made in the clone by hand are lost' : undefined,

  findings(change, p, { before }): readonly Finding[] {
    const modified = before?.modified ?? [];
    const plain = /^(http|git):/.test(p.repo) && !isCommit(p.version);
    return [
      ...(modified.length > 0 && !p.force ? [changedByHand(change !== undefined, p, modified)] : []),
      ...(plain && change !== undefined
        ? [
            warning(
              'the address is not encrypted, so anybody on the way can say what the tag is',
              'Use https, or name a commit',
            ),
          ]
        : []),
    ];
  },
});

function changedByHand(isChange: boolean, p: Git, modified: readonly string[]): Finding {
  const message = `files of the clone ${p.dest} were changed by hand: ${modified.slice(0, 5).join(', ')}`;
  const hint = 'force: true throws these changes away';
  return isChange ? refusal(message, hint) : warning(message, hint);
}

function wantedCommit({ version }: Git): string {
  return isCommit(version) ? `${version}^{commit}` : `refs/tags/${version}^{commit}`;
}

// not every server gives a commit that no branch or tag names: then all of the history is fetched
function fetch(p: Git): Script {
  const depth = p.depth === 0 ? [] : [`--depth=${p.depth}`];
  if (!isCommit(p.version))
    return sh`git fetch -q ${depth} --no-tags origin ${`+refs/tags/${p.version}:refs/tags/${p.version}`}\n`;
  const all = sh`git fetch -q --tags origin`;
  if (p.depth === 0) return `${all}\n`;
  return sh`git fetch -q ${depth} --no-tags origin ${p.version} 2>/dev/null || {
if [ -e .git/shallow ]; then git fetch -q --tags --unshallow origin; else ${raw(all)}; fi
}
`;
}
