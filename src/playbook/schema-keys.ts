import type { z } from 'zod';

/** The parts of a zod 4 schema's definition that lead to other schemas. */
interface Definition {
  readonly type: string;
  readonly shape?: Readonly<Record<string, Schema>>;
  readonly element?: Schema;
  readonly items?: readonly Schema[];
  readonly valueType?: Schema;
  readonly innerType?: Schema;
  readonly in?: Schema;
  readonly left?: Schema;
  readonly right?: Schema;
  readonly options?: readonly Schema[];
  readonly getter?: () => Schema;
}

type Schema = z.core.$ZodType;

/** The keys that a schema knows for the map at `path`; empty where it knows none by name. */
export function keysAt(schema: Schema, path: readonly PropertyKey[]): readonly string[] {
  let reached = [schema];
  for (const part of path) reached = reached.flatMap((each) => step(each, part));
  return [...new Set(reached.flatMap(plainSchemas).flatMap((each) => Object.keys(definition(each).shape ?? {})))];
}

function step(schema: Schema, part: PropertyKey): Schema[] {
  return plainSchemas(schema).flatMap((plain) => {
    const { shape, element, items, valueType } = definition(plain);
    const next = shape?.[String(part)] ?? element ?? items?.[Number(part)] ?? valueType;
    return next ? [next] : [];
  });
}

/** The schemas behind optional, default, pipe, union and their like. */
function plainSchemas(schema: Schema): Schema[] {
  const { innerType, in: input, left, right, options, getter } = definition(schema);
  const behind = [innerType, input, left, right, ...(options ?? []), getter?.()].filter((each) => each !== undefined);
  return behind.length === 0 ? [schema] : behind.flatMap(plainSchemas);
}

function definition(schema: Schema): Definition {
  return schema._zod.def as unknown as Definition;
}
