import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { type Document, isCollection, isScalar, LineCounter, parseAllDocuments, visit } from 'yaml';
import { formatPosition, type SourcePosition, UserError } from '../../errors.ts';
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
  /** What it says; aliases and merge keys are replaced by what they stand for. A file of several documents says one after the other, and the later counts. */
  readonly roots: readonly ValueNode[];
  /** Places of values that replace what a file before says, instead of joining it. */
  readonly overriding: ReadonlySet<string>;
  /** Where an offset of the text is, as places are shown. */
  place(offset: number): string;
}

/** Tags that say how a value is merged with that of another file, and nothing of the value itself. */
const MERGE_TAGS = new Set(['!override', '!reset']);
const LARGEST = 4_000_000;

/** Reads a compose file; `from` is the place that names it. Throws a UserError with the place of what is wrong. */
export async function readCompose(file: string, from?: SourcePosition): Promise<ComposeSource> {
  return parseCompose(await readText(file, 'compose file', from), file);
}

/** The text of a file beside the project; a pipe, a device and what has no end are refused. */
export async function readText(file: string, kind: string, from?: SourcePosition): Promise<string> {
  let handle: Awaited<ReturnType<typeof open>> | undefined;
  try {
    // without waiting for the other end of a pipe
    handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
    const about = await handle.stat();
    if (!about.isFile() || about.size > LARGEST) throw new Error('no file of a usual size');
    return await handle.readFile('utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const reason = code === 'ENOENT' || code === 'ENOTDIR' ? 'does not exist' : 'cannot be read';
    throw new UserError(`The ${kind} ${file} ${reason}`, { at: from, cause: error });
  } finally {
    await handle?.close();
  }
}

/** Parses the text of a compose file. */
export function parseCompose(text: string, file: string): ComposeSource {
  const { document: single, position } = yamlDocument(text, file);
  const several = single.errors.some(({ code }) => code === 'MULTIPLE_DOCS');
  const documents = several
    ? (parseAllDocuments(text, {
        lineCounter: new LineCounter(),
        prettyErrors: false,
        uniqueKeys: false,
        logLevel: 'error',
      }) as Document.Parsed[])
    : [single];
  const overriding = new Set<string>();
  const roots = documents.map((document) => {
    const warnings = document.warnings.filter(({ message }) => ![...MERGE_TAGS].some((tag) => message.includes(tag)));
    const mistake = document.errors[0] ?? warnings[0];
    if (mistake) throw syntaxError(mistake, text, position);
    visit(document, {
      Node: (_key, node) => {
        if (!(isScalar(node) || isCollection(node)) || !MERGE_TAGS.has(node.tag ?? '')) return undefined;
        const reset = node.tag === '!reset';
        if (node.range) overriding.add(formatPosition(position(node.range[0])));
        delete node.tag;
        if (reset && isScalar(node)) node.value = null;
        else if (reset && isCollection(node)) node.items = [];
        return undefined;
      },
    });
    const problems = collectProblems();
    const root = toNode(document, text, position, problems);
    problems.throwIfAny();
    return root;
  });
  const place = (offset: number) => formatPosition(position(offset));
  return { file, text, document: documents[0] as Document.Parsed, roots, overriding, place };
}
