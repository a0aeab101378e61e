import { type JsonError, jsonError } from '../json-error.ts';
import { isMap, type Json, type JsonMap } from './json.ts';

/** What a daemon.json says; an empty or missing one says nothing. `error`: it is not JSON. */
export interface DaemonConfig {
  readonly config: JsonMap;
  readonly error?: JsonError | undefined;
}

/** How a key that the file does not have is shown. */
export const UNSET = 'unset';

/** Reads a daemon.json; a byte order mark is no part of it. */
export function parseConfig(text: string | undefined): DaemonConfig {
  const json = (text ?? '').replace(/^\uFEFF/, '');
  if (json.trim() === '') return { config: {} };
  const error = jsonError(json);
  if (error !== undefined) return { config: {}, error };
  const config: Json = JSON.parse(json);
  return isMap(config)
    ? { config }
    : { config: {}, error: { line: 1, column: 1, message: 'an object in braces is expected here' } };
}

/** The values of a tree with their paths; an empty map is a value itself. */
export function leaves(
  value: Json,
  path: readonly string[] = [],
): readonly { readonly path: readonly string[]; readonly value: Json }[] {
  if (!isMap(value) || Object.keys(value).length === 0) return path.length === 0 ? [] : [{ path, value }];
  return Object.entries(value).flatMap(([key, inner]) => leaves(inner, [...path, key]));
}

/** The value at a path as JSON text, or `unset`. */
export function valueAt(config: JsonMap, path: readonly string[]): string {
  let value: Json | undefined = config;
  for (const key of path) value = isMap(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  return value === undefined ? UNSET : JSON.stringify(value);
}

/** The file's keys in the file's order, with `options` laid over them map by map, and without `remove`. */
export function mergeConfig(config: JsonMap, options: JsonMap, remove: readonly string[] = []): JsonMap {
  const merged = overlay(config, options);
  return remove.reduce((result, name) => without(result, removePath(name)), merged);
}

/** `log-opts.max-file` as a path. */
export function removePath(name: string): readonly string[] {
  const dot = name.indexOf('.');
  return dot === -1 ? [name] : [name.slice(0, dot), name.slice(dot + 1)];
}

/** The text of a daemon.json, indented like the one that it replaces. */
export function formatConfig(config: JsonMap, like: string | undefined): string {
  const indent = /^\s*\{\s*\n([ \t]+)"/.exec(like ?? '')?.[1] ?? '  ';
  return `${JSON.stringify(config, null, indent)}\n`;
}

function overlay(base: JsonMap, over: JsonMap): JsonMap {
  const result: Record<string, Json> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const old = result[key];
    result[key] = isMap(old) && isMap(value) ? overlay(old, value) : value;
  }
  return result;
}

// a map that is left empty goes as well
function without(config: JsonMap, [key = '', ...rest]: readonly string[]): JsonMap {
  const { [key]: old, ...others } = config;
  if (old === undefined || rest.length === 0 || !isMap(old)) return rest.length === 0 ? others : config;
  const inner = without(old, rest);
  return Object.keys(inner).length === 0 ? others : { ...config, [key]: inner };
}
