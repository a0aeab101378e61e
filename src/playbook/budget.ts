import { failure, type TemplateError } from './template-error.ts';

/** How often blocks, calls and variables may stand in one another. */
const deepest = 100;
/** What one text may become, in characters, and all of a playbook together. */
const longestText = 16 * 2 ** 20;
const longestOfAll = 128 * 2 ** 20;
/** The expressions, blocks and rounds that a playbook may go through: some seconds. */
const mostSteps = 5_000_000;

/** What the expressions of one playbook may use up; everything that they do is one synchronous piece of work, so nothing else ends it. */
interface Budget {
  steps: number;
  characters: number;
  depth: number;
}

let current: Budget | undefined;

/** Runs `work` with one budget for all that is rendered meanwhile. */
export function withBudget<T>(work: () => T): T {
  if (current) return work();
  current = { steps: 0, characters: 0, depth: 0 };
  try {
    return work();
  } finally {
    current = undefined;
  }
}

/** Counts one step that makes `length` characters, at a part of a text; throws a TemplateError once there are too many. */
export function spend(node: hbs.AST.Node, length: number): void {
  if (!current) return;
  current.steps += 1;
  current.characters += length;
  if (current.steps > mostSteps) throw tooMuch(node, `more than ${mostSteps.toLocaleString('en')} steps`);
  if (current.characters > longestOfAll) throw tooMuch(node, `more than ${longestOfAll / 2 ** 20} million characters`);
}

/** Adds a part to a text; throws a TemplateError where it gets too long. */
export function checkLength(node: hbs.AST.Node, length: number): void {
  if (length > longestText) throw tooMuch(node, `a text of more than ${longestText / 2 ** 20} million characters`);
}

/** Runs `work` one level deeper; throws a TemplateError where it is too deep. */
export function deeper<T>(node: hbs.AST.Node, work: () => T): T {
  if (!current) return withBudget(() => deeper(node, work));
  if (current.depth >= deepest)
    throw failure(
      `Blocks, calls and variables stand in one another more than ${deepest} deep here`,
      node,
      'Write the value out, or say it with fewer variables',
    );
  current.depth += 1;
  try {
    return work();
  } finally {
    current.depth -= 1;
  }
}

function tooMuch(node: hbs.AST.Node, what: string): TemplateError {
  return failure(
    `The expressions of this playbook make ${what}; this is where it was too much`,
    node,
    'Look for {{#each}} in {{#each}}, and for variables that double each other: make the list with a program, and read it with {{file}} or --vars-file',
  );
}
