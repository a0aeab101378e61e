import { posix } from 'node:path';
import type { Change } from '../../engine/diff.ts';
import { defineTask, type Finding } from '../../engine/task.ts';
import type { Facts } from '../../remote/facts.ts';
import { raw, type Script, sh } from '../../remote/sh.ts';
import { refusal, warning } from '../support/finding.ts';
import { editKeys, labelsOf, wantedLines } from './file.ts';
import { AuthorizedKey, keysOf, loadKeys } from './params.ts';
import { fingerprint, formatKey, isSameKey, readKeyLine } from './public-key.ts';
import { type AuthorizedKeyState, probeKeys, readKeys } from './state.ts';

/** Public keys that open an account. */
export const authorizedKeyTask = defineTask<AuthorizedKey, AuthorizedKeyState>({
  type: 'authorized_key',
  summary: 'Public keys that open an account, in its authorized_keys.',
  notes:
    "Reads the account’s file in the home that `getent` names. Keys are the same when type and key are, whatever their comments; they are shown by their SHA-256 fingerprints, as in sshd's log. Comments, other keys and options that the playbook does not speak of stay, unless `exclusive`. RSA keys of fewer than 3072 bits, DSA keys and private keys are refused. `.ssh` becomes 0700 and the file 0600, the user's own; the work is done as the user, so no link in a home leads root astray. sshd ignores keys in a home that others can write (StrictModes): the plan warns of it. CIS 5.1.x; sshd_config(5) AuthorizedKeysFile.",
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

  apply(change, p) {
    const wanted = keysOf(p);
    const after = wantedLines(p, change.before?.lines ?? []);
    return editKeys({
      user: p.user,
      path: p.path,
      put: after.filter((line) => {
        const key = readKeyLine(line);
        return key !== undefined && wanted.some((candidate) => isSameKey(candidate, key));
      }),
      drop: p.state === 'absent' ? wanted.map(formatKey) : [],
      exclusive: p.exclusive,
      directoryMode: change.after?.directory_mode,
      mode: change.after?.mode ?? change.before?.mode,
    });
  },

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
  undo: (change, p) => undo(change, p),
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

function undo({ before, after }: Change<AuthorizedKeyState>, p: AuthorizedKey): Script {
  const old = before?.lines ?? [];
  const now = wantedLines(p, old);
  const edit = editKeys({
    user: p.user,
    path: p.path,
    put: old.filter((line) => !now.includes(line)),
    drop: now.filter((line) => !old.includes(line)),
    exclusive: false,
    mode: before?.mode,
    directoryMode: after?.directory_mode === undefined ? undefined : before?.directory_mode,
    removeEmpty: before?.mode === undefined,
  });
  const leave = p.path === undefined && before?.directory_mode === undefined;
  return sh`getent passwd ${p.user} >/dev/null || exit 0
${raw(edit)}${raw(leave ? 'cd ..\nas_owner rmdir .ssh 2>/dev/null || :' : '')}`;
}
