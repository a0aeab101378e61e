import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { type SourcePosition, UserError } from '../errors.ts';
import { nearest } from '../text/did-you-mean.ts';
import { MOST_OF_TEXT, readLocalStream } from '../text/local-file.ts';
import type { ValueNode } from './nodes.ts';
import { collectProblems, type Problems } from './problems.ts';
import { yamlDocument } from './yaml-document.ts';
import { toNode } from './yaml-nodes.ts';
import { syntaxError } from './yaml-syntax.ts';

/** A YAML file that was read: what it says, with positions, and its fingerprint. */
export interface YamlSource {
  /** As the operator named it, or relative to the file that includes it. */
  readonly file: string;
  readonly sha256: string;
  /** Undefined for a file that holds nothing. */
  readonly root: ValueNode | undefined;
}

/**
 * Reads and parses one file; `what` is its role in messages (`playbook`), `from` the place that names it.
 * Throws a UserError; mistakes that leave the rest readable go to `problems` where that is given.
 */
export async function readYaml(
  file: string,
  what: string,
  from?: SourcePosition,
  problems?: Problems,
): Promise<YamlSource> {
  const bytes = await readBytes(file, what, from);
  const text = decode(bytes, file, what, from);
  const found = problems ?? collectProblems();
  const root = parseYaml(text, file, found);
  if (!problems) found.throwIfAny();
  return { file, sha256: createHash('sha256').update(bytes).digest('hex'), root };
}

function parseYaml(text: string, file: string, problems: Problems): ValueNode | undefined {
  const { document, position } = yamlDocument(text, file);
  if (document.directives?.yaml.explicit && document.directives.yaml.version !== '1.2') {
    const at = position(Math.max(0, text.search(/^%YAML/m)));
    throw new UserError(`YAML ${document.directives.yaml.version} would read \`no\` as false and \`0644\` as 420`, {
      at,
      hint: 'Remove the `%YAML` line: harden reads YAML 1.2',
    });
  }
  const mistake = document.errors[0] ?? document.warnings[0];
  if (mistake) throw syntaxError(mistake, text, position);
  if (!document.contents) return undefined;
  return toNode(document, text, position, problems);
}

async function readBytes(file: string, what: string, at: SourcePosition | undefined): Promise<Buffer> {
  try {
    return await readLocalStream(file, MOST_OF_TEXT);
  } catch (error) {
    if (error instanceof UserError) throw new UserError(error.message, { at, hint: error.hint });
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      const near = nearest(basename(file), await yamlFilesIn(dirname(file)));
      throw new UserError(`The ${what} ${file} does not exist`, { at, hint: near && `Did you mean ${near}?` });
    }
    if (code === 'EISDIR') {
      const inside = await yamlFilesIn(file);
      const hint = inside.length > 0 ? `Name a file in it: ${inside.slice(0, 5).join(', ')}` : 'Name a YAML file';
      throw new UserError(`The ${what} ${file} is a directory`, { at, hint });
    }
    if (code === 'EACCES' || code === 'EPERM') {
      throw new UserError(`The ${what} ${file} must not be read by this user`, { at, hint: `Check its permissions` });
    }
    throw new UserError(`The ${what} ${file} cannot be read: ${(error as Error).message}`, { at, cause: error });
  }
}

async function yamlFilesIn(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names.filter((name) => /\.ya?ml$/.test(name)).sort();
}

function decode(bytes: Buffer, file: string, what: string, at: SourcePosition | undefined): string {
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)) {
    throw new UserError(`The ${what} ${file} is UTF-16`, { at, hint: 'Save it as UTF-8' });
  }
  const binary = new UserError(`The ${what} ${file} is not a text file`, { at, hint: 'Name a YAML file in UTF-8' });
  if (bytes.includes(0)) throw binary;
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw binary;
  }
  if (text.startsWith('$ANSIBLE_VAULT')) {
    throw new UserError(`The ${what} ${file} is encrypted with ansible-vault`, {
      at,
      hint: 'Decrypt it, or take secrets from the environment with {{env "NAME"}}',
    });
  }
  return text;
}
