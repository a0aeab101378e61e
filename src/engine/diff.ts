import type { State, StateValue } from './state.ts';

export type ChangeAction = 'create' | 'update' | 'delete';

/**
 * What a step does to one thing.
 * create: before is null. delete: after is null. update: both are there and differ in `keys`.
 */
export interface Change<S extends State = State> {
  readonly action: ChangeAction;
  readonly before: S;
  readonly after: S;
  /** The keys of `after` that differ from `before` (for delete: the keys of `before`). */
  readonly keys: readonly string[];
}

/** The change that makes `before` hold what `want` asks, or undefined when it already does; only keys of `want` count. */
export function diff<S extends State>(before: S, want: S): Change<S> | undefined {
  if (want === null) {
    return before === null ? undefined : { action: 'delete', before, after: want, keys: Object.keys(before) };
  }
  if (before === null) return { action: 'create', before, after: want, keys: Object.keys(want) };
  const keys = Object.keys(want).filter((key) => !sameValue(before[key], want[key]));
  return keys.length === 0 ? undefined : { action: 'update', before, after: want, keys };
}

/** The change that makes what `change` took back hold again. */
export function reversed<S extends State>({ action, before, after, keys }: Change<S>): Change<S> {
  if (action !== 'update')
    return { action: action === 'create' ? 'delete' : 'create', before: after, after: before, keys };
  // what was not asked for is as it was
  return { action, before: { ...before, ...after }, after: before, keys };
}

function sameValue(a: StateValue | undefined, b: StateValue | undefined): boolean {
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, index) => item === b[index]);
  return a === b;
}
