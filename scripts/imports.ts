import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

/** An import in a source file; `to` is a path from the repository's root, or the name of a package. */
export interface Import {
  readonly from: string;
  readonly to: string;
  readonly typeOnly: boolean;
}

/** Every source file below a folder, by its path from the repository's root, sorted. */
export function sourceFiles(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => join(folder, file))
    .sort();
}

/** The imports of all these files. */
export function importsOfAll(files: readonly string[]): readonly Import[] {
  return files.flatMap((file) => importsOf(file, readFileSync(file, 'utf8')));
}

/** The imports, re-exports and dynamic imports of one source text. */
export function importsOf(file: string, source: string): Import[] {
  const matches = source.matchAll(
    /^(?:import|export)\s+(type\s+)?[^;]*?from\s*'([^']+)'|^import\s+'([^']+)'|\bimport\(\s*'([^']+)'\s*\)/gm,
  );
  return [...matches].map(([, typeOnly, named, bare, dynamic]) => {
    const target = named ?? bare ?? dynamic ?? '';
    const to = target.startsWith('.') ? normalize(join(dirname(file), target)) : target;
    return { from: file, to, typeOnly: typeOnly !== undefined };
  });
}

/** Groups of files that import each other in a circle, type-only imports included; each group and the list are sorted. */
export function circles(imports: readonly Import[]): readonly (readonly string[])[] {
  const next = new Map<string, string[]>();
  for (const { from, to } of imports) next.set(from, [...(next.get(from) ?? []), to]);
  const reach = new Map([...next.keys()].map((file) => [file, reachable(file, next)]));
  const groups = new Map<string, readonly string[]>();
  for (const [file, reached] of reach) {
    if (!reached.has(file)) continue;
    const group = [...reached].filter((other) => reach.get(other)?.has(file)).sort();
    groups.set(group[0] ?? file, group);
  }
  return [...groups.values()].sort((a, b) => String(a[0]).localeCompare(String(b[0])));
}

function reachable(start: string, next: ReadonlyMap<string, readonly string[]>): ReadonlySet<string> {
  const seen = new Set<string>();
  const queue = [...(next.get(start) ?? [])];
  for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
    if (seen.has(file)) continue;
    seen.add(file);
    queue.push(...(next.get(file) ?? []));
  }
  return seen;
}
