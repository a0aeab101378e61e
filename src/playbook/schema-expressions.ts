/** A JSON Schema of draft 7, as far as it is looked into. */
export interface JsonSchema {
  readonly [keyword: string]: unknown;
}

/** The schema of a map with every value below it replaced by "this, or an expression"; free text is either already. */
export function acceptExpressions(schema: JsonSchema): JsonSchema {
  return mapChildren(schema, orExpression);
}

function orExpression(schema: JsonSchema): JsonSchema {
  const inner = mapChildren(schema, orExpression);
  if (isFreeText(inner)) return inner;
  const { description, default: preset, ...rest } = inner;
  return {
    ...(description === undefined ? {} : { description }),
    ...(preset === undefined ? {} : { default: preset }),
    anyOf: [...alternatives(rest), { $ref: '#/definitions/expression' }],
  };
}

function alternatives(schema: JsonSchema): readonly JsonSchema[] {
  const keywords = Object.keys(schema);
  return keywords.length === 1 && Array.isArray(schema.anyOf)
    ? schema.anyOf.filter((each) => each.$ref === undefined)
    : [schema];
}

function isFreeText(schema: JsonSchema): boolean {
  const { description: _, default: __, ...rest } = schema;
  const keywords = Object.keys(rest);
  return keywords.length === 0 || (keywords.length === 1 && [schema.type].flat().includes('string'));
}

/** Properties and items get `change`; alternatives are the same value, so their parts do. */
function mapChildren(schema: JsonSchema, change: (child: JsonSchema) => JsonSchema): JsonSchema {
  const result: Record<string, unknown> = { ...schema };
  if (isSchema(schema.properties)) {
    result.properties = Object.fromEntries(
      Object.entries(schema.properties).map(([key, child]) => [key, change(child as JsonSchema)]),
    );
  }
  for (const keyword of ['additionalProperties', 'items'] as const) {
    if (isSchema(schema[keyword])) result[keyword] = change(schema[keyword]);
  }
  if (Array.isArray(schema.items)) result.items = schema.items.map(change);
  for (const keyword of ['anyOf', 'oneOf', 'allOf'] as const) {
    if (Array.isArray(schema[keyword]))
      result[keyword] = schema[keyword].map((each: JsonSchema) => mapChildren(each, change));
  }
  return result;
}

function isSchema(value: unknown): value is JsonSchema {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
