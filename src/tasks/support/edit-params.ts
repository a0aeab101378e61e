import { z } from 'zod';
import { absolutePath, attributeParams, validateParam } from './file-params.ts';
import { lineRegexp } from './host-regexp.ts';

/** The keys of every type that edits a part of a file. */
export const editParams = {
  path: absolutePath.describe('The file on the host.'),
  state: z.enum(['present', 'absent']).default('present').describe('Whether it should be there.'),
  insertafter: lineRegexp
    .optional()
    .describe(
      'Where something new goes: behind the last line in which this regular expression is found, or `EOF`. Not found: to the end.',
    ),
  insertbefore: lineRegexp
    .optional()
    .describe('Where something new goes: before the last line in which this regular expression is found, or `BOF`.'),
  create: z.boolean().default(false).describe('Makes the file where it is missing.'),
  ...attributeParams,
  validate: validateParam,
};

/** For `refine`: at most one of the two places. */
export function hasOnePlace(value: {
  readonly insertafter?: string | undefined;
  readonly insertbefore?: string | undefined;
}): boolean {
  return value.insertafter === undefined || value.insertbefore === undefined;
}
