import { z } from 'zod';
import { accountWord } from '../support/account-name.ts';

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const SPECIAL = ['annually', 'daily', 'hourly', 'monthly', 'reboot', 'weekly', 'yearly'] as const;

/** What a playbook says of a cron entry. */
export const Cron = z
  .strictObject({
    name: z
      .string()
      .regex(/^\S(.*\S)?$/, { error: 'the name is one line of text: a comment above the entry carries it' })
      .describe('What the entry is known by: a comment above it has this text.'),
    job: z
      .string()
      .regex(/^\S[^\n\r]*$/, { error: 'a job is one line: put more of it into a script, and name that' })
      .optional()
      .describe('The command, for the user’s `sh`. cron takes `%` for a line break: write `\\%`.'),
    minute: field('minute', 0, 59).describe('0 to 59, `*`, `*/5`, `0,30`, `10-20`.'),
    hour: field('hour', 0, 23).describe('0 to 23, written alike.'),
    day: field('day', 1, 31).describe('The day of the month, 1 to 31.'),
    month: field('month', 1, 12, MONTHS, 1).describe('1 to 12, or `jan` to `dec`.'),
    weekday: field('weekday', 0, 7, DAYS, 0).describe('0 to 7 (0 and 7 are Sunday), or `sun` to `sat`.'),
    special_time: z
      .enum(SPECIAL, { error: `a special time is ${SPECIAL.join(', ')}` })
      .optional()
      .describe('In place of the five fields: `daily`, `hourly`, `reboot`…'),
    user: accountWord.default('root').describe('As whom it runs; without `cron_file`, in whose crontab it stands.'),
    cron_file: z
      .string()
      .regex(/^[A-Za-z0-9_-]+$/, {
        error: 'a file of /etc/cron.d is named without its path, by letters, digits, `_` and `-`: cron ignores others',
      })
      .optional()
      .describe('A file of `/etc/cron.d` in place of a user’s crontab.'),
    disabled: z.boolean().default(false).describe('Keeps the entry as a comment, so that it does not run.'),
    state: z.enum(['present', 'absent']).default('present').describe('`absent` removes the entry.'),
  })
  .refine((p) => p.state === 'absent' || p.job !== undefined, { path: ['job'], error: 'say what runs: job' })
  .refine((p) => p.special_time === undefined || fieldsOf(p).every((one) => one === '*'), {
    path: ['special_time'],
    error: 'special_time stands in place of minute, hour, day, month and weekday: write one or the other',
  });
export type Cron = z.output<typeof Cron>;

interface Fields {
  readonly minute: string;
  readonly hour: string;
  readonly day: string;
  readonly month: string;
  readonly weekday: string;
}

/** The five fields, in cron's order. */
export function fieldsOf(p: Fields): readonly string[] {
  return [p.minute, p.hour, p.day, p.month, p.weekday];
}

function field(name: string, low: number, high: number, words: readonly string[] = [], base = 0) {
  return z
    .union([z.number(), z.string()], { error: `${name} is a number or a text such as "*/5"` })
    .transform((value) => String(value).toLowerCase())
    .refine((text) => text.split(',').every((part) => holds(part, low, high, words, base)), {
      error: `not ${name === 'hour' ? 'an' : 'a'} ${name} as cron knows it: ${low} to ${high}${words.length > 0 ? `, ${words[0]} to ${words.at(-1)}` : ''}, *, or with a list (1,2), a range (1-5) or a step (*/2)`,
    })
    .default('*');
}

function holds(part: string, low: number, high: number, words: readonly string[], base: number): boolean {
  const [, from = '', to, step] = /^(\*|[a-z0-9]+)(?:-([a-z0-9]+))?(?:\/([0-9]+))?$/.exec(part) ?? [];
  const number = (text: string): number =>
    words.includes(text) ? words.indexOf(text) + base : /^[0-9]+$/.test(text) ? Number(text) : Number.NaN;
  const inside = (value: number): boolean => value >= low && value <= high;
  if (step !== undefined && (Number(step) < 1 || (from !== '*' && to === undefined))) return false;
  if (from === '*') return to === undefined;
  return inside(number(from)) && (to === undefined || (inside(number(to)) && number(from) <= number(to)));
}
