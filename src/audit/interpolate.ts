/** What `${NAME}` stands for; undefined: nothing says it. */
export type Lookup = (name: string) => string | undefined;

/** Stands around the name of a variable that only the environment of the deployment knows. */
const OPEN = '\uE000';
const CLOSE = '\uE001';
const NAME = /^[A-Za-z_]\w*/;
const OPEN_NAMES = /\uE000([^\uE001]*)\uE001/g;
const DEEPEST = 20;

/** A text as compose resolves it: `$$`, `$A`, `${A}`, `${A:-b}`, `${A-b}`, `${A:+b}`, `${A+b}`, `${A:?e}`, with variables in what stands behind. What nothing says, and has no default, stays open. */
export function interpolate(text: string, lookup: Lookup, depth = 0): string {
  if (!text.includes('$')) return text;
  let result = '';
  let at = 0;
  while (at < text.length) {
    const dollar = text.indexOf('$', at);
    if (dollar < 0) return result + text.slice(at);
    result += text.slice(at, dollar);
    const rest = text.slice(dollar + 1);
    const bare = NAME.exec(rest)?.[0];
    const end = rest.startsWith('{') ? closing(text, dollar + 2) : -1;
    if (rest.startsWith('$')) {
      result += '$';
      at = dollar + 2;
    } else if (bare !== undefined) {
      result += lookup(bare) ?? open(bare);
      at = dollar + 1 + bare.length;
    } else if (end >= 0) {
      result += braced(text.slice(dollar + 2, end), lookup, depth) ?? text.slice(dollar, end + 1);
      at = end + 1;
    } else {
      result += '$';
      at = dollar + 1;
    }
  }
  return result;
}

/** The first variable that is still open. */
export function openIn(text: string): string | undefined {
  return new RegExp(OPEN_NAMES).exec(text)?.[1];
}

/** Splits at a character that does not stand in an open variable; what is open is shown as `${NAME}` by `shown`. */
export function shown(text: string): string {
  return text.replaceAll(OPEN_NAMES, '${$1}');
}

function open(name: string): string {
  return `${OPEN}${name}${CLOSE}`;
}

/** What stands in braces; undefined where compose would refuse it. */
function braced(inner: string, lookup: Lookup, depth: number): string | undefined {
  const name = NAME.exec(inner)?.[0];
  if (name === undefined || depth > DEEPEST) return undefined;
  const [, operator, word = ''] = /^(:?[-+?]|)([\s\S]*)$/.exec(inner.slice(name.length)) ?? [];
  if (operator === '' && word !== '') return undefined;
  const value = lookup(name);
  // `:` takes what is empty for what is not there
  const set = operator?.startsWith(':') ? value !== undefined && value !== '' : value !== undefined;
  switch (operator?.at(-1)) {
    case '-':
      return set ? value : interpolate(word, lookup, depth + 1);
    case '+':
      if (value === undefined) return open(name);
      return set ? interpolate(word, lookup, depth + 1) : '';
    case '?':
      return set ? value : open(name);
    default:
      return value ?? open(name);
  }
}

/** Where the brace closes that was opened before `from`; -1: nowhere. */
function closing(text: string, from: number): number {
  let depth = 1;
  for (let at = from; at < text.length; at += 1) {
    if (text.startsWith('${', at)) depth += 1;
    else if (text[at] === '}' && --depth === 0) return at;
  }
  return -1;
}
