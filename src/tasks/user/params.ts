import { z } from 'zod';
import { accountNumber, accountWord } from '../support/account-name.ts';
import { absolutePath } from '../support/file-params.ts';
import { cryptHash } from './crypt-hash.ts';

const passwdField = (what: string) =>
  z.string().regex(/^[^:\x00-\x1f\x7f]*$/, `${what} cannot hold a colon or control characters`);

/** The parameters of a user, as Ansible names them. */
export const User = z
  .strictObject({
    name: accountWord.describe('The login name.'),
    state: z.enum(['present', 'absent']).default('present').describe('`absent` removes the account.'),
    uid: accountNumber.optional().describe('Its number. Left out: the next free one, or what it has.'),
    group: accountWord
      .optional()
      .describe(
        'The primary group. Left out: one named as the user, which is made if it is not there; or what it has.',
      ),
    groups: z
      .array(accountWord)
      .optional()
      .describe('The other groups. Without `append`, these and no others. Left out: as they are.'),
    append: z.boolean().default(false).describe('Leaves the user in the groups that `groups` does not name.'),
    comment: passwdField('a comment').optional().describe('The GECOS field: who this is.'),
    home: absolutePath
      .refine((path) => /^[^:\x00-\x1f\x7f]+$/.test(path), 'a home cannot hold a colon or control characters')
      .optional()
      .describe('The home directory. Left out: /home/NAME for a new user, or what it has.'),
    create_home: z
      .boolean()
      .optional()
      .describe(
        'Makes the home of a new user (the default), and when written out, also the missing one of an old user.',
      ),
    move_home: z.boolean().default(false).describe('Moves the files along when `home` changes.'),
    shell: absolutePath
      .refine((path) => /^[^:\x00-\x1f\x7f]+$/.test(path), 'a shell cannot hold a colon or control characters')
      .optional()
      .describe("The login shell. Left out: the host's default for a new user, or what it has."),
    system: z
      .boolean()
      .default(false)
      .describe('Takes a number from the range of system users. Counts when the user is made.'),
    password_hash: cryptHash
      .optional()
      .describe('The password as a crypt hash (`$y$`, `$6$`), from `mkpasswd` or `openssl passwd -6`. Never shown.'),
    update_password: z
      .enum(['always', 'on_create'])
      .default('always')
      .describe('`on_create` sets the password of a new user only.'),
    password_lock: z
      .boolean()
      .optional()
      .describe('Whether the password is locked; keys still open the door. Left out: as it is.'),
    expires: z
      .string()
      .refine(
        (day) => day === 'never' || z.iso.date().safeParse(day).success,
        'not a day: write it as "2027-01-31", or "never"',
      )
      .optional()
      .describe('The day from which the account is closed, as "2027-01-31", or "never".'),
    remove: z.boolean().default(false).describe('With `state: absent`: deletes the home and the mail too.'),
  })
  .superRefine((user, context) => {
    const issue = (path: string, message: string): void =>
      context.addIssue({ code: 'custom', path: [path], message, input: undefined });
    if (user.append && user.groups === undefined) issue('append', 'append speaks of groups: write groups too');
    if (user.move_home && user.home === undefined) issue('move_home', 'move_home needs the new home: write home too');
    if (user.state === 'present' && user.remove) issue('remove', 'remove goes with `state: absent`');
  });

export type User = z.output<typeof User>;

/** What holds of a user; the keys from `gid` on are read alone. */
export type UserState = {
  readonly name?: string;
  readonly uid?: number;
  readonly group?: string;
  /** Sorted, without the primary one. */
  readonly groups?: readonly string[];
  readonly comment?: string;
  readonly home?: string;
  readonly create_home?: boolean;
  readonly shell?: string;
  /** The fingerprint of the hash, `none` or `empty`: never the hash. */
  readonly password_hash?: string;
  readonly password_lock?: boolean;
  /** `never`, or a day as `2027-01-31`. */
  readonly expires?: string;
  readonly gid?: number;
  /** Who has rules in sudoers, groups with `%`; read for the account that harden logged in with. */
  readonly sudoers?: readonly string[];
} | null;
