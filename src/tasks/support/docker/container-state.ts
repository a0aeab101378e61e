import type { StateValue } from '../../../engine/state.ts';
import type { Json } from '../docker-daemon/config.ts';
import { listAt, mapAt, parseDockerJson, sections, textAt } from './cli.ts';
import { containerFields, portsOf } from './container-fields.ts';
import type { DockerContainer } from './container-params.ts';
import { imageKey, imageRef } from './image-ref.ts';
import { digestsOf } from './image-state.ts';
import { parseRegistryAnswer, type RegistryAnswer } from './registry.ts';

/**
 * `state`; `image`, with a remark where the name stands for another image by now; `env`: the names, with a remark where a value is another
 * one; each field under its key. `leftover`: the container before is still kept. `around`: what the findings judge by, as JSON.
 */
export type ContainerState = Readonly<Record<string, StateValue>>;

/** What stands around a container, for the findings and for putting back what was changed in place. */
export interface Around {
  /** The image that is wanted, where the host has it. */
  readonly image?: { readonly user: string; readonly healthcheck: boolean; readonly volumes: readonly string[] };
  readonly registry?: RegistryAnswer;
  /** Undefined where dockerd could not be asked. */
  readonly limits?: {
    readonly cpus: number;
    readonly memory: boolean;
    readonly pids: boolean;
    readonly quota: boolean;
  };
  /** Sources of bind mounts that are not there. */
  readonly missing: readonly string[];
  /** What listens on the host: `tcp 127.0.0.1:8080`. */
  readonly listening: readonly string[];
  /** Ports that this container publishes itself. */
  readonly own: readonly string[];
  /** Volumes without a name: `PATH NAME`. */
  readonly anonymous: readonly string[];
  /** healthy, starting, unhealthy, or empty. */
  readonly health: string;
  readonly compose: string;
  readonly exitCode: number;
}

/** What the probe printed. */
export function readContainer(output: string, p: DockerContainer): ContainerState {
  const found = sections(output);
  const container = first(found.get('container'));
  const made = first(found.get('made'));
  const wanted = first(found.get('wanted'));
  const around = aroundOf(found, container, wanted);
  const rest = { leftover: found.has('leftover'), around: JSON.stringify(around) };
  if (container === undefined) return { state: 'absent', ...rest };
  return {
    state: stateOf(textAt(mapAt(container, 'State'), 'Status')),
    ...(p.image === undefined ? {} : { image: imageOf(p.image, container, wanted, made, around.registry) }),
    env: environment(container, made, p),
    ...Object.fromEntries(containerFields.map((field) => [field.key, field.read(container, made, p)])),
    ...rest,
  };
}

/** What must hold; with `recreate: never` of a container that is there only what can be changed in place. */
export function wantContainer(p: DockerContainer, before: ContainerState | null): ContainerState {
  const base = { ...(p.state === 'present' ? existing(before) : { state: p.state }), leftover: false };
  if (p.state === 'absent') return base;
  const there = before !== null && before.state !== 'absent';
  const all = wantedFields(p, aroundIn(before)?.limits);
  if (!there || p.recreate === 'auto') return { ...base, ...all };
  return { ...base, ...Object.fromEntries(Object.entries(all).filter(([key]) => IN_PLACE.has(key))) };
}

/** Image, environment and all fields that the playbook speaks of, as far as the kernel can do them. */
export function wantedFields(p: DockerContainer, limits: Around['limits']): ContainerState {
  const impossible = unsupported(limits);
  return {
    image: p.image ?? '',
    env: Object.keys(p.env).sort(),
    ...Object.fromEntries(
      containerFields.flatMap((field) => {
        const value = impossible.includes(field.key) ? undefined : field.want(p);
        return value === undefined ? [] : [[field.key, value]];
      }),
    ),
  };
}

/** Limits that this kernel does not know; Docker leaves them out without a word. */
export function unsupported(limits: Around['limits']): readonly string[] {
  if (limits === undefined) return [];
  return [
    ...(limits.memory ? [] : ['memory', 'memory_swap']),
    ...(limits.pids ? [] : ['pids_limit']),
    ...(limits.quota ? [] : ['cpus']),
  ];
}

/** Keys that `docker update` changes, and those that are no part of what a container is made with. */
const IN_PLACE = new Set(containerFields.filter(({ inPlace }) => inPlace).map(({ key }) => key));
const NO_FIELD = new Set(['state', 'leftover']);

/** True where a change of these keys takes a new container. */
export function makesAnew(keys: readonly string[]): boolean {
  return keys.some((key) => !IN_PLACE.has(key) && !NO_FIELD.has(key));
}

/** Those of the keys that are changed in place. */
export function inPlaceKeys(keys: readonly string[]): readonly string[] {
  return keys.filter((key) => IN_PLACE.has(key));
}

/** What was read around the container; undefined before anything was. */
export function aroundIn(state: ContainerState | null): Around | undefined {
  return typeof state?.around === 'string' ? (JSON.parse(state.around) as Around) : undefined;
}

function existing(before: ContainerState | null): ContainerState {
  return before === null || before.state === 'absent' ? { state: 'present' } : {};
}

function first(text: string | undefined): Json | undefined {
  const list = parseDockerJson(text);
  return Array.isArray(list) ? list[0] : undefined;
}

function stateOf(status: string): string {
  if (status === 'running') return 'started';
  return status === 'restarting' || status === 'paused' ? status : 'stopped';
}

function imageOf(
  name: string,
  container: Json,
  wanted: Json | undefined,
  made: Json | undefined,
  registry: RegistryAnswer | undefined,
): string {
  const given = textAt(mapAt(container, 'Config'), 'Image');
  const id = textAt(container, 'Image');
  const key = /^(sha256:)?[0-9a-f]{12,64}$/.test(given) ? given : safeKey(given);
  if (key !== imageKey(name)) return given;
  const older = `${name} (another one by now: this is ${id.slice(7, 19)})`;
  if (wanted !== undefined && textAt(wanted, 'Id') !== id) return older;
  const digest = registry?.digest;
  return digest !== undefined && !digestsOf(made, imageRef(name)).includes(digest) ? older : name;
}

function safeKey(name: string): string {
  try {
    return imageKey(name);
  } catch {
    return name;
  }
}

/** The names of the variables, those of the image left out; a remark instead of a value that is another one than the playbook's. */
function environment(container: Json, made: Json | undefined, p: DockerContainer): readonly string[] {
  const inherited = variables(made);
  const own = variables(container);
  const names = [...own.keys()].filter((name) => name in p.env || inherited.get(name) !== own.get(name));
  return names
    .map((name) => (name in p.env && own.get(name) !== p.env[name] ? `${name} (another value)` : name))
    .sort();
}

function variables(of: Json | undefined): ReadonlyMap<string, string> {
  return new Map(
    listAt(mapAt(of, 'Config'), 'Env').map((line) => {
      const text = String(line);
      const at = text.indexOf('=');
      return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}

function aroundOf(found: ReadonlyMap<string, string>, container: Json | undefined, wanted: Json | undefined): Around {
  const info = parseDockerJson(found.get('info'));
  const lines = (name: string): string[] => (found.get(name) ?? '').split('\n').filter((line) => line !== '');
  const answer = found.get('registry')?.trim() ?? '';
  const state = mapAt(container, 'State');
  const health = textAt(mapAt(wanted, 'Config'), 'User');
  const test = listAt(mapAt(mapAt(wanted, 'Config'), 'Healthcheck'), 'Test');
  return {
    ...(wanted === undefined
      ? {}
      : {
          image: {
            user: health,
            healthcheck: test.length > 0 && test[0] !== 'NONE',
            volumes: Object.keys(mapAt(mapAt(wanted, 'Config'), 'Volumes')),
          },
        }),
    ...(answer === '' ? {} : { registry: parseRegistryAnswer(answer) }),
    ...(Array.isArray(info)
      ? { limits: { cpus: Number(info[0]), memory: info[1] === true, pids: info[2] === true, quota: info[3] === true } }
      : {}),
    missing: lines('missing'),
    listening: lines('listening'),
    own: container === undefined ? [] : portsOf(container),
    anonymous: listAt(container, 'Mounts').flatMap((mount) =>
      textAt(mount, 'Type') === 'volume' && /^[0-9a-f]{64}$/.test(textAt(mount, 'Name'))
        ? [`${textAt(mount, 'Destination')} ${textAt(mount, 'Name')}`]
        : [],
    ),
    health: textAt(mapAt(state, 'Health'), 'Status'),
    compose: String(mapAt(mapAt(container, 'Config'), 'Labels')['com.docker.compose.project'] ?? ''),
    exitCode: Number((state as Readonly<Record<string, Json>>).ExitCode ?? 0),
  };
}

/** Whether the playbook leaves the user to an image that is root's. */
export function runsAsRoot(p: DockerContainer, around: Around | undefined): boolean {
  const user = p.user ?? around?.image?.user;
  return user !== undefined && /^(|0|root)(:.*)?$/.test(user);
}

/** True where the container will have a health check. */
export function isChecked(p: DockerContainer, around: Around | undefined): boolean {
  return p.healthcheck === undefined ? around?.image?.healthcheck !== false : p.healthcheck !== 'none';
}
