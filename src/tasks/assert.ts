import { z } from 'zod';
import { defineTask, type Finding } from '../engine/task.ts';
import type { Facts } from '../remote/facts.ts';
import { sh } from '../remote/sh.ts';
import { refusal } from './support/finding.ts';

const test = z
  .string()
  .regex(/\S/, { error: 'write a command that succeeds where the condition holds' })
  .refine((text) => !/^\s*[\w.]+\s+(==|!=|>=|<=|is|in|not\s+in)\s/.test(text), {
    error:
      'this looks like an expression of Ansible, and would run as a command: write facts as a map (that: { facts.os.id: debian }), or a command for the shell (that: test "{{port}}" -gt 1024)',
  });
const value = z.union([z.string(), z.number(), z.boolean()]);

const Assert = z.strictObject({
  that: z
    .union([
      test.transform((one) => [one]),
      z.array(test).min(1, 'name at least one condition'),
      z.record(
        z.string().regex(/^facts\.[a-z.]+$/, {
          error: 'a fact is named as in when: facts.os.id, facts.arch; what a variable holds is for when: or a command',
        }),
        z.union([value, z.array(value)]),
      ),
    ])
    .describe(
      'What must hold: a map of facts to what they must be, as in `when:` (a list means any of), or one or several commands for the host’s `sh` that succeed where it does. They MUST only read.',
    ),
  fail_msg: z.string().regex(/\S/).optional().describe('What is said where it does not hold.'),
  at: z
    .enum(['plan', 'turn'], { error: 'plan: before anything changes; turn: once the tasks before it are through' })
    .default('plan')
    .describe(
      '`plan`: it must hold before anything is changed, else nothing is. `turn`: what the tasks before it change counts; where it does not hold then, the run ends there.',
    ),
});
type Assert = z.output<typeof Assert>;

type AssertState = {
  /** The conditions that do not hold. */
  readonly failed?: readonly string[];
};

/** What must hold before the rest is worth doing. */
export const assertTask = defineTask<Assert, AssertState>({
  type: 'assert',
  summary: 'A condition that must hold, or the plan is refused.',
  notes:
    'Reads the host’s facts, and whether the commands succeed; changes nothing. Commands run as root with no terminal and an empty stdin; their output is not looked at. It is looked at again in the proof.',
  params: Assert,
  examples: [
    { that: { 'facts.os.id': ['debian', 'ubuntu'], 'facts.systemd': true }, fail_msg: 'This playbook is for Debian' },
    { that: ['test "$(nproc)" -ge 2', 'mountpoint -q /var/lib/docker'] },
    { that: 'docker info', at: 'turn', fail_msg: 'Docker does not answer' },
  ],
  id: (p) => JSON.stringify(p.that),

  probe: (p) =>
    Array.isArray(p.that)
      ? p.that.map((one, index) => sh`(umask 022; eval ${one}) >/dev/null 2>&1 </dev/null || echo ${index}`).join('\n')
      : ':',

  read(output, p) {
    const { that } = p;
    if (!Array.isArray(that)) return { failed: [] };
    const numbers = output.split('\n').filter((line) => /^\d+$/.test(line));
    return { failed: numbers.flatMap((line) => that[Number(line)] ?? []) };
  },

  want: () => ({ failed: [] }),
  // with a condition that fails the plan is refused, so this comes to run only where one has just failed
  apply: (change, p) => sh`printf '%s\n' ${message(p, change.before.failed ?? [])} >&2; exit 1\n`,
  awaits: (p) => (p.at === 'turn' ? 'what the tasks before it change counts' : undefined),

  findings(_change, p, { facts, before }): readonly Finding[] {
    const failed = Array.isArray(p.that) ? (before.failed ?? []) : wrongFacts(p.that, facts);
    if (failed.length === 0) return [];
    const late = p.at === 'plan' && Array.isArray(p.that);
    return [
      refusal(message(p, failed), late ? 'If a task before it brings that about, write at: turn' : undefined, []),
    ];
  },
});

function message(p: Assert, failed: readonly string[]): string {
  const what = failed.map((one) => one.trim()).join('; ');
  return p.fail_msg === undefined ? `does not hold: ${what}` : `${p.fail_msg} (${what})`;
}

function wrongFacts(that: Readonly<Record<string, unknown>>, facts: Facts): string[] {
  return Object.entries(that).flatMap(([name, wanted]) => {
    const found = name
      .split('.')
      .slice(1)
      .reduce<unknown>((at, part) => (at as Record<string, unknown> | null | undefined)?.[part], facts);
    if (found === undefined || (found !== null && typeof found === 'object' && !Array.isArray(found)))
      return [`${name} is no fact: harden plan --json shows those of a host`];
    const has = [found].flat().map(String);
    const any = [wanted].flat().map(String);
    return any.some((one) => has.includes(one)) ? [] : [`${name} is ${has.join(', ')}, not ${any.join(' or ')}`];
  });
}
