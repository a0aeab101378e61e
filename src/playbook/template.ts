import { didYouMean } from '../text/did-you-mean.ts';
import { checkLength, deeper, spend } from './budget.ts';
import { describeValue } from './nodes.ts';
import { failure, placeOf, TemplateError } from './template-error.ts';
import { type Frame, lookup, rootFrame, type Scope } from './template-lookup.ts';
import { parseTemplate } from './template-parse.ts';

/** A function that expressions may call: its arguments are values; throws HelperError. */
export interface Helper {
  readonly minimum: number;
  readonly maximum: number;
  readonly usage: string;
  /** The first argument may be a name that is not defined; it is then undefined. */
  readonly optionalFirst?: boolean;
  call(args: readonly unknown[]): unknown;
}

export type Helpers = Readonly<Record<string, Helper>>;

/** What a helper throws; becomes a TemplateError at the expression that called it. */
export class HelperError extends Error {
  readonly hint: string | undefined;
  readonly missingHere: boolean;

  constructor(message: string, hint?: string, missingHere = false) {
    super(message);
    this.name = 'HelperError';
    this.hint = hint;
    this.missingHere = missingHere;
  }
}

const blocks = ['if', 'unless', 'each', 'with'];

/**
 * The value of a Handlebars text: strict (a name that is not defined is an error everywhere) and unescaped.
 * Text that is exactly one expression keeps the value's type; text without `{{` is itself.
 */
export function renderValue(text: string, scope: Scope, helpers: Helpers): unknown {
  if (!text.includes('{{')) return text;
  const program = parseTemplate(text);
  const { body } = program;
  const only = body.length === 1 ? body[0] : undefined;
  const root = rootFrame(scope);
  if (only?.type === 'MustacheStatement')
    return deeper(program, () => evaluateCall(only as hbs.AST.MustacheStatement, root, helpers));
  return deeper(program, () => renderBody(body, root, helpers));
}

/** The same, always as text: a template file. */
export function renderText(text: string, scope: Scope, helpers: Helpers): string {
  if (!text.includes('{{')) return text;
  const program = parseTemplate(text);
  return deeper(program, () => renderBody(program.body, rootFrame(scope), helpers));
}

function renderBody(body: readonly hbs.AST.Statement[], frame: Frame, helpers: Helpers): string {
  let text = '';
  for (const statement of body) {
    const part = renderStatement(statement, frame, helpers);
    // What a block is made of was counted inside it.
    spend(statement, statement.type === 'BlockStatement' ? 0 : part.length);
    checkLength(statement, text.length + part.length);
    text += part;
  }
  return text;
}

function renderStatement(statement: hbs.AST.Statement, frame: Frame, helpers: Helpers): string {
  switch (statement.type) {
    case 'ContentStatement':
      return (statement as hbs.AST.ContentStatement).value;
    case 'CommentStatement':
      return '';
    case 'MustacheStatement': {
      const mustache = statement as hbs.AST.MustacheStatement;
      return asText(evaluateCall(mustache, frame, helpers), mustache);
    }
    case 'BlockStatement':
      return deeper(statement, () => renderBlock(statement as hbs.AST.BlockStatement, frame, helpers));
    default:
      throw failure('Partials and decorators are not available', statement, 'Write {{file "name"}} to insert a file');
  }
}

function renderBlock(block: hbs.AST.BlockStatement, frame: Frame, helpers: Helpers): string {
  const name = block.path.type === 'PathExpression' ? (block.path as hbs.AST.PathExpression).original : '';
  if (!blocks.includes(name)) {
    const hint = didYouMean(name, blocks);
    throw failure(`The block \`{{#${name}}}\` does not exist`, block, hint ?? `There are ${blocks.join(', ')}`);
  }
  const [argument, ...more] = block.params;
  if (!argument || more.length > 0 || block.hash?.pairs.length) {
    throw failure(`\`{{#${name} …}}\` takes one value`, block, `Write {{#${name} name}}`);
  }
  const value = evaluate(argument, frame, helpers);
  const inverse = () => (block.inverse ? renderBody(block.inverse.body, frame, helpers) : '');
  const program = block.program;
  const names = program.blockParams ?? [];
  if (name === 'if' || name === 'unless') {
    return isTrue(value) === (name === 'if') ? renderBody(program.body, frame, helpers) : inverse();
  }
  if (name === 'with') {
    if (!isTrue(value)) return inverse();
    const inner = blockFrame(frame, value, names[0] === undefined ? [] : [[names[0], value]], frame.data);
    return renderBody(program.body, inner, helpers);
  }
  const items = itemsOf(value, block);
  if (items.length === 0) return inverse();
  let text = '';
  for (const [index, [key, item]] of items.entries()) {
    spend(block, 0);
    const data = { index, key, first: index === 0, last: index === items.length - 1 };
    const bound = [item, key].flatMap((each, place) =>
      names[place] === undefined ? [] : [[names[place], each] as const],
    );
    text += renderBody(program.body, blockFrame(frame, item, bound, data), helpers);
    checkLength(block, text.length);
  }
  return text;
}

function blockFrame(
  parent: Frame,
  value: unknown,
  bound: readonly (readonly [string, unknown])[],
  data: Frame['data'],
): Frame {
  return { scope: undefined, value, names: new Map([...parent.names, ...bound]), data, parent };
}

function itemsOf(value: unknown, at: hbs.AST.Node): (readonly [string | number, unknown])[] {
  if (Array.isArray(value)) return value.map((item, index) => [index, item] as const);
  if (value !== null && typeof value === 'object') return Object.entries(value);
  throw failure(`\`{{#each}}\` goes through a list or a map, not ${describeValue(value)}`, at);
}

/** An expression in braces or parentheses: a helper with its arguments, or a name. */
function evaluateCall(
  call: hbs.AST.MustacheStatement | hbs.AST.SubExpression,
  frame: Frame,
  helpers: Helpers,
): unknown {
  const path = call.path.type === 'PathExpression' ? (call.path as hbs.AST.PathExpression) : undefined;
  const name = path && !path.data && path.depth === 0 ? path.original : undefined;
  const helper = name !== undefined && Object.hasOwn(helpers, name) ? helpers[name] : undefined;
  if (!helper || name === undefined) {
    if (call.params.length === 0 && !call.hash?.pairs.length) return evaluate(call.path, frame, helpers);
    const hint = didYouMean(name ?? '', [...Object.keys(helpers), ...blocks]);
    throw failure(
      `\`${path?.original ?? '…'}\` is not a helper`,
      call,
      hint ?? `The helpers are ${Object.keys(helpers).join(', ')}`,
    );
  }
  const { params } = call;
  if (call.hash?.pairs.length || params.length < helper.minimum || params.length > helper.maximum) {
    throw failure(`\`${name}\` is called with the wrong values`, call, `Write {{${helper.usage}}}`);
  }
  const args = params.map((param, index) => {
    if (index === 0 && helper.optionalFirst && param.type === 'PathExpression') {
      return lookup(param as hbs.AST.PathExpression, frame, true);
    }
    return evaluate(param, frame, helpers);
  });
  try {
    return helper.call(args);
  } catch (error) {
    if (!(error instanceof HelperError)) throw error;
    throw new TemplateError(error.message, placeOf(call), error.hint, error.missingHere);
  }
}

function evaluate(expression: hbs.AST.Expression, frame: Frame, helpers: Helpers): unknown {
  switch (expression.type) {
    case 'PathExpression':
      return lookup(expression as hbs.AST.PathExpression, frame, false);
    case 'SubExpression':
      return deeper(expression, () => evaluateCall(expression as hbs.AST.SubExpression, frame, helpers));
    case 'StringLiteral':
    case 'NumberLiteral':
    case 'BooleanLiteral':
      return (expression as hbs.AST.StringLiteral | hbs.AST.NumberLiteral | hbs.AST.BooleanLiteral).value;
    default:
      return null;
  }
}

/** As Handlebars has it, and the words that stand for false in YAML and on the command line. */
function isTrue(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  return Boolean(value) && value !== 'false' && value !== 'no';
}

function asText(value: unknown, at: hbs.AST.MustacheStatement): string {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return String(value);
  const name = at.path.type === 'PathExpression' ? (at.path as hbs.AST.PathExpression).original : 'this';
  if (Array.isArray(value))
    throw failure(`\`${name}\` is a list, and a list cannot stand inside text`, at, `Write {{join ${name} ","}}`);
  if (value !== null && typeof value === 'object') {
    throw failure(
      `\`${name}\` is a map, and a map cannot stand inside text`,
      at,
      `Name one of its keys, or write {{json ${name}}}`,
    );
  }
  throw failure(`\`${name}\` has no value`, at, `Give it one, or write {{default ${name} ""}}`);
}
