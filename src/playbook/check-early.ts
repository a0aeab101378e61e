import type { z } from 'zod';
import { hasExpression, type ValueNode } from './nodes.ts';
import { parseParams } from './parse-params.ts';
import type { PlaybookFile, TaskItem } from './playbook.ts';
import type { Problems } from './problems.ts';
import { checkSyntax, type Origin, renderNode } from './render-node.ts';

/** Adds the mistakes of one file that no host, variable or environment can mend: expressions that are none, and literal parameters that do not fit. */
export function checkEarly(file: PlaybookFile, problems: Problems): void {
  for (const node of texts(file)) checkSyntax(node, problems);
  for (const item of file.items) if (item.kind === 'task') checkLiteral(item, problems);
}

function texts(file: PlaybookFile): readonly ValueNode[] {
  const found = [
    file.name,
    file.audit,
    ...file.vars.map(({ value }) => value),
    ...file.handlers.flatMap(({ check, run }) => [check, run]),
    ...file.items.flatMap((item) => [item.name, item.when, item.unless]),
    ...file.items.flatMap((item) =>
      item.kind === 'task' ? [item.params, item.each] : item.vars.map(({ value }) => value),
    ),
  ];
  return found.filter((node) => node !== undefined);
}

function checkLiteral(item: TaskItem, problems: Problems): void {
  const hasExpressions = hasExpression(item.params);
  const given = renderNode(item.params, { scope: new Map(), helpersIn: () => ({}), problems, literal: true });
  const rendered = given.value === null ? { ...given, value: {} } : given;
  const subject = { name: item.type.type, at: item.typeAt, sensitive: item.sensitive };
  parseParams(item.type.params, rendered, subject, problems, hasExpressions ? isOfLiterals : undefined);
}

/** True for an issue that no value of an expression could mend. */
function isOfLiterals(issue: z.core.$ZodIssue, origin: Origin): boolean {
  if (issue.code === 'unrecognized_keys') return issue.keys.every((key) => !key.includes('{{'));
  if (issue.code === 'custom' || issue.code === 'invalid_union') return false;
  return origin.literal;
}
