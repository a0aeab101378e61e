import { z } from 'zod';
import { findKeyword, keywordProblem } from './keywords.ts';

/** One option of sshd_config as the drop-in has it. */
export interface SshdSetting {
  /** As sshd_config(5) spells it. */
  readonly name: string;
  /** In lower case, as `sshd -T` prints it. */
  readonly keyword: string;
  /** The text after the keyword, a line each. */
  readonly values: readonly string[];
}

const scalar = z.union([z.string(), z.number(), z.boolean()], {
  error: 'an option is text, a number, true or false, or a list of these',
});
const value = z.union([scalar, z.array(scalar)], {
  error: 'an option is text, a number, true or false, or a list of these',
});

/** A map of sshd_config keywords to values; unknown, repeated and outdated keywords are refused with what to write instead. */
export const sshdOptions = z.record(z.string(), value).superRefine((options, context) => {
  const seen = new Set<string>();
  if (Object.keys(options).length === 0) context.addIssue({ code: 'custom', message: 'name at least one option' });
  for (const [name, given] of Object.entries(options)) {
    const problem = optionProblem(name, given, seen);
    if (problem !== undefined) context.addIssue({ code: 'custom', path: [name], message: problem });
    seen.add(name.toLowerCase());
  }
});

export type SshdOptions = z.infer<typeof sshdOptions>;

/** The options as lines of sshd_config: true is yes, a list is what its keyword takes. */
export function settings(options: SshdOptions): readonly SshdSetting[] {
  return Object.entries(options).map(([given, value]) => {
    const keyword = findKeyword(given);
    if (!keyword) throw new Error(`the schema let the keyword ${given} through`);
    const items = (Array.isArray(value) ? value : [value]).map(word);
    const separator = keyword.style === 'comma' ? ',' : ' ';
    const values = keyword.style === 'lines' ? items : [items.join(separator)];
    return { name: keyword.name, keyword: keyword.name.toLowerCase(), values };
  });
}

/** The lines of sshd_config that set these options. */
export function configText(options: readonly SshdSetting[]): string {
  return options.flatMap(({ name, values }) => values.map((value) => `${name} ${value}\n`)).join('');
}

function optionProblem(name: string, value: SshdOptions[string], seen: ReadonlySet<string>): string | undefined {
  if (!findKeyword(name)) return keywordProblem(name);
  if (seen.has(name.toLowerCase())) return `\`${name}\` is there twice: upper and lower case are the same to sshd`;
  const items = Array.isArray(value) ? value : [value];
  if (items.length === 0)
    return 'an empty list: leave the option out, or write what sshd_config takes for nothing (often `none`)';
  const texts = items.map(word);
  if (texts.some((text) => text.trim() === ''))
    return 'an empty value: write what sshd_config takes for nothing (often `none`)';
  if (texts.some((text) => /[\0-\x08\n-\x1f]/.test(text))) return 'a value is one line of text';
  return undefined;
}

function word(value: string | number | boolean): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return String(value).trim();
}
