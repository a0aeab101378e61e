import { bare, base64Letters, hexLetters, plainView, unescaped, type View } from './secret-views.ts';

/** A part of a text: from its first character to behind its last one. */
export type Span = readonly [from: number, to: number];

/** A secret, prepared for the search. */
export interface Needle {
  /** Where it is short, as it is and as a shell word and JSON write it: to be without quoting would leave too little of it. */
  readonly literal: readonly string[];
  /** As `bare` has it, with and without its own escapes read. */
  readonly bare: readonly Buffer[];
  /** What of its base64 is the same whatever stands before and after it, for each alignment. */
  readonly base64: readonly Buffer[];
  readonly hex: Buffer | undefined;
  /** The very bytes. */
  readonly bytes: Buffer;
}

/** To find fewer bytes without quoting and line breaks would find them everywhere. */
const shortestBare = 6;
/** Of base64, in letters. */
const shortestCore = 8;
/** Of a secret that was cut off, in bytes. */
const shortestPart = 8;
/** Of a part that stands alone in base64, in bytes. */
const shortestOfParts = 12;
const deepest = 3;
/** Lines of base64 that may belong together are this long at least. */
const wrapped = 60;

/** Prepares a secret of at least three characters. */
export function needleOf(secret: string): Needle {
  const plain = plainView(secret);
  const { bytes } = plain;
  const forms = [bare(plain).bytes, bare(unescaped(plain)).bytes].filter((form) => form.length >= shortestBare);
  const quoted = secret.replaceAll("'", `'\\''`);
  return {
    literal: [...new Set([secret, quoted, JSON.stringify(secret).slice(1, -1)])],
    bare: forms.length === 2 && forms[0]!.equals(forms[1]!) ? forms.slice(1) : forms,
    base64: [0, 1, 2].map((before) => core(bytes, before)).filter((each) => each.length >= shortestCore),
    hex: bytes.length >= 4 ? Buffer.from(bytes.toString('hex')) : undefined,
    bytes,
  };
}

function core(bytes: Buffer, before: number): Buffer {
  const letters = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
  return Buffer.from(letters.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6)));
}

/**
 * Where any of the secrets stands in a text: as it is, or quoted and escaped in whatever layers, or in base64 and hex at any
 * alignment, and these inside one another. The text is brought into a form without any encoding, and searched there.
 */
export function findSecrets(text: string, needles: readonly Needle[], depth = 0): readonly Span[] {
  if (needles.length === 0 || text.length < 3) return [];
  const spans: Span[] = [];
  for (const { literal } of needles)
    for (const form of literal)
      for (let at = text.indexOf(form); at !== -1; at = text.indexOf(form, at + 1)) spans.push([at, at + form.length]);
  const plain = plainView(text);
  const read = unescaped(plain);
  for (const view of read === plain ? [bare(plain)] : [bare(plain), bare(read)]) {
    for (const needle of needles) for (const form of needle.bare) search(view, form, spans);
    cutOff(view, needles, spans);
  }
  const letters = base64Letters(read);
  const hex = hexLetters(read);
  for (const needle of needles) {
    const before = spans.length;
    for (const form of needle.base64) search(letters, form, spans);
    if (needle.hex) search(hex, needle.hex, spans);
    for (let at = before; at < spans.length; at++) spans[at] = wholeRun(text, spans[at]!);
  }
  if (depth < deepest)
    for (const [from, to] of inside(read.bytes.toString('latin1'), needles, depth))
      spans.push([read.from[from]!, read.to[to - 1]!]);
  return spans;
}

function search(view: View, form: Buffer, spans: Span[]): void {
  for (let at = view.bytes.indexOf(form); at !== -1; at = view.bytes.indexOf(form, at + 1))
    spans.push([view.from[at]!, view.to[at + form.length - 1]!]);
}

/** A text that was shortened may end or begin inside a secret. */
function cutOff({ bytes, from, to }: View, needles: readonly Needle[], spans: Span[]): void {
  // …
  const end = bytes.subarray(-3).toString('hex') === 'e280a6' ? bytes.length - 3 : bytes.length;
  for (const form of needles.flatMap((needle) => needle.bare)) {
    const most = Math.min(form.length - 1, end);
    for (let length = most; length >= shortestPart; length--) {
      if (form.compare(bytes, end - length, end, 0, length) !== 0) continue;
      spans.push([from[end - length]!, to[end - 1]!]);
      break;
    }
    for (let length = most; length >= shortestPart; length--) {
      if (form.compare(bytes, 0, length, form.length - length) !== 0) continue;
      spans.push([from[0]!, to[length - 1]!]);
      break;
    }
  }
}

/** All of the base64 or hex around: the letters at its edges hold bits of what was found too. */
function wholeRun(text: string, [from, to]: Span): Span {
  let start = from;
  let end = to;
  while (start > 0 && /[\w+/=-]/.test(text[start - 1]!)) start--;
  while (end < text.length && /[\w+/=-]/.test(text[end]!)) end++;
  return [start, end];
}

/** A part of the text that may be an encoding of what is in `text`. */
interface Decoded {
  readonly span: Span;
  readonly bytes: Buffer;
}

/** What of the text is base64 or hex of something in which a secret stands, or of a part of one. */
function inside(text: string, needles: readonly Needle[], depth: number): Span[] {
  const found: Span[] = [];
  const long = needles.filter(({ bytes }) => bytes.length > shortestOfParts);
  const places: { readonly at: number; readonly span: Span }[] = [];
  let all = '';
  for (const { span, bytes } of decodings(text)) {
    const part = bytes.subarray(1, -1);
    if (part.length >= shortestOfParts && long.some((needle) => needle.bytes.includes(part))) found.push(span);
    for (const piece of bytes.toString('utf8').split(/[\ufffd\0]+/)) {
      if (piece.length < shortestPart) continue;
      places.push({ at: all.length, span });
      all += `${piece}\0`;
    }
  }
  let place = 0;
  const spans = all === '' ? [] : [...findSecrets(all, needles, depth + 1)].sort((a, b) => a[0] - b[0]);
  for (const [from] of spans) {
    while (place + 1 < places.length && places[place + 1]!.at <= from) place++;
    found.push(places[place]!.span);
  }
  return found;
}

function* decodings(text: string): Generator<Decoded> {
  for (const match of text.matchAll(/[A-Za-z0-9+/_-]{12,}={0,2}(?:\s{1,20}[A-Za-z0-9+/_-]{2,}={0,2})*/g)) {
    for (const [from, to] of joined(match[0])) {
      const run = match[0].slice(from, to).replaceAll(/\s/g, '');
      const span: Span = [match.index + from, match.index + to];
      for (const skip of [0, 1, 2, 3]) yield { span, bytes: Buffer.from(run.slice(skip), 'base64') };
    }
  }
  for (const match of text.matchAll(/(?:[0-9a-fA-F]{2}[\s:,-]{0,3}){7,}[0-9a-fA-F]{2}/g)) {
    const run = match[0].replaceAll(/[^0-9a-fA-F]/g, '');
    const span: Span = [match.index, match.index + match[0].length];
    for (const skip of [0, 1]) yield { span, bytes: Buffer.from(run.slice(skip), 'hex') };
  }
}

/** Words side by side are base64 each of its own, but for lines that were wrapped. */
function joined(text: string): Span[] {
  const runs: Span[] = [];
  let wraps = false;
  for (const word of text.matchAll(/\S+/g)) {
    const last = runs.at(-1);
    const end = word.index + word[0].length;
    if (last && wraps) runs[runs.length - 1] = [last[0], end];
    else if (word[0].length >= 12) runs.push([word.index, end]);
    wraps = word[0].length >= wrapped && !word[0].endsWith('=');
  }
  return runs;
}
