/** Any JSON value. */
export type Json = string | number | boolean | null | readonly Json[] | JsonMap;

/** A JSON object. */
export interface JsonMap {
  readonly [key: string]: Json;
}

/** Whether a value is a JSON object, and no list or null. */
export function isMap(value: Json | undefined): value is JsonMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
