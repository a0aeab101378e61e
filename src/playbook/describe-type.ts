import { z } from 'zod';
import type { AnyTaskType } from '../engine/task.ts';

/** One parameter, as the reference shows it. */
export interface DescribedParameter {
  /** As a person points at it: `state`, and within another one `rules[].port`, `default.incoming`. */
  readonly name: string;
  /** `string`, `boolean`, `list of string`, `map of string`, `one of present, absent`. */
  readonly kind: string;
  readonly required: boolean;
  /** JSON text of the default; undefined where there is none. */
  readonly default: string | undefined;
  readonly description: string;
  /** What may be written within it; empty where it is no map of known keys, nor a list of such. */
  readonly parameters: readonly DescribedParameter[];
}

/** A task type, as the reference shows it. */
export interface DescribedType {
  readonly type: string;
  readonly summary: string;
  readonly notes: string | undefined;
  readonly parameters: readonly DescribedParameter[];
  readonly examples: readonly unknown[];
}

interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly required?: readonly string[];
  readonly default?: unknown;
  readonly description?: string;
}

/** What the type's own schema says of its parameters. */
export function describeType(type: AnyTaskType): DescribedType {
  const schema = z.toJSONSchema(type.params, { io: 'input', target: 'draft-7', unrepresentable: 'any' }) as JsonSchema;
  return {
    type: type.type,
    summary: type.summary,
    notes: type.notes,
    parameters: parametersOf(schema, ''),
    examples: type.examples,
  };
}

function parametersOf(schema: JsonSchema, prefix: string): readonly DescribedParameter[] {
  const { properties = {}, required = [] } = objectOf(schema);
  return Object.entries(properties).map(([key, property]) => {
    const name = `${prefix}${key}`;
    const items = itemsOf(property);
    return {
      name,
      kind: kindOf(property),
      required: required.includes(key),
      default: property.default === undefined ? undefined : JSON.stringify(property.default),
      description: property.description ?? '',
      parameters: items ? parametersOf(items, `${name}[].`) : parametersOf(property, `${name}.`),
    };
  });
}

/** What a list holds, where that is a map of known keys. */
function itemsOf(schema: JsonSchema): JsonSchema | undefined {
  const forms = [schema, ...(schema.anyOf ?? []), ...(schema.oneOf ?? [])];
  return forms.flatMap(({ items }) => items ?? []).find((items) => objectOf(items).properties);
}

/** The object among the forms that a map may be written in. */
function objectOf(schema: JsonSchema): JsonSchema {
  if (schema.properties) return schema;
  for (const part of [...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.allOf ?? [])]) {
    const found = objectOf(part);
    if (found.properties) return found;
  }
  return {};
}

function kindOf(schema: JsonSchema): string {
  if (schema.enum) return `one of ${schema.enum.join(', ')}`;
  if (schema.const !== undefined) return String(schema.const);
  const parts = schema.anyOf ?? schema.oneOf;
  if (parts) return anyOf(parts.map(kindOf));
  if (schema.type === 'array') return schema.items ? `list of ${kindOf(schema.items)}` : 'list';
  if (schema.type === 'object') {
    const values = typeof schema.additionalProperties === 'object' ? kindOf(schema.additionalProperties) : 'value';
    return /value| or /.test(values) ? 'map' : `map of ${values}`;
  }
  if (schema.type === undefined) return 'value';
  return typeof schema.type === 'string' ? schema.type : anyOf(schema.type);
}

/** What may be text, a number or a truth value alike is simply a value. */
function anyOf(kinds: readonly string[]): string {
  const all = new Set(kinds);
  if (['string', 'number', 'boolean'].every((kind) => all.has(kind))) return 'value';
  return [...all].join(' or ');
}
