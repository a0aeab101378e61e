import type { Script } from '../../src/remote/sh.ts';

/** Where a character of a script stands: only `single` text means nothing to the shell. */
export type Quoting = 'none' | 'single' | 'double' | 'comment';

export interface LexedScript {
  /** One entry for each UTF-16 unit. */
  readonly quoting: readonly Quoting[];
  /** For each unit the index where its simple command begins. */
  readonly commandStart: readonly number[];
}

type Nest =
  | { readonly kind: 'double' }
  | { readonly kind: 'substitution'; parens: number }
  | { readonly kind: 'braces' };

/** Follows POSIX quoting through a script: quotes, escapes, comments, here-documents and substitutions. */
export function lex(script: Script): LexedScript {
  const quoting: Quoting[] = [];
  const commandStart: number[] = [];
  const nest: Nest[] = [];
  let pending: { word: string; quoted: boolean; tabs: boolean }[] = [];
  let start = 0;
  let at = 0;
  const take = (kind: Quoting, count = 1): void => {
    for (let taken = 0; taken < count; taken++, at++) {
      quoting[at] = kind;
      commandStart[at] = start;
    }
  };
  while (at < script.length) {
    const char = script[at]!;
    const top = nest.at(-1);
    const kind: Quoting =
      top !== undefined && top.kind !== 'substitution' && nest.some((each) => each.kind === 'double')
        ? 'double'
        : 'none';
    if (char === '\\') {
      take(kind, Math.min(2, script.length - at));
    } else if (char === "'" && top?.kind !== 'double') {
      const end = script.indexOf("'", at + 1);
      take('none');
      take('single', (end === -1 ? script.length : end) - at);
      if (end !== -1) take('none');
    } else if (char === '"') {
      if (top?.kind === 'double') nest.pop();
      else nest.push({ kind: 'double' });
      take('none');
    } else if (script.startsWith('$(', at)) {
      nest.push({ kind: 'substitution', parens: 0 });
      take('none', 2);
      start = at;
    } else if (script.startsWith('${', at)) {
      nest.push({ kind: 'braces' });
      take(kind, 2);
    } else if (char === '}' && top?.kind === 'braces') {
      nest.pop();
      take(kind);
    } else if (top?.kind === 'double' || top?.kind === 'braces') {
      take(kind);
    } else if (char === '(' || char === ')') {
      if (top?.kind === 'substitution') {
        if (char === ')' && top.parens === 0) nest.pop();
        else top.parens += char === '(' ? 1 : -1;
      }
      take('none');
      start = at;
    } else if (char === '#' && (at === 0 || /[\s;&|()]/.test(script[at - 1]!))) {
      const end = script.indexOf('\n', at);
      take('comment', (end === -1 ? script.length : end) - at);
    } else if (
      char === '<' &&
      /^<<-?\s*(['"]?)([A-Za-z_]+)\1/.test(script.slice(at, at + 80)) &&
      script[at - 1] !== '<'
    ) {
      const match = /^<<(-?)\s*(['"]?)([A-Za-z_]+)\2/.exec(script.slice(at, at + 80))!;
      pending.push({ tabs: match[1] === '-', quoted: match[2] !== '', word: match[3]! });
      take('none', match[0].length);
    } else if (char === '\n' && pending.length > 0) {
      take('none');
      for (const { word, quoted, tabs } of pending) {
        const end = new RegExp(`^${tabs ? '\\t*' : ''}${word}$`, 'm');
        const body = end.exec(script.slice(at));
        take(quoted ? 'single' : 'double', (body?.index ?? script.length - at) + (body?.[0].length ?? 0));
      }
      pending = [];
      start = at;
    } else if (/[\n;&|]/.test(char)) {
      take('none');
      start = at;
    } else {
      take('none');
    }
  }
  return { quoting, commandStart };
}

const KEYWORD = /^(?:\s|!|\{|then\b|else\b|elif\b|if\b|while\b|until\b|do\b|time\b|[A-Za-z_][A-Za-z0-9_]*=(?=\s)\S*)+/;

/** The word that names the simple command which a place in the script belongs to: `printf`. */
export function commandAt(script: Script, lexed: LexedScript, at: number): string {
  const text = script.slice(lexed.commandStart[at], at);
  return /^[^\s'"]*/.exec(text.replace(KEYWORD, ''))?.[0] ?? '';
}

/** The places of `part` in a script that the shell would not take as plain text. */
export function unquotedPlaces(script: Script, part: string): readonly string[] {
  const { quoting } = lex(script);
  const places: string[] = [];
  for (let at = script.indexOf(part); at !== -1; at = script.indexOf(part, at + 1)) {
    const isPlain = quoting.slice(at, at + part.length).every((kind) => kind === 'single');
    if (!isPlain) places.push(script.slice(Math.max(0, at - 60), at + part.length + 20));
  }
  return places;
}
