import { type Document, LineCounter, parseDocument } from 'yaml';
import { type SourcePosition, UserError } from '../errors.ts';

/** A YAML text that was parsed, mistakes and all. */
export interface YamlDocument {
  readonly document: Document.Parsed;
  /** Where an offset of the text is; line and column count from 1. */
  position(offset: number): SourcePosition;
}

/** Parses YAML 1.2; what is wrong is in the document's errors and warnings, keys that stand twice are not. */
export function yamlDocument(text: string, file: string): YamlDocument {
  const lineCounter = new LineCounter();
  const document = parse(text, file, lineCounter);
  return {
    document,
    position: (offset) => {
      const { line, col } = lineCounter.linePos(offset);
      return { file, line: Math.max(1, line), column: Math.max(1, col) };
    },
  };
}

function parse(text: string, file: string, lineCounter: LineCounter): Document.Parsed {
  try {
    return parseDocument(text, { lineCounter, prettyErrors: false, uniqueKeys: false, logLevel: 'error' });
  } catch (error) {
    // The parser calls itself for each level.
    if (!(error instanceof RangeError)) throw error;
    const lines = text.slice(0, deepPlace(text)).split('\n');
    const at = { file, line: lines.length, column: (lines.at(-1) ?? '').length + 1 };
    throw new UserError('Lists and maps stand in one another far too deep here', { at, hint: 'Write it with fewer' });
  }
}

/** Where the hundredth bracket stands in others, or the line with many dashes begins. */
function deepPlace(text: string): number {
  let brackets = 0;
  for (const match of text.matchAll(/[[\]{}]/g)) {
    brackets = match[0] === '[' || match[0] === '{' ? brackets + 1 : Math.max(0, brackets - 1);
    if (brackets > 100) return match.index;
  }
  return /^ *(?:[-?] +){100}/m.exec(text)?.index ?? 0;
}
