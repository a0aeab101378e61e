import { readFile } from 'node:fs/promises';
import { type Document, isCollection, isScalar, visit } from 'yaml';
import { type SourcePosition, UserError } from '../../errors.ts';
import type { ValueNode } from '../../playbook/nodes.ts';
import { collectProblems } from '../../playbook/problems.ts';
import { yamlDocument } from '../../playbook/yaml-document.ts';
import { toNode } from '../../playbook/yaml-nodes.ts';
import { syntaxError } from '../../playbook/yaml-syntax.ts';

/** A compose file as it is written. */
export interface ComposeSource {
  readonly file: string;
  readonly text: string;
  readonly document: Document.Parsed;
  /** What it says; aliases and merge keys are replaced by what they stand for. */
  readonly root: ValueNode;
}

/** Tags that say how a value is merged with that of another file, and nothing of the value itself. */
const MERGE_TAGS = new Set(['!override', '!reset']);

/** Reads a compose file; `from` is the place that names it. Throws a UserError with the place of what is wrong. */
export async function readCompose(file: string, from?: SourcePosition): Promise<ComposeSource> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'does not exist' : 'cannot be read';
    throw new UserError(`The compose file ${file} ${reason}`, { at: from, cause: error });
  }
  return parseCompose(text, file);
}

/** Parses the text of a compose file. */
export function parseCompose(text: string, file: string): ComposeSource {
  const { document, position } = yamlDocument(text, file);
  const warnings = document.warnings.filter(({ message }) => ![...MERGE_TAGS].some((tag) => message.includes(tag)));
  const mistake = document.errors[0] ?? warnings[0];
  if (mistake) throw syntaxError(mistake, text, position);
  visit(document, {
    Node: (_key, node) => {
      if (!(isScalar(node) || isCollection(node)) || !MERGE_TAGS.has(node.tag ?? '')) return undefined;
      const reset = node.tag === '!reset';
      delete node.tag;
      if (reset && isScalar(node)) node.value = null;
      else if (reset && isCollection(node)) node.items = [];
      return undefined;
    },
  });
  const problems = collectProblems();
  const root = toNode(document, text, position, problems);
  problems.throwIfAny();
  return { file, text, document, root };
}
