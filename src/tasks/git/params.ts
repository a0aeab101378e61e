import { z } from 'zod';
import { absolutePath } from '../support/file-params.ts';

const COMMIT = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

/** What a playbook says of a clone. */
export const Git = z.strictObject({
  repo: z
    .string()
    .regex(
      /^(?:(?:https?|git):\/\/[^\s@]+|ssh:\/\/[^\s:]+(?::\d+)?\/[^\s:]*|[A-Za-z0-9._-]+@[A-Za-z0-9.-]+:[^\s]+|\/[^\s]*)$/,
      'write https://HOST/PATH, ssh://USER@HOST/PATH, USER@HOST:PATH or a path on the host; passwords do not belong into an address',
    )
    .describe('Where it is cloned from.'),
  dest: absolutePath.describe('The directory of the clone.'),
  version: z
    .string()
    .regex(/^(?!-)(?!.*(?:\.\.|@\{|\/\/|\.lock$))[A-Za-z0-9._/+-]+$/, 'write a commit or the name of a tag')
    .refine((version) => COMMIT.test(version) || !/^[0-9a-f]{7,63}$/.test(version), {
      error: 'write the whole id of the commit, as `git rev-parse` prints it',
    })
    .describe('A whole commit id, which nobody can move, or a tag. Not a branch: it would be another thing tomorrow.'),
  depth: z.number().int().min(0).default(1).describe('How much history is fetched, in commits; 0: all of it.'),
  force: z.boolean().default(false).describe('Whether changes that were made in the clone by hand are thrown away.'),
});
export type Git = z.infer<typeof Git>;

/** True for a whole commit id; else the version is a tag. */
export function isCommit(version: string): boolean {
  return COMMIT.test(version);
}
