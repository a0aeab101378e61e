import type { StateValue } from '../../engine/state.ts';
import { listAt, mapAt, textAt } from '../support/docker/cli.ts';
import { isMap, type Json } from '../support/docker/json.ts';
import type { DockerContainer } from './params.ts';

/** One thing that a container is made with: what must hold, how Docker tells it, and how its command is told. */
export interface Field {
  /** The parameter's name. */
  readonly key: string;
  /** Undefined: whatever it is. */
  want(p: DockerContainer): StateValue | undefined;
  /** From `docker inspect` of the container, and of the image that it was made of. */
  read(container: Json, image: Json | undefined, p: DockerContainer): StateValue;
  args(p: DockerContainer): readonly string[];
  /** `docker update` can change it while the container runs. */
  readonly inPlace?: true;
}

/** What a field is that the playbook leaves to the image. */
export const OF_IMAGE = 'as in the image';

/** The part of `docker inspect` that belongs to this host. */
export function hostOf(container: Json): Json {
  return mapAt(container, 'HostConfig');
}

/** The part of `docker inspect` that an image has as well. */
export function configOf(of: Json | undefined): Json {
  return mapAt(of, 'Config');
}

/** The texts under a key. */
export function textsAt(of: Json, key: string): string[] {
  return listAt(of, key).map(String);
}

/** The positive number under a key; 0 where there is none, and for what Docker counts as no limit. */
export function numberAt(of: Json, key: string): number {
  const value = isMap(of) ? of[key] : undefined;
  return typeof value === 'number' && value > 0 ? value : 0;
}

/** True where true stands under the key. */
export function isTrue(of: Json, key: string): boolean {
  return isMap(of) && of[key] === true;
}

/** Each text once, in an order of its own. */
export function sorted(values: readonly string[]): string[] {
  return [...new Set(values)].sort();
}

/** `NAME=VALUE` of a map, in order. */
export function pairs(map: Readonly<Record<string, unknown>>, sign = '='): string[] {
  return sorted(Object.entries(map).map(([name, value]) => `${name}${sign}${String(value)}`));
}

/** The flag before each value. */
export function flags(flag: string, values: readonly string[]): string[] {
  return values.flatMap((value) => [flag, value]);
}

/** True where both lists have the same words in the same order. */
export function same(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((word, at) => word === other[at]);
}

/** A truth value of HostConfig. */
export function hostFlag(key: 'privileged' | 'read_only' | 'init', field: string, flag: string): Field {
  return {
    key,
    want: (p) => p[key],
    read: (container) => isTrue(hostOf(container), field),
    args: (p) => (p[key] ? [flag] : []),
  };
}

/** A text of HostConfig that is empty unless somebody said otherwise. */
export function hostText(key: string, field: string, flag: string, value: (p: DockerContainer) => string): Field {
  return {
    key,
    want: value,
    read: (container) => textAt(hostOf(container), field),
    args: (p) => (value(p) === '' ? [] : [flag, value(p)]),
  };
}
