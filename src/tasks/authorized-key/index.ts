import { posix } from 'node:path';
import type { Change } from '../../engine/diff.ts';
import { defineTask, type Finding } from '../../engine/task.ts';
import type { Facts } from '../../remote/facts.ts';
import type { Script } from '../../remote/sh.ts';
import { refusal, warning } from '../support/finding.ts';
import { setAttributes } from '../support/set-attributes.ts';
import { editKeys, labelsOf, wantedLines } from './file.ts';
import { AuthorizedKey, keysOf, loadKeys } from './params.ts';
import { fingerprint } from './public-key.ts';
import { type AuthorizedKeyState, probeKeys, readKeys } from './state.ts';

/** Public keys that open an account. */
export const authorizedKeyTask = defineTask<AuthorizedKey, AuthorizedKeyState>({
  type: 'authorized_key',
  summary: 'Public keys that open an account, in its authorized_keys.',
  notes:
    "Reads the account’s file in the home that `getent` names. Keys are the same when type and key are, whatever their comments; they are shown by their SHA-256 fingerprints, as in sshd's log. Comments, other keys and options that the playbook does not speak of stay, unless `exclusive`. RSA keys of fewer than 3072 bits, DSA keys and private keys are refused. `.ssh` becomes 0700 and the file 0600, the user's own; no link in a home is followed. A key may stand in several lines: they stay, unless the playbook says what its options are. sshd ignores keys in a home that others can write (StrictModes): the plan warns of it. CIS 5.1.x; sshd_config(5) AuthorizedKeysFile.",
  params: AuthorizedKey,
  examples: [
    { user: 'admin', key_file: '~/.ssh/id_ed25519.pub', exclusive: true },
    {
      user: 'deploy',
      key: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE1bxBZ4rrmtpO6kvXFGE3QVyLTTzl8DAwB0r3m0tqfS deploy@ci',
      key_options: 'restrict,from="10.0.0.0/8"',
    },
    {
      user: 'admin',
      key: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE1bxBZ4rrmtpO6kvXFGE3QVyLTTzl8DAwB0r3m0tqfS deploy@ci',
      state: 'absent',
    },
  ],
  load: loadKeys,
  id: (p) =>
    [
      p.user,
      ...(p.path === undefined ? [] : [p.path]),
      ...(p.exclusive ? [] : keysOf(p).map((key) => fingerprint(key).slice(0, 23))),
    ].join(' '),

  probe: probeKeys,
  read: readKeys,
  want(p, _facts, before) {
    if (p.state === 'absent') return before === null ? null : { keys: labelsOf(wantedLines(p, before.lines ?? [])) };
    const keys = labelsOf(wantedLines(p, before?.lines ?? []));
    if (before?.central || p.path !== undefined) return { keys };
    return { keys, owner: p.user, mode: '0600', directory_mode: '0700' };
  },

  apply: (change, p) =>
    editKeys(p, {
      lines: change.before?.lines ?? [],
      directoryMode: change.after?.directory_mode,
      mode: change.after?.mode ?? change.before?.mode,
    }),

  needs: (p) =>
    p.state === 'absent'
      ? []
      : [`user:${p.user}`, ...(p.path === undefined ? [] : [`path:${posix.dirname(p.path)}` as const])],
  provides: (p) => (p.path === undefined || p.state === 'absent' ? [] : [`path:${p.path}`]),
  // a key more shuts nobody out
  risk: (p, change) => (p.exclusive || p.state === 'absent' || lostKeys(change).length > 0 ? 'access' : undefined),
  access: (p) => (p.state === 'present' ? [{ key: { user: p.user } }] : []),
  findings: (change, p, { facts, before }) => [
    ...strictModes(p, before),
    ...(change ? changeFindings(change, p, facts) : []),
  ],
  keeps: (_p, { before }) => (before?.file === undefined ? [] : [before.file]),
  undo: (change, p) => undoDirectory(change, p),
});

function strictModes(p: AuthorizedKey, before: AuthorizedKeyState): readonly Finding[] {
  if (p.state === 'absent') return [];
  return (before?.ignored ?? []).map((reason) => warning(`sshd ignores the keys of ${p.user} as long as ${reason}`));
}

function lostKeys({ before, after }: Change<AuthorizedKeyState>): readonly string[] {
  return (before?.keys ?? []).filter((key) => !(after?.keys ?? []).includes(key));
}

function changeFindings(change: Change<AuthorizedKeyState>, p: AuthorizedKey, facts: Facts): readonly Finding[] {
  const lost = lostKeys(change);
  if (p.user !== facts.login || lost.length === 0) return [];
  if (change.after?.keys.length === 0)
    return [
      refusal(
        `${p.user} is the account that harden logged in with, and no key would open it any more`,
        'Give it another key before this one goes',
        [],
      ),
    ];
  return [
    warning(
      `${p.user} is the account that harden logged in with, and ${lost.length === 1 ? 'a key of it changes or goes' : `${lost.length} of its keys change or go`}`,
      'The change is undone by itself unless a fresh login still works',
    ),
  ];
}

/** The file comes back as it was kept; the mode of `.ssh` beside it is left. */
function undoDirectory({ before, after }: Change<AuthorizedKeyState>, p: AuthorizedKey): Script | undefined {
  const mode = after?.directory_mode === undefined ? undefined : before?.directory_mode;
  if (mode === undefined || before?.file === undefined || p.path !== undefined || mode === after?.directory_mode)
    return undefined;
  return setAttributes(posix.dirname(before.file), { mode });
}
