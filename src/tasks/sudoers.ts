import { Buffer } from 'node:buffer';
import { z } from 'zod';
import type { Change } from '../engine/diff.ts';
import { defineTask, type Finding } from '../engine/task.ts';
import { raw, type Script, sh } from '../remote/sh.ts';
import { accountWord } from './support/account-name.ts';
import { warning } from './support/finding.ts';
import { oneOrMore } from './support/one-or-more.ts';
import { fileRead } from './support/read-file.ts';
import * as wholeFile from './support/whole-file.ts';

// in sudoers a name in capitals is an alias, and ALL is everybody
const sudoName = accountWord.refine(
  (name) => !/^[A-Z][A-Z0-9_]*$/.test(name),
  'sudo takes a name in capitals for an alias: such an account cannot have a rule by its name',
);

const command = z
  .string()
  .regex(
    /^(?:ALL|!?\/[^\s]+(?: .+)?|sudoedit \/.+)$/s,
    'not a command as sudo knows them: write ALL, or a program with its whole path, as in "/usr/bin/systemctl restart nginx"',
  )
  .refine((text) => !/[\n\r\0]/.test(text), 'a command cannot hold a line break')
  .refine((text) => !/(?:^|[^\\])(?:\\\\)*[,#]/.test(text) && !/(?:^|[^\\])(?:\\\\)*\\$/.test(text), {
    error:
      'write `\\,` for a comma and `\\#` for a hash within a command, and no backslash at its end: each command is an item of the list',
  });

const Sudoers = z
  .strictObject({
    name: z
      .string()
      .regex(
        /^[A-Za-z0-9_-]{1,200}$/,
        'not a name for a file in /etc/sudoers.d: letters, digits, `_` and `-` (sudo ignores names with `.` or `~`)',
      )
      .describe('The file in /etc/sudoers.d.'),
    user: sudoName.optional().describe('The user who may.'),
    group: sudoName.optional().describe('The group whose members may, in place of `user`.'),
    commands: oneOrMore(command, 'name at least one command, or ALL')
      .optional()
      .describe(
        'What may be run: `ALL`, or programs with their whole paths, with arguments where only those are meant.',
      ),
    runas: z
      .string()
      .regex(
        /^(?:ALL|[A-Za-z_][A-Za-z0-9_.-]*)(?::(?:ALL|[A-Za-z_][A-Za-z0-9_.-]*))?$/,
        'not a user, nor user:group: write it as in "postgres" or "ALL:ALL"',
      )
      .optional()
      .describe('As whom: a user, `user:group`, or `ALL:ALL`. Left out: as root.'),
    nopassword: z.boolean().default(false).describe('Does not ask for the password.'),
    setenv: z.boolean().default(false).describe('Lets the environment be brought along.'),
    noexec: z.boolean().default(false).describe('Keeps the programs from starting others.'),
    state: z.enum(['present', 'absent']).default('present').describe('`absent` removes the file.'),
    validation: z
      .enum(['required', 'detect'])
      .default('required')
      .describe('`required` asks for visudo on the host; `detect` goes without a check where there is none.'),
  })
  .superRefine((rule, context) => {
    if (rule.state === 'absent') return;
    if ((rule.user === undefined) === (rule.group === undefined))
      context.addIssue({ code: 'custom', message: 'write one of user and group', input: undefined });
    if (rule.commands === undefined)
      context.addIssue({
        code: 'custom',
        message: 'say what may be run: commands',
        path: ['commands'],
        input: undefined,
      });
  });
type Sudoers = z.output<typeof Sudoers>;

/** One rule of who may run what as root. */
export const sudoersTask = defineTask<Sudoers, wholeFile.WholeFileState>({
  type: 'sudoers',
  summary: 'A rule of who may become root, or run something as root, in a file of /etc/sudoers.d.',
  notes:
    'Reads the file, its owner and mode. Written as root:root 0440. The candidate is checked with `visudo -cf`, alone and with a private copy of the whole configuration, during plan already, and it is checked that /etc/sudoers reads the directory. Unlike in Ansible, `nopassword` is false unless it is written. A `*` in arguments matches spaces and slashes too.',
  params: Sudoers,
  examples: [
    { name: 'admin', user: 'admin', commands: 'ALL', nopassword: true },
    {
      name: 'deploy',
      group: 'deploy',
      commands: ['/usr/bin/systemctl restart nginx', '/usr/bin/docker compose *'],
      runas: 'root',
      noexec: true,
    },
    { name: 'old-admin', state: 'absent' },
  ],
  id: (p) => p.name,
  probe: (p) => wholeFile.probeWholeFile(fileOf(p)),
  reads: (p) => fileRead(pathOf(p)),
  read: (output, p) => wholeFile.readWholeFile(output, fileOf(p)),
  want: (p) => (p.state === 'absent' ? null : wholeFile.wantWholeFile(fileOf(p))),
  apply: (change, p) =>
    change.after === null ? sh`rm -f -- ${pathOf(p)}` : wholeFile.applyWholeFile(change, fileOf(p)),
  validate: (change, p) => (change.after === null ? undefined : validate(change, p)),

  needs: (p) =>
    p.state === 'absent'
      ? []
      : [
          ...(p.validation === 'required' ? (['command:visudo'] as const) : []),
          ...(p.user === undefined ? [] : [`user:${p.user}` as const]),
          ...(p.group === undefined ? [] : [`group:${p.group}` as const]),
        ],
  provides: (p) => (p.state === 'absent' ? [] : [`path:${pathOf(p)}`]),
  risk: () => 'access',
  access: (p) =>
    p.user === undefined
      ? []
      : [{ administrator: { user: p.user, able: makesRoot(p), withoutPassword: p.nopassword } }],
  findings: (change, p, { facts }) => (change === undefined ? [] : remarks(change, p, facts.login)),
  keeps: (p, change) => wholeFile.keptPaths(pathOf(p), change.before),
});

function pathOf({ name }: Sudoers): string {
  return `/etc/sudoers.d/${name}`;
}

function fileOf(p: Sudoers): wholeFile.WholeFile {
  return { path: pathOf(p), content: Buffer.from(textOf(p)), owner: 'root', group: 'root', mode: '0440' };
}

function textOf(p: Sudoers): string {
  const who = p.user ?? `%${p.group ?? ''}`;
  const runas = p.runas === undefined ? [] : [`(${p.runas})`];
  const tags = [
    ...(p.nopassword ? ['NOPASSWD:'] : []),
    ...(p.setenv ? ['SETENV:'] : []),
    ...(p.noexec ? ['NOEXEC:'] : []),
  ];
  const rule = [who, 'ALL=', ...runas, ...tags, (p.commands ?? []).join(', ')].join(' ').replace('ALL= ', 'ALL=');
  return `# Written by harden; it puts back what is changed here.\n${rule}\n`;
}

function validate(change: Change<wholeFile.WholeFileState>, p: Sudoers): Script | undefined {
  const check = wholeFile.validateWholeFile(change, fileOf(p));
  if (check === undefined) return undefined;
  return sh`if [ -f /etc/sudoers ] && ! grep -Eq '^[#@]includedir[[:space:]]+"?/etc/sudoers\\.d/?"?[[:space:]]*$' /etc/sudoers; then
  echo '/etc/sudoers does not read /etc/sudoers.d: put the line @includedir /etc/sudoers.d at its end' >&2
  exit 1
fi
${raw(check)}`;
}

function makesRoot({ state, commands = [], runas = 'root' }: Sudoers): boolean {
  return state === 'present' && commands.includes('ALL') && /^(?:ALL|root)(?::|$)/.test(runas);
}

function remarks(change: Change<wholeFile.WholeFileState>, p: Sudoers, login: string): readonly Finding[] {
  const findings: Finding[] = [];
  const rules = change.before?.content ?? '';
  if (
    login !== 'root' &&
    rules.split('\n').some((line) => line.startsWith(`${login} `)) &&
    !(p.user === login && makesRoot(p))
  )
    findings.push(
      warning(
        `${login} is the account that harden logged in with, and this rule lets it become root`,
        'The change is undone by itself unless a fresh login can still become root',
      ),
    );
  for (const wild of (p.commands ?? []).filter((text) => / .*\*/.test(text)))
    findings.push(
      warning(
        `the * in "${wild}" matches everything, spaces and slashes too`,
        'Write the arguments out where more would be too much',
      ),
    );
  if (p.commands?.includes('ALL') && p.commands.some((text) => text.startsWith('!')))
    findings.push(
      warning(
        'commands taken out of ALL with `!` stop nobody: a copy under another name runs',
        'Name what may be run instead',
      ),
    );
  return findings;
}
