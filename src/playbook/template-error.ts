/** A mistake inside a Handlebars text; line and column count from 1 within that text. Never holds a variable's value. */
export class TemplateError extends Error {
  readonly hint: string | undefined;
  readonly line: number;
  readonly column: number;
  /** The operator's machine lacks something (an environment variable, a file), rather than the playbook being wrong. */
  readonly missingHere: boolean;

  constructor(message: string, at: { line: number; column: number }, hint?: string, missingHere = false) {
    super(message);
    this.name = 'TemplateError';
    this.hint = hint;
    this.line = at.line;
    this.column = at.column;
    this.missingHere = missingHere;
  }
}

/** A TemplateError at a part of the syntax tree. */
export function failure(message: string, at: hbs.AST.Node, hint?: string): TemplateError {
  return new TemplateError(message, placeOf(at), hint);
}

/** Where a part of the syntax tree begins; line and column count from 1. */
export function placeOf(node: hbs.AST.Node): { readonly line: number; readonly column: number } {
  return { line: node.loc.start.line, column: node.loc.start.column + 1 };
}
