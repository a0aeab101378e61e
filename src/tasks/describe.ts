import { z } from 'zod';
import type { AnyTaskType } from '../engine/task.ts';

/** One parameter, as the reference shows it. */
export interface DescribedParameter {
  readonly name: string;
  /** `string`, `boolean`, `list of string`, `one of present, absent`. */
  readonly kind: string;
  readonly required: boolean;
  /** JSON text of the default; undefined where there is none. */
  readonly default: string | undefined;
  readonly description: string;
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
  readonly required?: readonly string[];
  readonly default?: unknown;
  readonly description?: string;
}

/** What the type's own schema says of its parameters. */
export function describeType(type: AnyTaskType): DescribedType {
  const schema = objectOf(
    z.toJSONSchema(type.params, { io: 'input', target: 'draft-7', unrepresentable: 'any' }) as JsonSchema,
  );
  return {
    type: type.type,
    summary: type.summary,
    notes: type.notes,
    parameters: Object.entries(schema.properties ?? {}).map(([name, property]) => ({
      name,
      kind: kindOf(property),
      required: schema.required?.includes(name) ?? false,
      default: property.default === undefined ? undefined : JSON.stringify(property.default),
      description: property.description ?? '',
    })),
    examples: type.examples,
  };
}

/** The object among the forms a parameter set may be written in. */
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
  if (parts) return [...new Set(parts.map(kindOf))].join(' or ');
  if (schema.type === 'array') return schema.items ? `list of ${kindOf(schema.items)}` : 'list';
  if (schema.type === 'object') return 'map';
  return typeof schema.type === 'string' ? schema.type : 'value';
}
