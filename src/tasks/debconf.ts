import { createHash } from 'node:crypto';
import { z } from 'zod';
import { defineTask } from '../engine/task.ts';
import { raw, sh } from '../remote/sh.ts';
import { warning } from './support/finding.ts';

const Debconf = z
  .strictObject({
    name: z
      .string()
      .regex(/^[a-z0-9][a-z0-9+.-]+$/, { error: 'a package name has small letters, digits and + . - only' })
      .describe('The package that asks.'),
    question: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9._+:/@-]*$/, {
        error: 'a question is one word such as tzdata/Areas: `debconf-show PACKAGE` lists them',
      })
      .describe('The question, as `debconf-show PACKAGE` lists it: `tzdata/Areas`.'),
    value: z
      .union([z.string(), z.boolean(), z.number()])
      .transform(String)
      .refine((text) => !/[\n\r]/.test(text), { error: 'an answer is one line' })
      .refine((text) => !text.includes('\\n'), {
        error: 'debconf takes \\n for a line break, so no answer can hold it',
      })
      .describe('The answer.'),
    vtype: z
      .enum(['boolean', 'error', 'multiselect', 'note', 'password', 'select', 'string', 'text', 'title'], {
        error: 'a question is a boolean, error, multiselect, note, password, select, string, text or title',
      })
      .describe(
        'Of what kind the question is: what the package’s `.templates` file says. A `password` is never shown.',
      ),
    unseen: z
      .boolean()
      .default(false)
      .describe('Leave the question to be asked all the same, with this answer proposed.'),
  })
  .refine((p) => p.vtype !== 'boolean' || /^(true|false)$/.test(p.value), {
    path: ['value'],
    error: 'the answer to a boolean is true or false',
  });
type Debconf = z.output<typeof Debconf>;

type DebconfState = {
  readonly value?: string;
  /** SHA-256 of the answer, in place of `value` for a password. */
  readonly digest?: string;
  /** Whether the question counts as answered. */
  readonly seen?: boolean;
} | null;

/** One answer in debconf's database. */
export const debconfTask = defineTask<Debconf, DebconfState>({
  type: 'debconf',
  summary: 'An answer that a package asks for when it is installed or configured.',
  notes:
    'Put it before the `apt` task that installs the package. Read from debconf’s database, passwords as their SHA-256 alone. A package that is installed already does not look at the answer before it is configured again, and one that has configuration files of its own may go by these instead: notify a handler that runs `dpkg-reconfigure -f noninteractive PACKAGE`.',
  params: Debconf,
  examples: [
    { name: 'tzdata', question: 'tzdata/Areas', value: 'Europe', vtype: 'select' },
    { name: 'iptables-persistent', question: 'iptables-persistent/autosave_v4', value: true, vtype: 'boolean' },
    { name: 'slapd', question: 'slapd/password1', value: 'correct horse battery staple', vtype: 'password' },
  ],
  id: (p) => p.question,

  probe(p) {
    const read = sh`awk -v question=${p.question} '
  /^Name: / { mine = substr($0, 7) == question; if (mine) print "found" }
  mine && /^Flags: / && (" " substr($0, 8) ",") ~ /[ ,]seen,/ { print "seen" }
  mine && /^Value: / && !done { print "value " substr($0, 8); done = 1 }
' /var/cache/debconf/config.dat /var/cache/debconf/passwords.dat 2>/dev/null`;
    return p.vtype === 'password'
      ? sh`${raw(read)} | while IFS= read -r line; do
  case $line in
    'value '*) printf 'digest %s\n' "$(printf %s "\${line#value }" | sha256sum | cut -d' ' -f1)" ;;
    *) printf '%s\n' "$line" ;;
  esac
done`
      : read;
  },

  read(output, p) {
    const lines = output.split('\n');
    if (!lines.includes('found')) return null;
    const of = (word: string): string =>
      lines.find((line) => line.startsWith(`${word} `))?.slice(word.length + 1) ?? '';
    const seen = lines.includes('seen');
    return p.vtype === 'password' ? { digest: of('digest'), seen } : { value: of('value'), seen };
  },

  want: (p) => ({
    ...(p.vtype === 'password' ? { digest: createHash('sha256').update(p.value).digest('hex') } : { value: p.value }),
    seen: !p.unseen,
  }),

  apply: (_change, p) =>
    sh`printf '%s %s %s %s\n' ${p.name} ${p.question} ${p.vtype} ${p.value} | DEBIAN_FRONTEND=noninteractive debconf-set-selections${raw(p.unseen ? ' -u' : '')}\n`,

  needs: () => ['command:debconf-set-selections'],
  secrets: (p) => (p.vtype === 'password' ? [p.value] : []),
  secretKeys: ['digest'],
  findings: (change, p, { before }) =>
    change && before === null && p.question.split('/')[0] !== p.name
      ? [
          warning(
            `the question ${p.question} is not known on the host, and does not begin with ${p.name}/`,
            'Most questions begin with the name of their package: `debconf-show PACKAGE` lists them once it is installed',
          ),
        ]
      : [],
  undo(change, p) {
    const { before } = change;
    if (before === null) return sh`printf 'unregister %s\n' ${p.question} | debconf-communicate ${p.name} >/dev/null`;
    // an old password was never read
    if (p.vtype === 'password') return undefined;
    return sh`printf '%s %s %s %s\n' ${p.name} ${p.question} ${p.vtype} ${before.value ?? ''} | debconf-set-selections${raw(before.seen ? '' : ' -u')}`;
  },
  irreversible: (p, change) =>
    p.vtype === 'password' && change.before !== null ? 'the old answer is not kept: it may be a secret' : undefined,
});
