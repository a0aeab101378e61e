import { realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import type { SourcePosition } from '../../errors.ts';
import type { ValueNode } from '../../playbook/nodes.ts';
import { interpolate, type Lookup } from '../interpolate.ts';
import { parseDotenv } from './dotenv.ts';
import { readText } from './source.ts';

/** What a compose file is read in: where its relative paths start, and what its variables stand for. */
export interface Surroundings {
  /** As the operator named it. */
  readonly folder: string;
  readonly lookup: Lookup;
}

/** A scalar with its variables put in. */
export interface ComposeScalar {
  /** As the file has it: with the defaults of its variables, and nothing of the environment. */
  readonly literal?: string;
  /** Where a relative path starts. */
  readonly folder?: string;
}

/** The operator's environment as compose reads it. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Those of a project: what is around it counts before the env files, and these before `.env` beside the file, which need not be there. */
export async function surroundingsOf(
  folder: string,
  outer: Lookup,
  files?: readonly { readonly file: string; readonly at: SourcePosition }[],
): Promise<Surroundings> {
  const values = new Map<string, string>();
  const add = (text: string) => {
    for (const [name, value] of parseDotenv(text, (name) => outer(name) ?? values.get(name))) values.set(name, value);
  };
  if (files === undefined) add(await readText(join(folder, '.env'), 'env file').catch(() => ''));
  for (const { file, at } of files ?? []) if (file !== '/dev/null') add(await readText(file, 'env file', at));
  return { folder, lookup: (name) => outer(name) ?? values.get(name) };
}

/** A file's values with their variables put in; keys stay, as with compose. */
export function resolved(node: ValueNode, { folder, lookup }: Surroundings): ValueNode {
  if (node.kind === 'list') return { ...node, items: node.items.map((item) => resolved(item, { folder, lookup })) };
  if (node.kind === 'map') {
    const entries = node.entries.map((entry) => ({ ...entry, value: resolved(entry.value, { folder, lookup }) }));
    return { ...node, entries };
  }
  if (typeof node.value !== 'string') return { ...node, folder } as ValueNode;
  const value = interpolate(node.value, lookup);
  const literal = interpolate(node.value, () => undefined);
  return { ...node, value, written: value, literal, folder } as ValueNode;
}

/** A path of the machine that the project is on, as compose resolves it: `~`, and relative to the file. */
export function hostPath(path: string, folder: string, home: string): string {
  if (/^~(?=\/|$)/.test(path)) return join(home, path.slice(1));
  return isAbsolute(path) ? path : resolve(folder, path);
}

/** The operator's home, which `~` and mostly `$HOME` stand for. */
export function homeOf(lookup: Lookup): string {
  return lookup('HOME') || homedir();
}

/** What a path of the project leads to, with links followed; the path itself where nothing is there. */
export function behindLinks(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
