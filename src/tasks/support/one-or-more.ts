import { z } from 'zod';

/** A text or a list of texts, as a list; what is wrong with one of them is said as if there were no list. */
export function oneOrMore<T extends z.ZodType<string>>(one: T, empty: string) {
  return z.union([one.transform((text) => [text]), z.array(one).min(1, empty)], {
    error: (issue) => firstMessage('errors' in issue ? issue.errors : undefined),
  });
}

function firstMessage(errors: unknown): string | undefined {
  const lists = Array.isArray(errors) ? (errors as { code?: string; message?: string }[][]) : [];
  return lists.flat().find(({ code }) => code !== 'invalid_type')?.message;
}
