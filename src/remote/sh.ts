/** POSIX sh text (dash), made with the `sh` tag. */
export type Script = string;

/** Text that the `sh` tag inserts as it is: a piece of script, not a value. */
export interface Raw {
  readonly raw: Script;
}

/** One value of a script: strings and numbers become one word, lists become one word each. */
export type ShValue = string | number | boolean | readonly (string | number)[] | Raw;

/** A script with every interpolated value quoted as one word (a list: a word each); `raw()` marks what is script itself. Throws on NUL, which no shell word can hold. */
export function sh(text: TemplateStringsArray, ...values: readonly ShValue[]): Script {
  let script = text[0] ?? '';
  for (const [index, value] of values.entries()) script += word(value) + (text[index + 1] ?? '');
  return script;
}

/** Marks a script for insertion into another one without quoting. */
export function raw(script: Script): Raw {
  return { raw: script };
}

/** One shell word that stands for exactly `value`. */
export function quote(value: string): string {
  if (value.includes('\0')) throw new Error('a shell word cannot hold a NUL byte');
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(value) && !value.startsWith('=')
    ? value
    : `'${value.replaceAll("'", `'\\''`)}'`;
}

function word(value: ShValue): string {
  if (typeof value === 'object') {
    if ('raw' in value) return value.raw;
    return value.map((item) => quote(String(item))).join(' ');
  }
  return quote(String(value));
}
