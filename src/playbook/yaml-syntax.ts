import type { YAMLError } from 'yaml';
import { type SourcePosition, UserError } from '../errors.ts';

/** What a mistake in the YAML itself means for the person who made it. */
export function syntaxError(mistake: YAMLError, text: string, position: (offset: number) => SourcePosition): UserError {
  const offset = mistake.pos[0];
  const at = position(offset);
  const line = text.slice(text.lastIndexOf('\n', Math.max(0, offset - 1)) + 1).split('\n', 1)[0] ?? '';
  const braces = line.match(/(?:^\s*|[:,[{-]\s+)(\{\{)/);
  if (braces && mistake.code !== 'TAB_AS_INDENT') {
    const column = (braces.index ?? 0) + braces[0].length - 1;
    return new UserError('`{{` without quotes is a YAML map', {
      at: { ...at, column },
      hint: 'Put the whole value in quotes: "{{name}}"',
    });
  }
  const [message, hint] = explain(mistake, text);
  return new UserError(message, { at, hint });
}

function explain(mistake: YAMLError, text: string): [message: string, hint?: string] {
  const word = text.slice(mistake.pos[0]).match(/^[^\s:,]+/)?.[0];
  switch (mistake.code) {
    case 'TAB_AS_INDENT':
      return ['A tab indents this line', 'YAML allows spaces alone: replace the tab'];
    case 'MULTIPLE_DOCS':
      return ['A second YAML document starts here', 'Keep one document in a file: remove the `---`, or split the file'];
    case 'BLOCK_AS_IMPLICIT_KEY':
      return [
        'This line is a key and a value, and its value looks like another key',
        'Quote a value that holds a colon, or put the inner key on its own line, indented deeper',
      ];
    case 'BAD_SCALAR_START':
      return [
        `A value cannot start with \`${word?.[0] ?? text[mistake.pos[0]] ?? ''}\` unless it is quoted`,
        'Put it in quotes',
      ];
    case 'TAG_RESOLVE_FAILED':
      return [`The YAML tag \`${word ?? '!'}\` is not known`, tagHint(word)];
    case 'BAD_ALIAS':
      return ['This alias is not valid', 'Quote a value that starts with `*` or `&`'];
  }
  // The parser calls itself for each level.
  if (mistake.message.includes('call stack'))
    return ['Lists and maps stand in one another far too deep here', 'Write it with fewer'];
  if (mistake.message.includes('closing')) {
    return [
      'A quote is opened here, or before, and not closed',
      'Close it, or double it where the text itself has one',
    ];
  }
  if (mistake.message.startsWith('Implicit map keys')) {
    return [
      `\`${word ?? ''}\` is neither a key nor a value here`,
      'Is a colon missing after it, or is it not indented deep enough?',
    ];
  }
  if (mistake.message.startsWith('Unexpected scalar at node end')) {
    return [
      'Text follows a value that is already complete',
      'Put the whole value in one pair of quotes, or on a line of its own',
    ];
  }
  if (mistake.message.startsWith('All mapping items') || mistake.message.startsWith('All collection items')) {
    return [
      'This line is not indented like the ones beside it',
      'Start all keys of a map, and all dashes of a list, in the same column',
    ];
  }
  return [`This is not valid YAML: ${mistake.message.replace(/; please use .*/, '')}`];
}

function tagHint(tag: string | undefined): string {
  if (tag === '!vault') return 'Take secrets from the environment: "{{env "NAME"}}", in single quotes';
  return 'Remove it, or quote a value that starts with an exclamation mark';
}
