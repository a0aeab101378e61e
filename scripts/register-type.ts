/** The registry's source with one more type: its import and its line, each in its alphabetical place. */
export function registerType(source: string, file: string, constant: string): string {
  const line = `import { ${constant} } from './${file}.ts';`;
  if (source.includes(line)) return source;
  return insertSorted(
    insertSorted(source, /^import \{ \w+Task \} from '\.\/.*';$/gm, line),
    /^ {2}\w+Task,$/gm,
    `  ${constant},`,
  );
}

function insertSorted(source: string, pattern: RegExp, line: string): string {
  const lines = [...source.matchAll(pattern)];
  const last = lines.at(-1);
  if (!last) throw new Error(`the registry has no line like ${pattern}`);
  const next = lines.find(([text]) => sortKey(text) > sortKey(line));
  if (next) return `${source.slice(0, next.index)}${line}\n${source.slice(next.index)}`;
  const end = last.index + last[0].length;
  return `${source.slice(0, end)}\n${line}${source.slice(end)}`;
}

/** The name without its ending: Biome sorts imports like that, and the list goes by the name of the type. */
function sortKey(line: string): string {
  return /'(.*?)(?:\/index)?\.ts'/.exec(line)?.[1] ?? line.replace(/Task,$/, '');
}
