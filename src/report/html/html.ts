/** A piece of a page that is markup already. */
export interface Markup {
  readonly markup: string;
}

type HtmlValue = string | number | Markup | readonly Markup[];

/** Markup with every interpolated text escaped: names of containers and labels of images are written by strangers. */
export function html(text: TemplateStringsArray, ...values: readonly HtmlValue[]): Markup {
  let markup = text[0] ?? '';
  for (const [index, value] of values.entries()) markup += rendered(value) + (text[index + 1] ?? '');
  return { markup };
}

/** Nothing, where there is nothing to show. */
export const nothing: Markup = { markup: '' };

function rendered(value: HtmlValue): string {
  if (typeof value !== 'object') return escaped(String(value));
  return 'markup' in value ? value.markup : value.map(({ markup }) => markup).join('');
}

function escaped(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '\ufffd')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}
