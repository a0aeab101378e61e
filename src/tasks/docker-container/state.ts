import type { Change } from '../../engine/diff.ts';
import type { StateValue } from '../../engine/state.ts';
import { listAt, mapAt, parseDockerJson, sections, textAt } from '../support/docker/cli.ts';
import { imageKey, imageRef } from '../support/docker/image-ref.ts';
import { digestsOf } from '../support/docker/image-state.ts';
import type { Json } from '../support/docker/json.ts';
import type { RegistryAnswer } from '../support/docker/registry.ts';
import { NO_LIMIT } from '../support/docker/words.ts';
import { type Around, aroundIn, aroundOf, linesOf, unsupported } from './around.ts';
import type { ContainerState } from './container-state.ts';
import { containerFields } from './fields.ts';
import type { DockerContainer } from './params.ts';

/** What the probe printed. */
export function readContainer(output: string, p: DockerContainer): ContainerState {
  const found = sections(output);
  const container = first(named(found.get('container'), linesOf(found, 'shared')));
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
  return { ...base, ...Object.fromEntries(Object.entries(all).filter(([key, value]) => !takesNew(key, value))) };
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

/** Keys that `docker update` changes, and those that are no part of what a container is made with. */
const IN_PLACE = new Set(containerFields.filter(({ inPlace }) => inPlace).map(({ key }) => key));
const NO_FIELD = new Set(['state', 'leftover']);

/** True where a change takes a new container. */
export function makesAnew({ keys, after }: Pick<Change<ContainerState>, 'keys' | 'after'>): boolean {
  return keys.some((key) => !NO_FIELD.has(key) && takesNew(key, after?.[key]));
}

/** True where a field gets this value in a new container alone. */
export function takesNew(key: string, value: StateValue | undefined): boolean {
  return !IN_PLACE.has(key) || isNoLimit(key, value);
}

/** `docker update` takes 0 for what it is to leave alone, so it takes no limit of memory and processors away. */
export function isNoLimit(key: string, value: StateValue | undefined): boolean {
  return (key === 'memory' && value === NO_LIMIT) || (key === 'cpus' && value === 0);
}

/** Those of the keys that are changed in place. */
export function inPlaceKeys(keys: readonly string[]): readonly string[] {
  return keys.filter((key) => IN_PLACE.has(key));
}

function existing(before: ContainerState | null): ContainerState {
  return before === null || before.state === 'absent' ? { state: 'present' } : {};
}

function first(text: string | undefined): Json | undefined {
  const list = parseDockerJson(text);
  return Array.isArray(list) ? list[0] : undefined;
}

// docker keeps a container whose namespaces are shared by its id
function named(container: string | undefined, shared: readonly string[]): string | undefined {
  return shared.reduce((text, line) => {
    const [id = '', name = ''] = line.split(' ');
    return text?.replaceAll(`"container:${id}"`, `"container:${name}"`);
  }, container);
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
