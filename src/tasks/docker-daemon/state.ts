import { z } from 'zod';
import type { StateValue } from '../../engine/state.ts';
import type { Facts } from '../../remote/facts.ts';
import { leaves, parseConfig, removePath, UNSET, valueAt } from '../support/docker/daemon-json.ts';
import type { HostRange } from '../support/docker/host-addresses.ts';
import type { JsonMap } from '../support/docker/json.ts';
import type { Daemon } from '../support/docker/read-daemon.ts';
import { effectOf, tellsEffect, wantedEffect } from './effects.ts';
import { normaliseOptions, optionError } from './options.ts';

/** What a playbook says of dockerd's configuration. */
export const DockerDaemon = z
  .strictObject({
    options: z
      .record(z.string().min(1), z.unknown())
      .default({})
      .transform((options) => normaliseOptions(options as JsonMap))
      .superRefine((options, context) => {
        for (const [key, value] of Object.entries(options)) {
          const error = optionError(key, value);
          if (error !== undefined) context.addIssue({ code: 'custom', message: error, path: [key] });
        }
      })
      .describe(
        'Keys of daemon.json with their values. Maps are merged key by key, lists are replaced; other keys of the file stay.',
      ),
    remove: z
      .array(z.string().min(1))
      .default([])
      .describe('Keys that daemon.json must not have: `hosts`, `log-opts.max-file`.'),
    restart: z
      .enum(['auto', 'never'])
      .default('auto')
      .describe('`never` writes the file alone; what needs a restart of Docker comes with the next one.'),
  })
  .refine((p) => Object.keys(p.options).length + p.remove.length > 0, {
    error: 'say what must hold: options, or remove',
  })
  .refine((p) => !p.remove.some((name) => name in p.options), {
    error: 'a key cannot be both among the options and removed',
  });
export type DockerDaemon = z.infer<typeof DockerDaemon>;

/**
 * By key of daemon.json (`log-opts.max-size`): its JSON text in the file, or `unset`; `KEY in force`: what the running dockerd does;
 * `loaded`: whether it has read the file since that changed. The rest serves the findings and the scripts. Null: there is no dockerd.
 */
export type DaemonState = Readonly<Record<string, StateValue>> | null;

/** The state key of a key's effect. */
export function inForce(key: string): string {
  return `${key} in force`;
}

/** What was read, as far as the playbook speaks of it. */
export function readState(daemon: Daemon | null, p: DockerDaemon, host?: readonly HostRange[]): DaemonState {
  if (daemon === null) return null;
  const { config, error } = parseConfig(daemon.file);
  const { info, bridge } = daemon;
  const effects = Object.keys(p.options).flatMap((key) => {
    const effect = info && bridge ? effectOf(key, info, bridge) : undefined;
    return effect === undefined ? [] : [[inForce(key), effect]];
  });
  return {
    ...Object.fromEntries(paths(p).map((path) => [path.join('.'), valueAt(config, path)])),
    ...Object.fromEntries(effects),
    loaded: daemon.loaded,
    ...(daemon.file === undefined ? {} : { file: daemon.file }),
    ...(error === undefined ? {} : { broken: `${error.line}:${error.column}: ${error.message}` }),
    version: daemon.version,
    running: daemon.running,
    reachable: info !== undefined,
    containers: Number(info?.Containers ?? 0),
    busy: Number(info?.ContainersRunning ?? 0) > 0,
    swarm: info?.Swarm === 'active',
    ...(host === undefined ? {} : { host: JSON.stringify(host) }),
    ceilings: JSON.stringify(daemon.ceilings),
    flags: daemon.flags.map(({ key, flag, from }) => `${key} ${flag} ${from}`),
  };
}

/** What must hold; of the running dockerd only what it can tell, and can do without stopping containers. */
export function wantState(p: DockerDaemon, _facts: Facts, before: DaemonState): NonNullable<DaemonState> {
  const want: Record<string, StateValue> = {};
  for (const { path, value } of leaves(p.options)) want[path.join('.')] = JSON.stringify(value);
  for (const name of p.remove) want[name] = UNSET;
  if (p.restart === 'never' || before?.running !== true) return want;
  for (const [key, value] of Object.entries(p.options)) {
    if (inForce(key) in before && !waits(key, p, before)) want[inForce(key)] = wantedEffect(key, value);
  }
  if (Object.keys(p.options).some((key) => !tellsEffect(key) || !(inForce(key) in before))) want.loaded = true;
  return want;
}

/** True for what a restart cannot bring about while containers live through it, on whatever network: the default one stays as it is. */
export function waits(key: string, p: DockerDaemon, before: DaemonState): boolean {
  const keeps = p.options['live-restore'] ?? before?.[inForce('live-restore')] === 'true';
  return ['icc', 'ip', 'mtu'].includes(key) && before?.busy === true && keeps === true;
}

function paths(p: DockerDaemon): readonly (readonly string[])[] {
  return [...leaves(p.options).map(({ path }) => path), ...p.remove.map(removePath)];
}
