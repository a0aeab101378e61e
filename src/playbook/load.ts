import { basename } from 'node:path';
import { checkEarly } from './check-early.ts';
import { checkNotify, linkHandlers } from './link-handlers.ts';
import { type Loader, loadFile } from './load-file.ts';
import type { HandlerItem, PlaybookFile } from './playbook.ts';
import { collectProblems } from './problems.ts';
import type { Registry } from './registry.ts';

/** A playbook with its includes, read and checked as far as that goes before any host is known. */
export interface Playbook {
  /** As the operator named it. */
  readonly file: string;
  /** Its `name:`, else the name of the file. */
  readonly name: string;
  /** Every YAML file that it is made of, itself first. */
  readonly sources: readonly { readonly file: string; readonly sha256: string }[];
  readonly root: PlaybookFile;
  /** Its own handlers and those of its includes, in order. */
  readonly handlers: readonly HandlerItem[];
  /** What `audit:` may ask for. */
  readonly audits: Registry['audits'];
}

/** Reads a playbook and its includes; throws a UserError with all mistakes that can be found without a host. */
export async function loadPlaybook(file: string, registry: Registry): Promise<Playbook> {
  const problems = collectProblems();
  const loader: Loader = {
    registry,
    problems,
    sources: new Map(),
    files: new Map(),
    gaps: { handlers: false, values: new Set() },
  };
  const root = await loadFile(loader, file, [], undefined);
  if (!root) throw problems.error();
  const handlers = linkHandlers(root, problems);
  if (!loader.gaps.handlers) checkNotify(root, handlers, problems);
  for (const each of loader.files.values()) if (!loader.gaps.values.has(each)) checkEarly(each, problems);
  problems.throwIfAny();
  const name = root.name ? String(root.name.value) : basename(file).replace(/\.ya?ml$/, '');
  const sources = [...loader.sources.values()].map((source) => ({ file: source.file, sha256: source.sha256 }));
  return { file, name, sources, root, handlers, audits: registry.audits };
}
