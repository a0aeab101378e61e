import { interpolate, type Lookup, openIn } from '../interpolate.ts';

const LINE = /^\s*(?:export\s+)?([\w.-]+)\s*(?:[=:]\s*|$)/;
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };

/** The variables of an env file as compose reads it: quotes, comments, `export`, and variables of `lookup` and of the lines before. */
export function parseDotenv(text: string, lookup: Lookup): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  const known: Lookup = (name) => lookup(name) ?? values.get(name);
  // What nothing says is empty in an env file.
  const filled = (value: string): string => {
    const result = interpolate(value, known);
    return openIn(result) === undefined ? result : result.replaceAll(/\uE000[^\uE001]*\uE001/g, '');
  };
  let rest = text.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n');
  while (rest !== '') {
    const end = rest.indexOf('\n') < 0 ? rest.length : rest.indexOf('\n');
    const line = rest.slice(0, end);
    const head = line.trimStart().startsWith('#') ? null : LINE.exec(line);
    if (!head) {
      rest = rest.slice(end + 1);
      continue;
    }
    const name = head[1] ?? '';
    const after = rest.slice(head[0].length);
    const quoted = /^'([^']*)'|^"((?:[^"\\]|\\[\s\S])*)"/.exec(after);
    if (quoted) {
      const [whole, single, double = ''] = quoted;
      values.set(
        name,
        single ??
          filled(double.replaceAll(/\\([\s\S])/g, (_, each: string) => ESCAPES[each] ?? (each === '$' ? '$$' : each))),
      );
      rest = after.slice(whole.length).replace(/^[^\n]*\n?/, '');
    } else {
      const value = line
        .slice(head[0].length)
        .replace(/(^|\s)#.*$/, '')
        .trim();
      if (/[=:]/.test(head[0])) values.set(name, filled(value));
      else if (lookup(name) !== undefined) values.set(name, lookup(name) ?? '');
      rest = rest.slice(end + 1);
    }
  }
  return values;
}
