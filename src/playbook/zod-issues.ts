import type { z } from 'zod';
import type { SourcePosition } from '../errors.ts';
import { didYouMean } from '../text/did-you-mean.ts';
import { commonKeys } from './common-keys.ts';
import type { Problems } from './problems.ts';
import type { Origin } from './render-node.ts';
import { keysAt } from './schema-keys.ts';
import { defaultMessage, explainIssue, writtenHint } from './zod-sentences.ts';

/** The value that did not fit, where it stands and what it is called. */
export interface IssueSubject {
  /** `user`: what has the parameters. */
  readonly name: string;
  /** Where it is named. */
  readonly at: SourcePosition;
  /** Nothing of the value may be shown. */
  readonly sensitive: boolean;
  readonly schema: z.ZodType;
  readonly origin: Origin;
  readonly value: unknown;
}

/** The innermost place on the way to `path`, and whether the way led to its end. */
export function originAt(
  root: Origin,
  path: readonly PropertyKey[],
): { readonly origin: Origin; readonly complete: boolean } {
  let origin = root;
  for (const part of path) {
    const child = origin.children.get(String(part));
    if (!child) return { origin, complete: false };
    origin = child;
  }
  return { origin, complete: true };
}

/** Says what one zod issue means, at the place of the value or key that it is about. */
export function addIssue(found: z.core.$ZodIssue, subject: IssueSubject, problems: Problems): void {
  const path = writtenPath(found.path, subject.value);
  const issue = { ...found, path };
  const { origin, complete } = originAt(subject.origin, path);
  const at = path.length === 0 && origin.written === '' ? subject.at : origin.at;
  if (issue.code === 'unrecognized_keys') {
    for (const key of issue.keys) addUnknownKey(key, path, origin, subject, problems);
    return;
  }
  const value = valueAt(subject.value, path);
  if (value === undefined && path.length > 0 && !complete) {
    addMissing(issue, subject, problems);
    return;
  }
  if (issue.code === 'invalid_union' && issue.message === defaultMessage) {
    const nearest = nearestBranch(issue, value);
    if (nearest) {
      for (const inner of nearest) addIssue({ ...inner, path: [...path, ...inner.path] }, subject, problems);
      return;
    }
  }
  const label = labelOf(path, subject.name);
  if (issue.message !== defaultMessage) {
    const says = /^(must|may|cannot|can|is|has|needs|takes|does|contains|holds)\b/.test(issue.message);
    problems.add(`\`${label}\`${says ? '' : ':'} ${issue.message}`, at, writtenHint(issue.message, value, origin));
    return;
  }
  const shown = mayShow(origin, path, subject) ? value : undefined;
  const [message, hint] = explainIssue(issue, value, shown, origin, label);
  problems.add(`\`${label}\` ${message}`, at, hint);
}

/** The path without its last number where one value stands for a list of one. */
function writtenPath(path: PropertyKey[], value: unknown): PropertyKey[] {
  const above = path.slice(0, -1);
  const alone =
    typeof path.at(-1) === 'number' && ['string', 'number', 'boolean'].includes(typeof valueAt(value, above));
  return alone ? above : path;
}

function addUnknownKey(
  key: string,
  path: readonly PropertyKey[],
  origin: Origin,
  subject: IssueSubject,
  problems: Problems,
): void {
  const known = keysAt(subject.schema, path);
  const label = labelOf(path, subject.name);
  const at = origin.children.get(key)?.keyAt ?? origin.at;
  const common = path.length === 0 && (commonKeys as readonly string[]).includes(key);
  const hint = common
    ? `\`${key}\` belongs to the task: write it beside \`${subject.name}:\`, not below`
    : (didYouMean(key, known) ?? (known.length > 0 ? `There are ${known.join(', ')}` : undefined));
  problems.add(`\`${label}\` has no parameter \`${key}\``, at, hint);
}

function addMissing(issue: z.core.$ZodIssue, subject: IssueSubject, problems: Problems): void {
  const key = String(issue.path.at(-1));
  const above = issue.path.slice(0, -1);
  const { origin } = originAt(subject.origin, above);
  const choices = issue.code === 'invalid_value' ? `: one of ${issue.values.map(String).join(', ')}` : '';
  const own = issue.message === defaultMessage ? undefined : `\`${key}\` ${issue.message}`;
  problems.add(
    `\`${labelOf(above, subject.name)}\` needs \`${key}\`${choices}`,
    above.length === 0 ? subject.at : origin.at,
    own,
  );
}

/** The issues of the one alternative that was meant, told by the kind of value; undefined when none stands out. */
function nearestBranch(issue: z.core.$ZodIssueInvalidUnion, value: unknown): readonly z.core.$ZodIssue[] | undefined {
  const inside = issue.errors.filter((branch) =>
    branch.every((inner) => inner.path.length > 0 || !['invalid_type', 'invalid_value'].includes(inner.code)),
  );
  if (inside.length === 1) return inside[0];
  if (issue.errors.length === 1) return issue.errors[0];
  if (inside.length > 1 && value !== null && typeof value === 'object') {
    return [...inside].sort((a, b) => a.length - b.length)[0];
  }
  return undefined;
}

function mayShow(origin: Origin, path: readonly PropertyKey[], subject: IssueSubject): boolean {
  if (subject.sensitive || !origin.literal) return false;
  return !path.some((part) => /pass|secret|token|hash|private|credential/i.test(String(part)));
}

function labelOf(path: readonly PropertyKey[], name: string): string {
  if (path.length === 0) return name;
  return path
    .map((part, index) => (typeof part === 'number' ? `[${part}]` : `${index > 0 ? '.' : ''}${String(part)}`))
    .join('');
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (inner, part) =>
      inner !== null && typeof inner === 'object' ? (inner as Record<PropertyKey, unknown>)[part] : undefined,
    value,
  );
}
