import { type SourcePosition, UserError } from '../errors.ts';
import type { ScalarNode, ValueNode } from './nodes.ts';
import { MissingHereError, type Problems } from './problems.ts';
import { type Helpers, renderText, renderValue } from './template.ts';
import { TemplateError } from './template-error.ts';
import type { Scope } from './template-lookup.ts';
import { parseTemplate } from './template-parse.ts';
import { openings } from './yaml-nodes.ts';

/** What a value of a playbook became, and where each part of it stands in the file. */
export interface Rendered {
  readonly value: unknown;
  readonly origin: Origin;
}

export interface Origin {
  readonly at: SourcePosition;
  /** The place of its key in the map that holds it. */
  readonly keyAt?: SourcePosition | undefined;
  /** False where an expression made the value: then nobody may show it. */
  readonly literal: boolean;
  /** As a literal scalar is written in the file. */
  readonly written?: string | undefined;
  readonly children: ReadonlyMap<string, Origin>;
}

export interface RenderContext {
  readonly scope: Scope;
  /** The helpers for expressions that stand in that file. */
  helpersIn(file: string): Helpers;
  /** Gets every mistake; the value is then incomplete. */
  readonly problems: Problems;
  /** Leave expressions as they are written. */
  readonly literal?: boolean;
}

/** Renders every text inside a node; mistakes go to `context.problems`. */
export function renderNode(node: ValueNode, context: RenderContext, keyAt?: SourcePosition): Rendered {
  const rendered = renderParts(node, context, keyAt);
  if (sizeOf(rendered.value) <= largest) return rendered;
  const hint = 'Look for variables that double each other';
  context.problems.add(`This value has more than ${largest.toLocaleString('en')} parts`, node.at, hint);
  return { ...rendered, value: undefined };
}

/** The most texts, numbers, lists and maps that a value is made of, what is in it several times counted so often. */
const largest = 2_000_000;
const sizes = new WeakMap<object, number>();

function sizeOf(value: unknown): number {
  if (value === null || typeof value !== 'object') return 1;
  const known = sizes.get(value);
  if (known !== undefined) return known;
  let size = 1;
  for (const part of Object.values(value)) size += sizeOf(part);
  sizes.set(value, size);
  return size;
}

function renderParts(node: ValueNode, context: RenderContext, keyAt?: SourcePosition): Rendered {
  if (node.kind === 'scalar') {
    const literal = typeof node.value !== 'string' || !node.value.includes('{{');
    const value = literal || context.literal ? node.value : renderScalar(node, context);
    return {
      value,
      origin: { at: node.at, keyAt, literal, written: literal ? node.written : undefined, children: new Map() },
    };
  }
  const children = new Map<string, Origin>();
  if (node.kind === 'list') {
    const value = node.items.map((item, index) => {
      const rendered = renderNode(item, context);
      children.set(String(index), rendered.origin);
      return rendered.value;
    });
    return { value, origin: { at: node.at, keyAt, literal: true, children } };
  }
  const value: Record<string, unknown> = {};
  for (const entry of node.entries) {
    const key = renderKey(entry.key, entry.keyAt, context);
    const rendered = renderNode(entry.value, context, entry.keyAt);
    children.set(key, rendered.origin);
    Object.defineProperty(value, key, { value: rendered.value, enumerable: true, configurable: true, writable: true });
  }
  return { value, origin: { at: node.at, keyAt, literal: true, children } };
}

/** Renders a scalar that must be text; undefined after a mistake, which is in `context.problems`. */
export function renderLine(node: ScalarNode, context: RenderContext): string | undefined {
  const before = context.problems.count;
  const { value } = renderNode(node, context);
  if (context.problems.count > before) return undefined;
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return String(value);
  context.problems.add('This must be text', node.at);
  return undefined;
}

/** Adds a mistake for each text inside a node whose expressions cannot be parsed. */
export function checkSyntax(node: ValueNode, problems: Problems): void {
  if (node.kind === 'list') for (const item of node.items) checkSyntax(item, problems);
  if (node.kind === 'map') for (const { value } of node.entries) checkSyntax(value, problems);
  if (node.kind !== 'scalar' || typeof node.value !== 'string' || !node.value.includes('{{')) return;
  try {
    parseTemplate(node.value);
  } catch (error) {
    problems.catch(error instanceof TemplateError ? placed(error, node, node.value) : error);
  }
}

function renderScalar(node: ScalarNode, context: RenderContext): unknown {
  const text = String(node.value);
  try {
    return renderValue(text, context.scope, context.helpersIn(node.at.file));
  } catch (error) {
    context.problems.catch(error instanceof TemplateError ? placed(error, node, text) : error);
    return undefined;
  }
}

function renderKey(key: string, at: SourcePosition, context: RenderContext): string {
  if (context.literal) return key;
  try {
    return renderText(key, context.scope, context.helpersIn(at.file));
  } catch (error) {
    context.problems.catch(error instanceof TemplateError ? userError(error, at) : error);
    return key;
  }
}

function placed(error: TemplateError, node: ScalarNode, text: string): UserError {
  const lines = text.split('\n').slice(0, error.line);
  lines.push((lines.pop() ?? '').slice(0, error.column + 1));
  const opened = [...lines.join('\n').matchAll(openings)].length;
  return userError(error, node.expressionAt(Math.max(0, opened - 1)));
}

/** The same mistake as a person is told it, at a place in a file. */
export function userError(error: TemplateError, at: SourcePosition | undefined): UserError {
  const options = { at, hint: error.hint };
  return error.missingHere ? new MissingHereError(error.message, options) : new UserError(error.message, options);
}
