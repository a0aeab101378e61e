import { z } from 'zod';

/** A regular expression as GNU `grep -E` reads it. */
export interface HostRegexp {
  readonly pattern: string;
  readonly ignoreCase: boolean;
}

/** A regular expression in the common dialect of Perl, Python and JavaScript, searched for in one line of a file on the host. */
export const lineRegexp = z.string().superRefine((pattern, context) => {
  if (/^(?:\(\?i\))?[\^$]?$/.test(pattern))
    context.addIssue({
      code: 'custom',
      message:
        pattern === ''
          ? 'an empty regular expression is found in every line: write what should be found (is a variable empty?)'
          : `${pattern} alone is found in every line: write what should be found (is a variable empty?)`,
    });
  try {
    toHostRegexp(pattern);
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as Error).message });
  }
});

/** Writes an expression in the terms of GNU `grep -E`; throws an Error that says what to write instead where it has no such form. */
export function toHostRegexp(source: string): HostRegexp {
  const ignoreCase = source.startsWith('(?i)');
  const text = ignoreCase ? source.slice('(?i)'.length) : source;
  if (/[\0\n]/.test(text) || text.includes('\\n'))
    throw new Error('one line is searched at a time: leave newlines out');
  let pattern = '';
  // what JavaScript can judge: its brackets are not those of others
  let shape = '';
  for (let at = 0; at < text.length; ) {
    const [piece, next] = translate(text, at);
    pattern += piece;
    shape += text[at] === '[' ? '[x]' : text.slice(at, next).replace('(?P<', '(?<');
    at = next;
  }
  try {
    new RegExp(shape);
  } catch (error) {
    throw new Error(`not a regular expression: ${(error as Error).message}`);
  }
  return { pattern, ignoreCase };
}

function translate(text: string, at: number): [string, number] {
  const char = text[at] ?? '';
  if (char === '\\') return escaped(text, at);
  if (char === '[') return bracket(text, at);
  if (text.startsWith('(?', at)) return group(text, at);
  const quantifier = /^(?:[*+?]|\{\d*,?\d*\})/.exec(text.slice(at))?.[0];
  if (quantifier !== undefined && /[*+?\d]/.test(quantifier)) {
    // whether a line matches does not depend on greed
    return [quantifier, at + quantifier.length + (text[at + quantifier.length] === '?' ? 1 : 0)];
  }
  return char === '{' ? ['\\{', at + 1] : [char, at + 1];
}

const ESCAPES: Readonly<Record<string, string>> = {
  d: '[0-9]',
  D: '[^0-9]',
  s: '[[:space:]]',
  S: '[^[:space:]]',
  w: '[[:alnum:]_]',
  W: '[^[:alnum:]_]',
  A: '^',
  Z: '$',
  z: '$',
  t: '\t',
  r: '\r',
  f: '\f',
  v: '\v',
  b: '\\b',
  B: '\\B',
};

function escaped(text: string, at: number): [string, number] {
  const char = text[at + 1];
  if (char === undefined) throw new Error('not a regular expression: it ends in a backslash');
  const known = ESCAPES[char];
  if (known !== undefined) return [known, at + 2];
  if (/[1-9]/.test(char)) return [`\\${char}`, at + 2];
  if (/[A-Za-z0]/.test(char)) throw new Error(`\\${char} is not understood on the host: write the character itself`);
  return [/[.[\]()*+?{}|^$\\]/.test(char) ? `\\${char}` : char, at + 2];
}

function group(text: string, at: number): [string, number] {
  const opening = /^\(\?(?::|P?<[A-Za-z_]\w*>)/.exec(text.slice(at))?.[0];
  if (opening !== undefined) return ['(', at + opening.length];
  if (/^\(\?<?[=!]/.test(text.slice(at)))
    throw new Error('grep on the host knows no lookahead and no lookbehind: write what the line does look like');
  throw new Error(`${text.slice(at, at + 4)} is not understood on the host; only (?i), at the start, is`);
}

const CLASSES: Readonly<Record<string, string>> = { d: '0-9', s: '[:space:]', w: '[:alnum:]_' };
const CONTROLS: Readonly<Record<string, string>> = { t: '\t', r: '\r', f: '\f', v: '\v' };

// In a POSIX bracket a backslash stands for itself, and ] ^ - and [ are told by their place.
function bracket(text: string, at: number): [string, number] {
  const negated = text[at + 1] === '^';
  const classes: string[] = [];
  const chars: string[] = [];
  const first = at + (negated ? 2 : 1);
  let next = first;
  for (; next === first || text[next] !== ']'; ) {
    if (next >= text.length) throw new Error('not a regular expression: a [ is not closed');
    const posix = /^\[:[a-z]+:\]/.exec(text.slice(next))?.[0];
    if (posix !== undefined) {
      classes.push(posix);
      next += posix.length;
      continue;
    }
    const item = bracketItem(text, next);
    next = item.next;
    if (item.set !== undefined) {
      classes.push(item.set);
      continue;
    }
    if (text[next] !== '-' || text[next + 1] === ']' || next + 1 >= text.length) {
      chars.push(item.char);
      continue;
    }
    const end = bracketItem(text, next + 1);
    if (end.set !== undefined || /[\][^-]/.test(item.char + end.char))
      throw new Error(`a range from ${item.char} to ${end.set ?? end.char} is not understood on the host`);
    classes.push(`${item.char}-${end.char}`);
    next = end.next;
  }
  return [writeBracket(negated, classes, chars), next + 1];
}

function bracketItem(
  text: string,
  at: number,
): { readonly set?: string; readonly char: string; readonly next: number } {
  const char = text[at] ?? '';
  if (char !== '\\') return { char, next: at + 1 };
  const letter = text[at + 1] ?? '';
  const set = CLASSES[letter];
  if (set !== undefined) return { set, char: '', next: at + 2 };
  if (/[A-Za-z0-9]/.test(letter) && CONTROLS[letter] === undefined)
    throw new Error(`\\${letter} within [ ] is not understood on the host: write the characters themselves`);
  return { char: CONTROLS[letter] ?? letter, next: at + 2 };
}

function writeBracket(negated: boolean, classes: readonly string[], chars: readonly string[]): string {
  const has = (char: string) => (chars.includes(char) ? char : '');
  const plain = chars.filter((char) => !'][^-'.includes(char)).join('');
  const before = has(']') + classes.join('') + plain + has('[');
  if (before === '' && !negated && chars.includes('^')) return chars.includes('-') ? '[-^]' : '\\^';
  return `[${negated ? '^' : ''}${before}${has('^')}${has('-')}]`;
}
