import { z } from 'zod';
import type { LocalFiles } from '../../engine/task.ts';
import { UserError } from '../../errors.ts';
import { accountWord } from '../support/account-name.ts';
import { absolutePath } from '../support/file-params.ts';
import { fingerprint, optionsProblem, type PublicKey, parsePublicKeys } from './public-key.ts';

/** The parameters of a key that opens an account, as Ansible names them. */
export const AuthorizedKey = z
  .strictObject({
    user: accountWord.describe('The account that the key opens.'),
    key: z
      .string()
      .superRefine((text, context) => {
        const problem = keysProblem(text);
        if (problem !== undefined) context.addIssue({ code: 'custom', message: problem, input: undefined });
      })
      .optional()
      .describe('The public key, or several, a line each.'),
    key_file: z
      .string()
      .min(1)
      .optional()
      .describe("The operator's file with the public keys, in place of `key`: `~/.ssh/id_ed25519.pub`."),
    state: z.enum(['present', 'absent']).default('present').describe('`absent` takes these keys away.'),
    exclusive: z.boolean().default(false).describe('No other key opens the account.'),
    key_options: z
      .string()
      .superRefine((options, context) => {
        const problem = optionsProblem(options);
        if (problem !== undefined) context.addIssue({ code: 'custom', message: problem, input: undefined });
      })
      .optional()
      .describe('What the keys may do, as authorized_keys says it: `from="10.0.0.0/8",restrict`. Left out: as it is.'),
    comment: z
      .string()
      .regex(/^[^\n\r\0]+$/, 'a comment is one line')
      .optional()
      .describe('The comment of the keys. Left out: as it is; the one of the key for a new one.'),
    path: absolutePath
      .optional()
      .describe(
        "The file, where sshd is told of another one (AuthorizedKeysFile). Left out: .ssh/authorized_keys in the user's home.",
      ),
  })
  .superRefine((p, context) => {
    const issue = (message: string): void => context.addIssue({ code: 'custom', message, input: undefined });
    if ((p.key === undefined) === (p.key_file === undefined)) issue('write one of key and key_file');
    if (p.exclusive && p.state === 'absent') issue('exclusive goes with `state: present`: these keys and no others');
    if (
      p.key_options !== undefined &&
      p.key !== undefined &&
      keysProblem(p.key) === undefined &&
      hasOptions(parsePublicKeys(p.key))
    )
      issue('write the options in the key or in key_options, not in both');
  });

export type AuthorizedKey = z.output<typeof AuthorizedKey> & {
  /** What `key_file` holds. */
  readonly loaded?: string | undefined;
};

/** Reads `key_file`; throws a UserError that never holds what stands in it. */
export function loadKeys(p: AuthorizedKey, local: LocalFiles): AuthorizedKey {
  if (p.key_file === undefined) return p;
  const loaded = local.read(p.key_file).toString('utf8');
  const problem = keysProblem(loaded);
  if (problem !== undefined) throw new UserError(`${p.key_file}: ${problem}`);
  if (p.key_options !== undefined && hasOptions(parsePublicKeys(loaded)))
    throw new UserError(`${p.key_file}: its keys have options of their own`, {
      hint: 'Take key_options out, or those',
    });
  return { ...p, loaded };
}

/** The keys that the task speaks of, each once, with the options and the comment it gives them. */
export function keysOf(p: AuthorizedKey): readonly PublicKey[] {
  const keys = parsePublicKeys(p.loaded ?? p.key ?? '').map((key) => ({
    ...key,
    options: p.key_options ?? key.options,
    comment: p.comment ?? key.comment,
  }));
  return [...new Map(keys.map((key) => [fingerprint(key), key])).values()];
}

/** True where the playbook says what the keys may do. */
export function speaksOfOptions(p: AuthorizedKey, key: PublicKey): boolean {
  return p.key_options !== undefined || key.options !== '';
}

function keysProblem(text: string): string | undefined {
  try {
    parsePublicKeys(text);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

function hasOptions(keys: readonly PublicKey[]): boolean {
  return keys.some(({ options }) => options !== '');
}
