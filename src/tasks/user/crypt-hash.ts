import { createHash } from 'node:crypto';
import { z } from 'zod';

const SALT = '[./A-Za-z0-9]';
const HASHES: readonly RegExp[] = [
  new RegExp(`^\\$g?y\\$${SALT}+\\$${SALT}{1,86}\\$${SALT}{43}$`),
  new RegExp(`^\\$7\\$${SALT}{11,97}\\$${SALT}{43}$`),
  new RegExp(`^\\$2[aby]\\$\\d\\d\\$${SALT}{53}$`),
  /^\$6\$(?:rounds=\d+\$)?[^$:\s]{1,16}\$[./A-Za-z0-9]{86}$/,
  /^\$5\$(?:rounds=\d+\$)?[^$:\s]{1,16}\$[./A-Za-z0-9]{43}$/,
];
const MAKE_ONE = 'make one with `mkpasswd` (package whois) or `openssl passwd -6`';

/** A password's crypt hash of a kind that is still safe; no message ever holds the value. */
export const cryptHash = z.string().superRefine((value, context) => {
  if (HASHES.some((hash) => hash.test(value))) return;
  context.addIssue({ code: 'custom', message: hashProblem(value), input: undefined });
});

function hashProblem(value: string): string {
  if (/^\$1\$|^[./A-Za-z0-9]{13}$/.test(value))
    return `this is an MD5 or DES hash, or no hash at all: both are broken within hours; ${MAKE_ONE}`;
  if (/^[!*]/.test(value)) return 'to lock a password, write `password_lock: true` and leave password_hash out';
  if (/^\$(?:y|gy|7|6|5|2[aby])\$/.test(value))
    return `this crypt hash is cut off or damaged (a shell may have eaten its \`$\` signs: quote it); ${MAKE_ONE}`;
  return `this is not a crypt hash (\`$y$…\`, \`$6$…\`); a password in clear is never taken: ${MAKE_ONE}`;
}

/** How a password field of /etc/shadow is spoken of: the hash itself does not show, only its kind and what tells it from others; empty for no password at all. */
export function passwordFingerprint(field: string): string {
  const hash = field.replace(/^!+/, '');
  if (/^[*]?$/.test(hash)) return field === '' ? 'empty' : 'none';
  const kind = /^\$[^$]+\$/.exec(hash)?.[0] ?? 'DES';
  return `${kind}… (SHA-256 ${createHash('sha256').update(hash).digest('hex').slice(0, 16)})`;
}
