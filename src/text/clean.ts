/**
 * What a person does not see, or what moves what is seen: control characters, format characters (bidi overrides, zero-width ones,
 * tags), line and paragraph separators, private, unassigned and broken code points, and letters that show nothing. By their
 * Unicode properties, so that no list has to know them one by one; variation selectors belong to emoji and stay.
 */
const UNSEEN = /(?!\n|\t|\ufe0e|\ufe0f)[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;
const PLAIN = /^[\n\t\x20-\x7e]*$/;

/** The longest line that a stranger's text makes, in characters. */
const LONGEST_LINE = 4000;

/** A text whose every character is seen for what it is: what is not is spelled out (`\u001b`), as JSON spells it too. Line breaks and tabs stay. */
export function visible(text: string): string {
  return PLAIN.test(text) ? text : text.replace(UNSEEN, spelled);
}

/** The same as one line: text of a stranger cannot pass for a line of a report. */
export function oneLine(text: string): string {
  return shortLine(text, LONGEST_LINE);
}

/** The same as one line of at most so many characters. */
export function shortLine(text: string, longest: number): string {
  // Cut first: cleaning ten megabytes to show a page of them takes its time.
  const some = text.length > longest * 8 ? text.slice(0, longest * 8) : text;
  return clip(visible(some.replace(/\s*[\n\r\u0085\u2028\u2029\v\f]\s*/g, ' ').replaceAll('\t', ' ')), longest);
}

/** No more of a text than so many characters: what strangers wrote may be of any length. */
export function clip(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length)}…` : text;
}

/** The longest text of a finding, in characters: a reader's page, whatever a tool or a stranger's label holds. */
const LONGEST_TEXT = 2000;

/** A tool's text without what could move a cursor or end a document: what is unseen but line breaks is left out, and there is no more than a page of it. */
export function plainText(text: string): string {
  const some = text.length > LONGEST_TEXT * 8 ? text.slice(0, LONGEST_TEXT * 8) : text;
  const clean = some
    .replace(/\x1b\[[0-9;?]*[ -/]*[@-~]/g, '')
    .replace(/\r\n?|[\u0085\u2028\u2029]/g, '\n')
    .replace(/\t/g, ' ')
    .replace(UNSEEN, '')
    .trim();
  return clip(clean, LONGEST_TEXT);
}

function spelled(character: string): string {
  return Array.from(
    { length: character.length },
    (_, at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`,
  ).join('');
}
