import type { z } from 'zod';
import type { Problems } from './problems.ts';
import type { Origin, Rendered } from './render-node.ts';
import { addIssue, type IssueSubject, originAt } from './zod-issues.ts';
import { defaultMessage } from './zod-sentences.ts';

/** What a schema makes of a rendered value, or undefined after mistakes, each of which is in `problems` at its place; those that `counts` denies are passed over. */
export function parseParams<T>(
  schema: z.ZodType<T>,
  rendered: Rendered,
  subject: Omit<IssueSubject, 'schema' | 'origin' | 'value'>,
  problems: Problems,
  counts: (issue: z.core.$ZodIssue, origin: Origin) => boolean = () => true,
): { readonly value: T } | undefined {
  let value = rendered.value;
  // Each round turns the values of expressions into the types that the schema asks for: `-e port=22` is text.
  const done = new Set<string>();
  for (;;) {
    const result = schema.safeParse(value, { error: () => defaultMessage });
    if (result.success) return { value: result.data };
    const converted = convert(value, rendered.origin, result.error.issues, done);
    if (!converted) {
      for (const issue of result.error.issues) {
        if (!counts(issue, originAt(rendered.origin, issue.path).origin)) continue;
        addIssue(issue, { ...subject, schema, origin: rendered.origin, value }, problems);
      }
      return undefined;
    }
    value = converted.value;
  }
}

/** The value with those parts that expressions made turned into the expected types, each once (`done`); undefined when nothing can be. */
function convert(
  value: unknown,
  origin: Origin,
  issues: readonly z.core.$ZodIssue[],
  done: Set<string>,
): { value: unknown } | undefined {
  let result = value;
  let changed = false;
  for (const { path, expected } of issues.flatMap((issue) => expectations(issue, []))) {
    const found = originAt(origin, path);
    const place = path.map(String).join('\0');
    if (found.origin.literal || done.has(place)) continue;
    const now = path.reduce<unknown>(
      (inner, part) => (inner as Record<PropertyKey, unknown> | undefined)?.[part],
      result,
    );
    const next = convertTo(expected, now);
    if (next === undefined) continue;
    result = replaceAt(result, path, next);
    changed = true;
    done.add(place);
  }
  return changed ? { value: result } : undefined;
}

interface Expectation {
  readonly path: readonly PropertyKey[];
  readonly expected: string;
}

function expectations(issue: z.core.$ZodIssue, above: readonly PropertyKey[]): Expectation[] {
  const path = [...above, ...issue.path];
  if (issue.code === 'invalid_type') return [{ path, expected: issue.expected }];
  if (issue.code === 'invalid_value')
    return issue.values.every((each) => typeof each === 'string') ? [{ path, expected: 'string' }] : [];
  if (issue.code === 'invalid_union') return issue.errors.flat().flatMap((inner) => expectations(inner, path));
  return [];
}

function convertTo(expected: string, value: unknown): unknown {
  if (expected === 'string') return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
  if (typeof value !== 'string') return undefined;
  if (expected === 'number' || expected === 'int')
    return /^-?\d{1,15}(\.\d+)?$/.test(value) ? Number(value) : undefined;
  if (expected === 'boolean') return { true: true, yes: true, false: false, no: false }[value];
  return undefined;
}

function replaceAt(value: unknown, path: readonly PropertyKey[], next: unknown): unknown {
  const [first, ...rest] = path;
  if (first === undefined) return next;
  if (Array.isArray(value)) return value.map((item, index) => (index === first ? replaceAt(item, rest, next) : item));
  const map = value as Record<PropertyKey, unknown>;
  return { ...map, [first]: replaceAt(map[first], rest, next) };
}
