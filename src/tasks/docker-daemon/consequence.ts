import type { Change } from '../../engine/diff.ts';
import { UNSET } from '../support/docker/daemon-json.ts';
import { wantedEffect } from './effects.ts';
import { daemonKeys } from './keys.ts';
import { type DaemonState, type DockerDaemon, inForce } from './state.ts';

/** What dockerd must do for a change to hold. */
export type Consequence = 'nothing' | 'reload' | 'restart';

/** The strongest consequence of a change's keys; before the host is known, a restart. */
export function consequenceOf(p: DockerDaemon, change: Change<DaemonState>): Consequence {
  if (p.restart === 'never') return 'nothing';
  if (change.before === null) return 'restart';
  if (change.before.running !== true) return 'nothing';
  const each = change.keys.map((key) => consequenceOfKey(key, p, change.before));
  return each.includes('restart') ? 'restart' : each.includes('reload') ? 'reload' : 'nothing';
}

/** The options that a change gives another value, as the top keys of daemon.json. */
export function changedOptions(p: DockerDaemon, change: Change<DaemonState>): readonly string[] {
  const changed = change.keys.map((key) => key.replace(/ in force$/, ''));
  return Object.keys(p.options).filter((option) =>
    changed.some((key) => key === option || key.startsWith(`${option}.`)),
  );
}

function consequenceOfKey(key: string, p: DockerDaemon, before: DaemonState): Consequence {
  const inFile = key.replace(/ in force$/, '');
  const option = Object.keys(p.options).find((name) => inFile === name || inFile.startsWith(`${name}.`));
  // dockerd keeps what a reload does not name, so a key that goes needs a restart
  if (option === undefined) return 'restart';
  const value = p.options[option] ?? null;
  const effect = before?.[inForce(option)];
  if (effect !== undefined && effect === wantedEffect(option, value)) return 'nothing';
  const { reload, initial } = daemonKeys.get(option) ?? {};
  if (effect === undefined && before?.[inFile] === UNSET && initial !== undefined && initial === value)
    return 'nothing';
  return reload && !inFile.startsWith('features.containerd-snapshotter') ? 'reload' : 'restart';
}
