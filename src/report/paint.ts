import { randomBytes } from 'node:crypto';
import { visible } from '../text/clean.ts';

/** Colours a text, or leaves it as it is where colour is not wanted. */
export type Paint = (style: 'red' | 'green' | 'yellow' | 'cyan' | 'dim' | 'bold', text: string) => string;

// Nobody else can write it: a colour that came from a host is not one of ours.
const OURS = `<${randomBytes(12).toString('hex')}:`;
const OUR_COLOUR = new RegExp(`${OURS}(\\d+)>`);

const CODES = {
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
  dim: [2, 22],
  bold: [1, 22],
} as const;

/** NO_COLOR and the like are decided once, by whoever says `colour`; what is painted becomes colours by `drawn`. */
export function paintWith(colour: boolean): Paint {
  return (style, text) => (colour ? `${OURS}${CODES[style][0]}>${text}${OURS}${CODES[style][1]}>` : text);
}

/** Colours for lines that a screen draws by itself, each of one line already: they do not go through `drawn`. */
export function screenPaint(colour: boolean): Paint {
  return (style, text) => (colour ? `\u001b[${CODES[style][0]}m${text}\u001b[${CODES[style][1]}m` : text);
}

/** A text as a terminal gets it: harden's own colours, and every other character seen for what it is. All that is printed goes through this. */
export function drawn(text: string): string {
  return text
    .split(OUR_COLOUR)
    .map((part, at) => (at % 2 === 0 ? visible(part) : `\u001b[${part}m`))
    .join('');
}
