/** The longest text of a finding, in characters: a reader's page, whatever a tool or a stranger's label holds. */
const LONGEST = 2000;

/** A tool's text without what could move a cursor or end a document: control characters but line breaks, and no more than a page of it. */
export function plainText(text: string): string {
  const clean = text
    .replace(/\x1b\[[0-9;?]*[ -/]*[@-~]/g, '')
    .replace(/\r\n?/g, '\n')
    .replace(/\t/g, ' ')
    .replace(/[\0-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '')
    .trim();
  return clip(clean, LONGEST);
}

/** No more of a text than so many characters: what strangers wrote may be of any length. */
export function clip(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length)}…` : text;
}
