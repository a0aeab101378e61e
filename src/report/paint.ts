import { styleText } from 'node:util';

/** Colours a text, or leaves it as it is where colour is not wanted. */
export type Paint = (style: 'red' | 'green' | 'yellow' | 'cyan' | 'dim' | 'bold', text: string) => string;

/** NO_COLOR and the like are decided once, by whoever says `colour`. */
export function paintWith(colour: boolean): Paint {
  return (style, text) => (colour ? styleText(style, text, { validateStream: false }) : text);
}
