import { Buffer } from 'node:buffer';
import type { Change } from '../../engine/diff.ts';
import { HostError, UserError } from '../../errors.ts';
import type { Script } from '../../remote/sh.ts';
import { touchesAccess } from './access-paths.ts';
import { validateCandidate } from './candidate.ts';
import type { FileAttributes } from './file-attributes.ts';
import { type AttributeState, actualAttributes, wantedAttributes } from './file-params.ts';
import { isText, parseFile, readFile, sha256 } from './read-file.ts';
import { printContent, replaceFile } from './replace-file.ts';
import { setAttributes } from './set-attributes.ts';
import { withdrawRules } from './ufw-rules-file.ts';
import { contentProblem } from './validators/for-path.ts';

/** A file of which every byte is known. */
export interface WholeFile extends FileAttributes {
  readonly path: string;
  readonly content: Uint8Array;
  readonly validate?: string | undefined;
}

export type WholeFileState =
  | (AttributeState & {
      /** The text, where what is wanted is text of at most 1 MiB. */
      readonly content?: string;
      /** Hex; in place of `content` for everything else. */
      readonly sha256?: string;
      /** The file's real path, where the path is a link to it. */
      readonly target?: string;
    })
  | null;

/** Throws a UserError for a content that could never stand at its path. */
export function checkContent(file: WholeFile): WholeFile {
  const problem = contentProblem(file.path, Buffer.from(file.content).toString('utf8'));
  if (problem !== undefined) throw new UserError(`${file.path}: ${problem}`);
  return file;
}

/** The content is sent only where it differs. */
export function probeWholeFile(file: WholeFile): Script {
  return readFile(file.path, { content: { unless: sha256(file.content) } });
}

export function readWholeFile(output: string, file: WholeFile): WholeFileState {
  const found = parseFile(output);
  if (found === null) return null;
  if (found.kind === 'directory')
    throw new HostError(`${file.path} is a directory on the host`, {
      hint: `To put a file into it, write its whole path, as in ${file.path}/NAME`,
    });
  if (found.kind !== 'file') throw new HostError(`${file.path} is neither a file nor a directory on the host`);
  const target = found.target === undefined ? {} : { target: found.target };
  const attributes = { ...actualAttributes(found, file), ...target };
  const hash = found.sha256 ?? '';
  if (!isText(file.content)) return { ...attributes, sha256: hash };
  const same = hash === sha256(file.content);
  const content = same ? Buffer.from(file.content).toString('utf8') : found.content;
  return { ...attributes, content: content ?? `(${found.size} bytes, too many or not text; SHA-256 ${hash})` };
}

export function wantWholeFile(file: WholeFile): WholeFileState {
  const content = isText(file.content)
    ? { content: Buffer.from(file.content).toString('utf8') }
    : { sha256: sha256(file.content) };
  return { ...content, ...wantedAttributes(file) };
}

/** Replaces the file; where its content is right, sets owner, group and mode alone. */
export function applyWholeFile(change: Change<WholeFileState>, file: WholeFile): Script {
  return changesContent(change)
    ? replaceFile({ ...file, content: shortest(file.content) })
    : setAttributes(file.path, file);
}

export function validateWholeFile(change: Change<WholeFileState>, file: WholeFile): Script | undefined {
  if (!changesContent(change)) return undefined;
  return validateCandidate({ ...file, produce: printContent(shortest(file.content)) });
}

/** What is left to do once the old file is back. */
export function undoWholeFile({ path, content }: WholeFile): Script | undefined {
  return withdrawRules(path, Buffer.from(content).toString('utf8'));
}

/** The path, and the file that it is a link to. */
export function keptPaths(path: string, before: { readonly target?: string } | null): readonly string[] {
  return before?.target === undefined ? [path] : [path, before.target];
}

/** `'access'` where the path, or the file that it is a link to, is one that logging in depends on. */
export function riskOf(path: string, before: { readonly target?: string } | null): 'access' | undefined {
  return keptPaths(path, before).some(touchesAccess) ? 'access' : undefined;
}

function changesContent({ keys }: Change<WholeFileState>): boolean {
  return keys.includes('content') || keys.includes('sha256');
}

// text stays readable in the script
function shortest(content: Uint8Array): string | Uint8Array {
  return isText(content) ? Buffer.from(content).toString('utf8') : content;
}
