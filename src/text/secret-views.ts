/** Bytes that a text was read as, and for each of them where in the text it comes from. */
export interface View {
  readonly bytes: Buffer;
  readonly from: Int32Array;
  readonly to: Int32Array;
}

/** What quoting and escaping put around characters, or double, and what breaks and indents lines: to be without it is to be without them, however often they were done. */
const NOISE = new Set(Buffer.from(' \t\n\r\v\f\'"`\\$%+'));
/** The same without what stands for itself in base64. */
const WRAPPING = new Set(Buffer.from(' \t\n\r\v\f\'"`\\'));
/** And what stands between bytes in hex. */
const BETWEEN_HEX = new Set(Buffer.from(' \t\n\r\v\f\'"`\\:,-'));

const ENTITIES: Readonly<Record<string, number>> = { amp: 38, lt: 60, gt: 62, quot: 34, apos: 39 };
const LETTERS: Readonly<Record<string, number>> = {
  n: 10,
  t: 9,
  r: 13,
  s: 32,
  b: 8,
  f: 12,
  v: 11,
  a: 7,
  e: 27,
  '\\': 92,
};
const ESCAPE =
  /%([0-9a-fA-F]{2})|\\x([0-9a-fA-F]{2})|\\u\{([0-9a-fA-F]{1,6})\}|\\u([0-9a-fA-F]{4})(?:\\u([dD][c-fC-F][0-9a-fA-F]{2}))?|\\U([0-9a-fA-F]{8})|\\0?([0-3][0-7]{2})|\\([ntrsbfvae\\])|&#(\d{1,7});|&#[xX]([0-9a-fA-F]{1,6});|&(amp|lt|gt|quot|apos);/g;
/** More layers of escaping than anybody makes. */
const mostLayers = 8;

/** A text as its UTF-8 bytes. */
export function plainView(text: string): View {
  const bytes = Buffer.from(text, 'utf8');
  const from = new Int32Array(bytes.length);
  const to = new Int32Array(bytes.length);
  let at = 0;
  for (let index = 0; index < text.length; ) {
    const point = text.codePointAt(index)!;
    const units = point > 0xffff ? 2 : 1;
    const size = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    for (let byte = 0; byte < size; byte++, at++) {
      from[at] = index;
      to[at] = index + units;
    }
    index += units;
  }
  return { bytes, from, to };
}

/** The same with every escape read as what it stands for, layer by layer until none is left: `%27`, `\x27`, `\u0027`, `\047`, `\n`, `&#39;`. */
export function unescaped(view: View): View {
  let current = view;
  for (let layer = 0; layer < mostLayers; layer++) {
    const next = oneLayer(current);
    if (next === current) break;
    current = next;
  }
  return current;
}

function oneLayer(view: View): View {
  const text = view.bytes.toString('latin1');
  if (!/[%\\&]/.test(text)) return view;
  const bytes = Buffer.alloc(view.bytes.length);
  const from = new Int32Array(view.bytes.length);
  const to = new Int32Array(view.bytes.length);
  let length = 0;
  let last = 0;
  const copy = (until: number) => {
    bytes.set(view.bytes.subarray(last, until), length);
    from.set(view.from.subarray(last, until), length);
    to.set(view.to.subarray(last, until), length);
    length += until - last;
  };
  for (const match of text.matchAll(ESCAPE)) {
    const decoded = decode(match);
    if (!decoded || decoded.length > match[0].length) continue;
    copy(match.index);
    last = match.index + match[0].length;
    for (const byte of decoded) {
      bytes[length] = byte;
      from[length] = view.from[match.index]!;
      to[length++] = view.to[last - 1]!;
    }
  }
  if (last === 0) return view;
  copy(view.bytes.length);
  return { bytes: bytes.subarray(0, length), from: from.subarray(0, length), to: to.subarray(0, length) };
}

function decode(match: RegExpMatchArray): Uint8Array | undefined {
  const [, percent, hex, braced, unit, low, long, octal, letter, decimal, entityHex, entity] = match;
  const byte = percent ?? hex;
  if (byte !== undefined) return Uint8Array.of(Number.parseInt(byte, 16));
  if (octal !== undefined) return Uint8Array.of(Number.parseInt(octal, 8));
  if (letter !== undefined) return Uint8Array.of(LETTERS[letter] ?? 0);
  if (entity !== undefined) return Uint8Array.of(ENTITIES[entity] ?? 0);
  if (unit !== undefined && low !== undefined)
    return Buffer.from(String.fromCharCode(Number.parseInt(unit, 16), Number.parseInt(low, 16)), 'utf8');
  const point = Number.parseInt(braced ?? unit ?? long ?? entityHex ?? '', 16);
  const value = decimal === undefined ? point : Number(decimal);
  return value <= 0x10ffff ? Buffer.from(String.fromCodePoint(value), 'utf8') : undefined;
}

/** What is left without quoting, doubling, line breaks and indentation. */
export function bare(view: View): View {
  return without(view, NOISE);
}

/** What is left without line breaks and quoting, in the letters of plain base64. */
export function base64Letters(view: View): View {
  const { bytes, from, to } = without(view, WRAPPING);
  for (let at = 0; at < bytes.length; at++) {
    if (bytes[at] === 45) bytes[at] = 43;
    else if (bytes[at] === 95) bytes[at] = 47;
  }
  return { bytes, from, to };
}

/** What is left without what stands between bytes in hex, in small letters. */
export function hexLetters(view: View): View {
  const { bytes, from, to } = without(view, BETWEEN_HEX);
  let length = 0;
  for (let at = 0; at < bytes.length; at++) {
    // 0x41
    if (bytes[at] === 48 && (bytes[at + 1]! | 32) === 120) {
      at++;
      continue;
    }
    const byte = bytes[at]!;
    bytes[length] = byte >= 65 && byte <= 70 ? byte | 32 : byte;
    from[length] = from[at]!;
    to[length++] = to[at]!;
  }
  return { bytes: bytes.subarray(0, length), from: from.subarray(0, length), to: to.subarray(0, length) };
}

function without(view: View, dropped: ReadonlySet<number>): View {
  const bytes = Buffer.alloc(view.bytes.length);
  const from = new Int32Array(view.bytes.length);
  const to = new Int32Array(view.bytes.length);
  const drop = new Uint8Array(256);
  for (const byte of dropped) drop[byte] = 1;
  let length = 0;
  for (let at = 0; at < view.bytes.length; at++) {
    const byte = view.bytes[at]!;
    if (drop[byte] === 1) continue;
    bytes[length] = byte;
    from[length] = view.from[at]!;
    to[length++] = view.to[at]!;
  }
  return { bytes: bytes.subarray(0, length), from: from.subarray(0, length), to: to.subarray(0, length) };
}
