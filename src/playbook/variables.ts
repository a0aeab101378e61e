import { UserError } from '../errors.ts';
import { reservedNames } from './helpers.ts';
import type { MapEntry } from './nodes.ts';
import { collectProblems } from './problems.ts';
import { type RenderContext, renderNode } from './render-node.ts';

/** Variables that are rendered when they are first asked for, once; `context` gives the names that their own expressions may use. */
export function lazyVariables(
  entries: readonly MapEntry[],
  context: () => Omit<RenderContext, 'problems'>,
): Map<string, () => unknown> {
  return new Map(
    entries.map((entry) => {
      const render = () => {
        const problems = collectProblems();
        const { value } = renderNode(entry.value, { ...context(), problems }, entry.keyAt);
        problems.throwIfAny();
        return value;
      };
      const circle = () => new UserError(`The variable \`${entry.key}\` refers to itself`, { at: entry.keyAt });
      return [entry.key, once(render, circle)];
    }),
  );
}

/** Calls `make` once and keeps its value or its error; a call from inside itself throws `circle`. */
function once(make: () => unknown, circle: () => Error): () => unknown {
  let state: { readonly value: unknown } | { readonly error: unknown } | 'new' | 'busy' = 'new';
  return () => {
    if (state === 'busy') throw circle();
    if (state === 'new') {
      state = 'busy';
      try {
        state = { value: make() };
      } catch (error) {
        state = { error };
      }
    }
    if ('error' in state) throw state.error;
    return state.value;
  };
}

/** Why a text cannot name a variable, or undefined when it can. */
export function badVariableName(name: string): string | undefined {
  if (reservedNames.includes(name)) return `\`${name}\` has a meaning of its own in expressions; choose another name`;
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return undefined;
  return 'The name of a variable has letters, digits and underscores, and starts with no digit';
}
