import { type Document, LineCounter, parseDocument } from 'yaml';
import type { SourcePosition } from '../errors.ts';

/** A YAML text that was parsed, mistakes and all. */
export interface YamlDocument {
  readonly document: Document.Parsed;
  /** Where an offset of the text is; line and column count from 1. */
  position(offset: number): SourcePosition;
}

/** Parses YAML 1.2; what is wrong is in the document's errors and warnings, keys that stand twice are not. */
export function yamlDocument(text: string, file: string): YamlDocument {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false, uniqueKeys: false, logLevel: 'error' });
  return {
    document,
    position: (offset) => {
      const { line, col } = lineCounter.linePos(offset);
      return { file, line: Math.max(1, line), column: Math.max(1, col) };
    },
  };
}
