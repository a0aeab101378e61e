import Handlebars from 'handlebars';
import { TemplateError } from './template-error.ts';

/** How often blocks and calls may stand in one another. */
const deepest = 100;

const parsed = new Map<string, hbs.AST.Program>();

/** The Handlebars syntax tree of a text; throws a TemplateError. */
export function parseTemplate(text: string): hbs.AST.Program {
  const known = parsed.get(text);
  if (known) return known;
  const depth = deepestBraces(text);
  if (depth) throw depth;
  let program: hbs.AST.Program;
  try {
    program = Handlebars.parse(text);
  } catch (error) {
    throw parseError(text, error as Error & { lineNumber?: number; column?: number });
  }
  parsed.set(text, program);
  return program;
}

/** Handlebars walks what it parsed by calling itself, so what is too deep is found before. */
function deepestBraces(text: string): TemplateError | undefined {
  let blocks = 0;
  for (const tag of text.matchAll(/\{\{\{?~?\s*([#^/])?[^{}]{0,10000}/g)) {
    if (tag[1] === '/') blocks -= 1;
    else if (tag[1] !== undefined) blocks += 1;
    const parentheses = tag[0].split('(').length - 1;
    if (blocks <= deepest && parentheses <= deepest) continue;
    const before = text.slice(0, tag.index).split('\n');
    const at = { line: before.length, column: (before.at(-1) ?? '').length + 1 };
    return new TemplateError(
      `Blocks and calls stand in one another more than ${deepest} deep here`,
      at,
      'Write it with fewer',
    );
  }
  return undefined;
}

function parseError(text: string, error: Error & { lineNumber?: number; column?: number }): TemplateError {
  const mismatch = error.message.match(/^(\S+) doesn't match (\S+)/);
  if (mismatch) {
    const at = { line: error.lineNumber ?? 1, column: (error.column ?? 0) + 1 };
    return new TemplateError(
      `\`{{#${mismatch[1]}}}\` is closed by \`{{/${mismatch[2]}}}\``,
      at,
      `Close it with {{/${mismatch[1]}}}`,
    );
  }
  const line = Number(error.message.match(/on line (\d+)/)?.[1] ?? 1);
  const got = error.message.match(/got '([A-Z_]+)'/)?.[1] ?? '';
  const wrong = brokenExpression(text, line);
  const [message, hint] = explain(wrong?.text ?? '', got);
  return new TemplateError(message, wrong ?? { line, column: 1 }, hint);
}

/** The first expression at or after the start of the line that is not valid alone; block tags cannot be told so. */
function brokenExpression(text: string, line: number): { text: string; line: number; column: number } | undefined {
  const lines = text.split('\n');
  const current = lines[line - 1] ?? '';
  let first: { text: string; line: number; column: number } | undefined;
  for (const match of current.matchAll(/(?<!\\)\{\{.*?(?:\}\}\}?|$)/g)) {
    const found = { text: match[0], line, column: match.index + 1 };
    first ??= found;
    if (/^\{\{[~]?[#/^]/.test(match[0]) || /^\{\{~?\s*else\b/.test(match[0])) continue;
    try {
      Handlebars.parse(match[0]);
    } catch {
      return found;
    }
  }
  return first;
}

const literal = 'To write two braces as they are, put a backslash before them: \\{{';

function explain(expression: string, got: string): [message: string, hint: string] {
  const inner = expression.replace(/^\{+~?|~?\}+$/g, '').trim();
  if (expression !== '' && !expression.endsWith('}}')) return ['`{{` is not closed', `Close it with }}. ${literal}`];
  if (got === 'EOF')
    return ['A block is opened and not closed', 'Close {{#if …}} with {{/if}}, {{#each …}} with {{/each}}'];
  if (inner === '') return ['`{{}}` names no variable', literal];
  if (inner.startsWith('.')) return [`\`{{${inner}}}\` is not an expression`, literal];
  if (inner.includes('|'))
    return ['Expressions have no filters', 'Write {{default name "value"}} or {{join list ","}}'];
  if (/\[\d+\]/.test(inner) || /\.\d+$/.test(inner))
    return ['A list item is written `name.[0]`', 'Put a dot before the bracket'];
  return [`\`{{${inner}}}\` is not an expression`, `Write {{name}} or {{helper value}}. ${literal}`];
}
