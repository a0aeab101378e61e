import { posix } from 'node:path';
import { z } from 'zod';
import type { Need } from '../../engine/task.ts';
import type { FileAttributes } from './file-attributes.ts';
import type { FileState } from './read-file.ts';

const rooted = z
  .string()
  .regex(/^\/[^\0]*$/, 'not an absolute path: write it from the root, as in /etc/motd')
  .refine((path) => !path.split('/').includes('..'), 'a path must not contain `..`: write where it leads');

/** An absolute path without `..`; parsed to its shortest form. */
export const absolutePath = rooted.transform((path) => posix.normalize(path).replace(/(?<=.)\/$/, ''));

/** An absolute path without `..`; parsed to its shortest form, but for a slash at its end: that means a directory. */
export const destination = rooted.transform((path) => posix.normalize(path));

/** An octal mode; parsed to four digits. A number is refused: YAML reads 0644 as 644. */
const fileMode = z
  .string('a mode must be quoted, as in mode: "0644"')
  .regex(/^0?[0-7]{3,4}$/, 'not an octal mode: write three or four octal digits, as in "0644"')
  .transform((mode) => mode.replace(/^0+/, '').padStart(4, '0'));

/** A user's or group's name or number; parsed to text. */
const accountName = z
  .union([z.string(), z.int().nonnegative()])
  .transform(String)
  .refine((name) => /^[A-Za-z0-9_][A-Za-z0-9_.@-]*\$?$/.test(name), 'not the name or number of an account');

/** The keys that every type has which writes a file. */
export const attributeParams = {
  owner: accountName.optional().describe('The user who owns it. Left out: as it is; root for a new one.'),
  group: accountName.optional().describe('The group that owns it. Left out: as it is; root for a new one.'),
  mode: fileMode.optional().describe('Octal and quoted: "0644". Left out: as it is; "0644" for a new file.'),
};

/** A check that the operator brings. */
export const validateParam = z
  .string()
  .includes('%s', { error: 'validate must hold %s, where the path of the candidate goes, as in "visudo -cf %s"' })
  .optional()
  .describe('A command that checks the candidate before it takes its place; `%s` is the path of a private copy of it.');

/** The users and groups that must exist before something can be given to them. */
export function attributeNeeds({ owner, group }: FileAttributes): readonly Need[] {
  const needs: Need[] = [];
  if (owner !== undefined && isName(owner)) needs.push(`user:${owner}`);
  if (group !== undefined && isName(group)) needs.push(`group:${group}`);
  return needs;
}

export type AttributeState = {
  readonly owner?: string;
  readonly group?: string;
  readonly mode?: string;
};

/** Those of `params` that the playbook speaks of. */
export function wantedAttributes({ owner, group, mode }: FileAttributes): AttributeState {
  return {
    ...(owner === undefined ? {} : { owner }),
    ...(group === undefined ? {} : { group }),
    ...(mode === undefined ? {} : { mode }),
  };
}

/** What holds, in the playbook's terms: numbers where it speaks of owner or group by number. */
export function actualAttributes(file: FileState, wanted: FileAttributes): Required<AttributeState> {
  return {
    owner: isNumber(wanted.owner) ? file.uid : file.owner,
    group: isNumber(wanted.group) ? file.gid : file.group,
    mode: file.mode,
  };
}

function isName(account: string): boolean {
  return account !== 'root' && !isNumber(account);
}

function isNumber(account: string | undefined): boolean {
  return account !== undefined && /^\d+$/.test(account);
}
