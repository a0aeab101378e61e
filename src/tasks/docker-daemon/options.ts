import { isMap, type Json, type JsonMap } from '../support/docker/json.ts';
import { daemonKeys, type Kind } from './keys.ts';

/** Options as daemon.json takes them: what YAML leaves as text or number becomes what the key's kind asks where that is beyond doubt. */
export function normaliseOptions(options: JsonMap): JsonMap {
  return Object.fromEntries(
    Object.entries(options).map(([key, value]) => [
      key,
      key === 'default-ulimits' ? ulimits(value) : asKind(value, daemonKeys.get(key)?.kind),
    ]),
  );
}

/** What is wrong with an option's value, as a sentence; undefined for a good one, and for keys of dockerds to come. */
export function optionError(key: string, value: Json): string | undefined {
  const kind = daemonKeys.get(key)?.kind;
  if (value === null) return `${key} has no value: to take it out, name it under remove`;
  if (kind === undefined || fits(value, kind)) return key === 'default-ulimits' ? ulimitError(value) : undefined;
  return `${key} takes ${WORDS[kind]}, not ${JSON.stringify(value)}`;
}

const WORDS: Readonly<Record<Kind, string>> = {
  flag: 'true or false',
  number: 'a whole number',
  text: 'text',
  texts: 'a list of texts',
  'text map': 'a map of texts',
  'flag map': 'a map of true and false',
  map: 'a map',
  items: 'a list of maps',
};

function asKind(value: Json, kind: Kind | undefined): Json {
  switch (kind) {
    case 'flag':
      return value === 'yes' || value === 'true' ? true : value === 'no' || value === 'false' ? false : value;
    case 'number':
      return typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value;
    case 'text':
      return typeof value === 'number' || typeof value === 'boolean' ? String(value) : value;
    case 'texts':
      return Array.isArray(value) ? value.map((item) => asKind(item, 'text')) : value;
    case 'text map':
      return mapValues(value, (item) => asKind(item, 'text'));
    case 'flag map':
      return mapValues(value, (item) => asKind(item, 'flag'));
    default:
      return value;
  }
}

function fits(value: Json, kind: Kind): boolean {
  switch (kind) {
    case 'flag':
      return typeof value === 'boolean';
    case 'number':
      return Number.isInteger(value);
    case 'text':
      return typeof value === 'string';
    case 'texts':
      return Array.isArray(value) && value.every((item) => typeof item === 'string');
    case 'text map':
      return isMap(value) && Object.values(value).every((item) => typeof item === 'string');
    case 'flag map':
      return isMap(value) && Object.values(value).every((item) => typeof item === 'boolean');
    case 'map':
      return isMap(value);
    case 'items':
      return Array.isArray(value) && value.every(isMap);
  }
}

// dockerd takes a limit without its Name, and then no container starts
function ulimits(value: Json): Json {
  return mapValues(value, (limit, name) => {
    const pair =
      typeof limit === 'string' || typeof limit === 'number' ? /^(-?\d+)(?::(-?\d+))?$/.exec(String(limit)) : null;
    if (pair) return { Name: name, Soft: Number(pair[1]), Hard: Number(pair[2] ?? pair[1]) };
    return isMap(limit) ? { Name: name, ...limit } : limit;
  });
}

function ulimitError(value: Json): string | undefined {
  for (const [name, limit] of Object.entries(isMap(value) ? value : {})) {
    const good =
      isMap(limit) &&
      limit.Name === name &&
      Number.isInteger(limit.Soft) &&
      Number.isInteger(limit.Hard) &&
      Object.keys(limit).length === 3;
    if (!good) return `default-ulimits.${name} is written { Soft: 1024, Hard: 2048 } or "1024:2048"`;
    if (Number(limit.Hard) !== -1 && Number(limit.Soft) > Number(limit.Hard))
      return `default-ulimits.${name} has a soft limit above its hard one`;
  }
  return undefined;
}

function mapValues(value: Json, change: (item: Json, key: string) => Json): Json {
  return isMap(value)
    ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, change(item, key)]))
    : value;
}
