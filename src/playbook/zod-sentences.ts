import type { z } from 'zod';
import { didYouMean } from '../text/did-you-mean.ts';
import { describeValue } from './nodes.ts';
import type { Origin } from './render-node.ts';

/** What a parse must answer in place of zod's own messages, so that those of a schema's author can be told from them. */
export const defaultMessage = '\0';

/** What follows the name of a value in a sentence, and what to write instead. */
export type Sentence = readonly [message: string, hint?: string | undefined];

/** What a zod issue means; `shown` is the value where it may be shown. */
export function explainIssue(
  issue: z.core.$ZodIssue,
  value: unknown,
  shown: unknown,
  origin: Origin,
  label: string,
): Sentence {
  switch (issue.code) {
    case 'invalid_type':
      return wrongType(issue.expected, value, shown, origin, label);
    case 'invalid_value':
      return wrongChoice(issue.values, value, shown, origin);
    case 'invalid_union':
      return oneOfSeveral(issue, value, shown, origin);
    case 'too_small':
      return [`must ${bound(issue.origin, Number(issue.minimum), issue.inclusive ?? true, 'least')}`];
    case 'too_big':
      return [`must ${bound(issue.origin, Number(issue.maximum), issue.inclusive ?? true, 'most')}`];
    case 'not_multiple_of':
      return [`must be a multiple of ${issue.divisor}`];
    case 'invalid_format':
      return wrongFormat(issue, shown);
    case 'invalid_key':
      return [
        'has a key that is not allowed',
        issue.issues[0]?.message === defaultMessage ? undefined : issue.issues[0]?.message,
      ];
    default:
      return ['is not valid'];
  }
}

function wrongType(expected: string, value: unknown, shown: unknown, origin: Origin, label: string): Sentence {
  if (value === null || value === undefined)
    return [`is empty, and must be ${typeName(expected)}`, 'Give it a value, or remove it'];
  if (expected === 'int' && typeof value === 'number') return ['must be a whole number'];
  const message = `must be ${typeName(expected)}, and this is ${describeValue(value)}`;
  const key = label.split('.').at(-1) ?? label;
  if (expected === 'string')
    return [
      message,
      quoteHint(value, origin, label) ??
        (Array.isArray(value) ? 'Write one text, without a dash or brackets' : undefined),
    ];
  if (expected === 'boolean' && typeof shown === 'string' && /^(y|yes|on|n|no|off)$/i.test(shown)) {
    return [message, `In YAML 1.2 \`${shown}\` is text: write ${/^(y|yes|on)$/i.test(shown) ? 'true' : 'false'}`];
  }
  if ((expected === 'number' || expected === 'int') && typeof shown === 'string' && /^-?\d+$/.test(shown)) {
    return [message, `Write it without quotes: ${shown}`];
  }
  if (expected === 'array') {
    const item = typeof shown === 'string' || typeof shown === 'number' ? String(shown) : '…';
    return [message, `Write ${key}: [${item.includes(',') ? '…' : item}]`];
  }
  if (expected === 'object' || expected === 'record') return [message, `Write ${key}: { key: value }`];
  return [message];
}

function wrongChoice(values: readonly unknown[], value: unknown, shown: unknown, origin: Origin): Sentence {
  const words = values.map(String);
  const list = words.length === 1 ? `must be ${words[0]}` : `must be one of ${words.join(', ')}`;
  if (shown === undefined) return [list];
  if (typeof shown === 'object') return [`${list}, and this is ${describeValue(value)}`];
  const found = typeof shown === 'string' ? shown : (origin.written ?? String(shown));
  const quoted = words.includes(found) ? `Put it in quotes: "${found}"` : undefined;
  return [`${list}; you wrote "${found}"`, quoted ?? didYouMean(found, words)];
}

function oneOfSeveral(issue: z.core.$ZodIssueInvalidUnion, value: unknown, shown: unknown, origin: Origin): Sentence {
  const inner = issue.errors.flat();
  const choices = inner.flatMap((each) => (each.code === 'invalid_value' ? each.values : []));
  const types = [...new Set(inner.flatMap((each) => (each.code === 'invalid_type' ? [typeName(each.expected)] : [])))];
  if (types.length === 0 && choices.length > 0) return wrongChoice(choices, value, shown, origin);
  const options = [...types, ...choices.map(String)];
  const wanted = options.length > 0 ? `must be ${options.join(' or ')}` : 'is not valid';
  if (typeof shown === 'string') return [`${wanted}; you wrote "${shown}"`, didYouMean(shown, choices.map(String))];
  return [options.length > 0 ? `${wanted}, and this is ${describeValue(value)}` : wanted];
}

function wrongFormat(issue: z.core.$ZodIssueInvalidStringFormat, shown: unknown): Sentence {
  const said = typeof shown === 'string' ? `; you wrote "${shown}"` : '';
  if (issue.format === 'regex' && issue.pattern) return [`does not have the form ${issue.pattern}${said}`];
  if (issue.format === 'starts_with') return [`must start with "${(issue as { prefix?: string }).prefix}"${said}`];
  if (issue.format === 'ends_with') return [`must end with "${(issue as { suffix?: string }).suffix}"${said}`];
  return [`is not a valid ${formatNames[issue.format] ?? issue.format}${said}`];
}

const formatNames: Readonly<Record<string, string>> = {
  email: 'e-mail address',
  url: 'URL',
  ipv4: 'IPv4 address',
  ipv6: 'IPv6 address',
  cidrv4: 'IPv4 network (address/length)',
  cidrv6: 'IPv6 network (address/length)',
  hostname: 'host name',
  datetime: 'time',
  date: 'date',
  base64: 'Base64 text',
};

function bound(origin: string, limit: number, inclusive: boolean, end: 'least' | 'most'): string {
  if (origin === 'string') {
    if (end === 'least' && limit === 1) return 'not be empty';
    return `have at ${end} ${limit} character${limit === 1 ? '' : 's'}`;
  }
  if (origin === 'array' || origin === 'set' || origin === 'map' || origin === 'object') {
    if (end === 'least' && limit === 1) return 'not be empty';
    return `have at ${end} ${limit} entr${limit === 1 ? 'y' : 'ies'}`;
  }
  if (inclusive) return `be at ${end} ${limit}`;
  return `be ${end === 'least' ? 'more' : 'less'} than ${limit}`;
}

/** For a number or boolean where a schema's own message asks for quotes: how to write it; undefined otherwise. */
export function writtenHint(message: string, value: unknown, origin: Origin): string | undefined {
  const text = /quot/i.test(message) ? quotable(value, origin) : undefined;
  return text === undefined ? undefined : `Write "${text}"`;
}

/** For a number or boolean where text is wanted: how to write it; undefined otherwise. */
function quoteHint(value: unknown, origin: Origin, label: string): string | undefined {
  const text = quotable(value, origin);
  if (text === undefined) return undefined;
  const isMode = /mode$/.test(label) && isOctal(text);
  return isMode
    ? `A mode must be quoted, else YAML reads a decimal number: write "${text}"`
    : `Put it in quotes: "${text}"`;
}

function quotable(value: unknown, origin: Origin): string | undefined {
  if ((typeof value !== 'number' && typeof value !== 'boolean') || !origin.literal) return undefined;
  return origin.written !== undefined && isOctal(origin.written) ? origin.written.padStart(4, '0') : origin.written;
}

function isOctal(text: string): boolean {
  return /^0?[0-7]{3}$|^0[0-7]{3}$|^[1-7][0-7]{3}$/.test(text);
}

function typeName(expected: string): string {
  return (
    {
      string: 'text',
      number: 'a number',
      int: 'a whole number',
      boolean: 'true or false',
      array: 'a list',
      object: 'a map',
      record: 'a map',
      null: 'empty',
    }[expected] ?? expected
  );
}
