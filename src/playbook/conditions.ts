import type { SourcePosition } from '../errors.ts';
import { didYouMean, didYouMeanPart } from '../text/did-you-mean.ts';
import { describeValue, type MapNode } from './nodes.ts';
import { collectProblems, type Problems } from './problems.ts';
import { type RenderContext, renderNode } from './render-node.ts';
import type { Scope } from './template-lookup.ts';

/** Why a task does not apply, in words for a person, or undefined when it does. Unknown names are problems. */
export function whySkipped(
  when: MapNode | undefined,
  unless: MapNode | undefined,
  context: RenderContext,
  only: (name: string) => boolean = () => true,
): string | undefined {
  const missed = when && compare(when, context, only).find(({ matches }) => !matches);
  if (missed) return missed.reason;
  const all = unless ? compare(unless, context, only) : [];
  if (all.length > 0 && unless && all.length === unless.entries.length && all.every(({ matches }) => matches)) {
    return all.map(({ reason }) => reason).join(', ');
  }
  return undefined;
}

/** True when a condition speaks of that name or of something in it. */
export function mentions(condition: MapNode | undefined, name: string): boolean {
  return condition?.entries.some(({ key }) => key === name || key.startsWith(`${name}.`)) ?? false;
}

interface Comparison {
  readonly matches: boolean;
  readonly reason: string;
}

function compare(condition: MapNode, context: RenderContext, only: (name: string) => boolean): readonly Comparison[] {
  return condition.entries
    .filter(({ key }) => only(key))
    .flatMap(({ key, keyAt, value }): Comparison[] => {
      const found = find(key, context.scope, keyAt, context.problems);
      const problems = collectProblems();
      const rendered = renderNode(value, { ...context, problems });
      for (const problem of problems.list()) context.problems.catch(problem);
      if (!found || problems.count > 0) return [];
      const wanted = Array.isArray(rendered.value) ? rendered.value : [rendered.value];
      if (
        wanted.some((each) => each !== null && typeof each === 'object') ||
        (found.value !== null && isMap(found.value))
      ) {
        const what = isMap(found.value) ? `\`${key}\` is a map` : 'This is a map';
        context.problems.add(
          `${what}, and only texts, numbers and booleans can be compared`,
          keyAt,
          isMap(found.value) ? someParts(key, found.value) : undefined,
        );
        return [];
      }
      const has = (Array.isArray(found.value) ? found.value : [found.value]).map(plain);
      const matches = wanted.some((each) => has.includes(plain(each)));
      // A fact may be shown; a variable may hold a secret.
      const is = key.startsWith('facts.') ? has.join(', ') : undefined;
      const words = rendered.origin.literal && value.kind !== 'map' ? wanted.map(plain).join(' or ') : 'what is asked';
      if (matches) return [{ matches, reason: `${key} is ${is ?? words}` }];
      return [{ matches, reason: is === undefined ? `${key} is not ${words}` : `${key} is ${is}, not ${words}` }];
    });
}

function find(key: string, scope: Scope, at: SourcePosition, problems: Problems): { value: unknown } | undefined {
  const [first = '', ...rest] = key.split('.');
  const variable = scope.get(first);
  if (!variable) {
    const facts = scope.get('facts')?.() as object | undefined;
    const asFact = facts && Object.hasOwn(facts, first) ? `Write facts.${key}` : undefined;
    problems.add(
      `\`${first}\` is not defined`,
      at,
      asFact ?? didYouMean(first, scope.keys()) ?? 'Define it under `vars:`, or with -e',
    );
    return undefined;
  }
  let value: unknown;
  try {
    value = variable();
  } catch (error) {
    problems.catch(error);
    return undefined;
  }
  let walked = first;
  for (const part of rest) {
    if (value === null) return { value: null };
    if (!isMap(value) || !Object.hasOwn(value, part)) {
      const hint = isMap(value)
        ? (didYouMeanPart(walked, part, Object.keys(value)) ?? `\`${walked}\` has ${Object.keys(value).join(', ')}`)
        : `\`${walked}\` is ${describeValue(value)}`;
      problems.add(`\`${walked}.${part}\` is not defined`, at, hint);
      return undefined;
    }
    value = value[part];
    walked = `${walked}.${part}`;
  }
  return { value };
}

function someParts(key: string, value: object): string {
  return `Name one of its keys: ${Object.keys(value)
    .slice(0, 6)
    .map((part) => `${key}.${part}`)
    .join(', ')}`;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

function plain(value: unknown): string {
  return value === null || value === undefined ? '' : String(value);
}
