type Json = Readonly<Record<string, unknown>>;

/** Where and why a value breaks a JSON Schema of draft 7; empty when it fits. Throws for keywords that it does not know, so that none is passed over. */
export function schemaErrors(schema: Json, value: unknown, root: Json = schema, path = ''): string[] {
  return Object.entries(schema).flatMap(([keyword, rule]) => {
    const check = checks[keyword];
    if (!check) throw new Error(`the keyword ${keyword} is not known`);
    return check({ schema, rule, value, root, path });
  });
}

interface Check {
  readonly schema: Json;
  readonly rule: unknown;
  readonly value: unknown;
  readonly root: Json;
  readonly path: string;
}

const nothing = () => [];
const fits = (rule: unknown, value: unknown, root: Json) => schemaErrors(rule as Json, value, root).length === 0;
const when = (applies: boolean, ok: () => boolean, path: string, what: string) =>
  applies && !ok() ? [`${path}: ${what}`] : [];

const checks: Readonly<Record<string, (check: Check) => string[]>> = {
  $schema: nothing,
  title: nothing,
  description: nothing,
  default: nothing,
  examples: nothing,
  definitions: nothing,
  format: nothing,
  $ref: ({ rule, value, root, path }) => {
    const name = String(rule).replace('#/definitions/', '');
    const target = (root.definitions as Readonly<Record<string, Json>>)[name];
    if (!target) throw new Error(`there is no definition ${name}`);
    return schemaErrors(target, value, root, path);
  },
  type: ({ rule, value, path }) =>
    when(true, () => [rule].flat().some((type) => isType(value, String(type))), path, `not ${rule}`),
  enum: ({ rule, value, path }) => when(true, () => (rule as unknown[]).includes(value), path, `not one of ${rule}`),
  const: ({ rule, value, path }) => when(true, () => rule === value, path, `not ${rule}`),
  pattern: ({ rule, value, path }) =>
    when(typeof value === 'string', () => new RegExp(String(rule), 'u').test(String(value)), path, `not ${rule}`),
  minLength: ({ rule, value, path }) =>
    when(typeof value === 'string', () => String(value).length >= Number(rule), path, 'too short'),
  maxLength: ({ rule, value, path }) =>
    when(typeof value === 'string', () => String(value).length <= Number(rule), path, 'too long'),
  minimum: ({ rule, value, path }) =>
    when(typeof value === 'number', () => Number(value) >= Number(rule), path, 'too small'),
  maximum: ({ rule, value, path }) =>
    when(typeof value === 'number', () => Number(value) <= Number(rule), path, 'too large'),
  exclusiveMinimum: ({ rule, value, path }) =>
    when(typeof value === 'number', () => Number(value) > Number(rule), path, 'too small'),
  minItems: ({ rule, value, path }) =>
    when(Array.isArray(value), () => (value as unknown[]).length >= Number(rule), path, 'too few'),
  maxItems: ({ rule, value, path }) =>
    when(Array.isArray(value), () => (value as unknown[]).length <= Number(rule), path, 'too many'),
  minProperties: ({ rule, value, path }) =>
    when(isMap(value), () => Object.keys(value as Json).length >= Number(rule), path, 'too few'),
  anyOf: ({ rule, value, root, path }) =>
    when(true, () => (rule as unknown[]).some((each) => fits(each, value, root)), path, 'none fits'),
  oneOf: ({ rule, value, root, path }) =>
    when(
      true,
      () => (rule as unknown[]).filter((each) => fits(each, value, root)).length === 1,
      path,
      'not exactly one fits',
    ),
  allOf: ({ rule, value, root, path }) => (rule as Json[]).flatMap((each) => schemaErrors(each, value, root, path)),
  not: ({ rule, value, root, path }) => when(true, () => !fits(rule, value, root), path, 'fits what it must not'),
  required: ({ rule, value, path }) =>
    isMap(value)
      ? (rule as string[]).filter((key) => !Object.hasOwn(value, key)).map((key) => `${path}: needs ${key}`)
      : [],
  properties: ({ rule, value, root, path }) =>
    Object.entries(rule as Readonly<Record<string, Json>>).flatMap(([key, each]) =>
      isMap(value) && Object.hasOwn(value, key) ? schemaErrors(each, value[key], root, `${path}/${key}`) : [],
    ),
  propertyNames: ({ rule, value, root, path }) =>
    isMap(value) ? Object.keys(value).flatMap((key) => schemaErrors(rule as Json, key, root, `${path}/${key}`)) : [],
  additionalProperties: ({ rule, schema, value, root, path }) => {
    if (!isMap(value)) return [];
    const more = Object.keys(value).filter((key) => !Object.hasOwn((schema.properties as Json | undefined) ?? {}, key));
    if (rule === false) return more.map((key) => `${path}: has ${key}`);
    return more.flatMap((key) => schemaErrors(rule as Json, value[key], root, `${path}/${key}`));
  },
  items: ({ rule, value, root, path }) =>
    Array.isArray(value)
      ? value.flatMap((item, index) =>
          schemaErrors((Array.isArray(rule) ? rule[index] : rule) as Json, item, root, `${path}/${index}`),
        )
      : [],
};

function isMap(value: unknown): value is Json {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

function isType(value: unknown, type: string): boolean {
  if (type === 'null') return value === null;
  if (type === 'array') return Array.isArray(value);
  if (type === 'object') return isMap(value);
  if (type === 'integer') return Number.isInteger(value);
  return typeof value === type;
}
