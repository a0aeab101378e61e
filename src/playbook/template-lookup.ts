import { didYouMean, didYouMeanPart } from '../text/did-you-mean.ts';
import { describeValue } from './nodes.ts';
import { failure, placeOf, TemplateError } from './template-error.ts';

/** The names a text may use, and what stands for them; a value is made when it is first asked for. */
export type Scope = ReadonlyMap<string, () => unknown>;

/** What names mean inside a block: `this`, the block's parameters, `@index` and its like, and the blocks around it. */
export interface Frame {
  /** The variables; only the outermost frame has them. */
  readonly scope: Scope | undefined;
  readonly value: unknown;
  readonly names: ReadonlyMap<string, unknown>;
  readonly data: Readonly<Record<string, unknown>>;
  readonly parent: Frame | undefined;
}

/** A value on the way to the one that a path names. */
interface Reached {
  readonly value: unknown;
  /** How a person calls it. */
  readonly name: string;
  readonly rest: readonly string[];
}

/** The frame outside of every block. */
export function rootFrame(scope: Scope): Frame {
  return { scope, value: undefined, names: new Map(), data: {}, parent: undefined };
}

/** What a path names; a name that is not defined throws a TemplateError, or is undefined where it is `optional`. */
export function lookup(path: hbs.AST.PathExpression, frame: Frame, optional: boolean): unknown {
  const reached = path.data ? dataStart(path, frame) : pathStart(path, outward(path, frame), path.parts);
  if (!reached) {
    if (optional) return undefined;
    const [name = ''] = path.data ? path.parts.slice(1) : path.parts;
    const hint = didYouMean(name, rootOf(frame).scope?.keys() ?? []) ?? 'Define it under `vars:`, or with -e';
    throw new TemplateError(`\`${name}\` is not defined`, placeOf(path), hint, true);
  }
  let { value, name } = reached;
  for (const part of reached.rest) {
    const keys = value !== null && typeof value === 'object' ? Object.keys(value) : [];
    if (!keys.includes(part)) {
      if (optional) return undefined;
      const hint = outsideHint(name, part, frame) ?? didYouMeanPart(name, part, keys) ?? missingPart(name, value, keys);
      throw failure(`\`${name === 'this' ? part : `${name}.${part}`}\` is not defined`, path, hint);
    }
    value = (value as Record<string, unknown>)[part];
    name = `${name}.${part}`;
  }
  return value;
}

/** `../name`: the frame around. */
function outward(path: hbs.AST.PathExpression, start: Frame): Frame {
  let frame = start;
  for (let up = 0; up < path.depth; up++) {
    if (!frame.parent) throw failure(`\`${path.original}\` leaves the outermost block`, path, 'Remove a `../`');
    frame = frame.parent;
  }
  return frame;
}

/** `@index`, `@root.name`. */
function dataStart(path: hbs.AST.PathExpression, frame: Frame): Reached | undefined {
  const [name = '', ...rest] = path.parts;
  if (name === 'root') {
    if (rest.length === 0) throw failure('`@root` alone is not a value', path, 'Write @root.name');
    return pathStart(path, rootOf(frame), rest);
  }
  if (Object.hasOwn(frame.data, name)) return { value: frame.data[name], name: `@${name}`, rest };
  throw failure(`\`@${name}\` is not defined here`, path, didYouMean(name, Object.keys(frame.data)));
}

/** Where a path begins: a variable, a parameter of a block, or `this`; undefined where no variable has its name. */
function pathStart(path: hbs.AST.PathExpression, frame: Frame, parts: readonly string[]): Reached | undefined {
  const [first, ...rest] = parts;
  if (first === undefined && frame.scope) {
    throw failure(`\`${path.original}\` has no meaning outside of a block`, path, 'Write the name of a variable');
  }
  const ofThis = /^(this\b|\.)/.test(path.original);
  if (first !== undefined && !ofThis && frame.names.has(first)) {
    return { value: frame.names.get(first), name: first, rest };
  }
  if (!frame.scope || first === undefined) return { value: frame.value, name: 'this', rest: parts };
  const variable = frame.scope.get(first);
  return variable && { value: variable(), name: first, rest };
}

function outsideHint(name: string, part: string, frame: Frame): string | undefined {
  const isOutside = name === 'this' && rootOf(frame).scope?.has(part);
  return isOutside ? `Outside of the block it is {{@root.${part}}}` : undefined;
}

function missingPart(name: string, value: unknown, keys: readonly string[]): string {
  if (keys.length === 0) return `\`${name}\` is ${describeValue(value)}`;
  if (Array.isArray(value)) return `\`${name}\` is a list of ${keys.length}`;
  return `\`${name}\` has ${keys.slice(0, 12).join(', ')}`;
}

function rootOf(frame: Frame): Frame {
  return frame.parent ? rootOf(frame.parent) : frame;
}
