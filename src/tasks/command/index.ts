import { defineTask, type Finding, type Need } from '../../engine/task.ts';
import { raw, type Script, sh } from '../../remote/sh.ts';
import { warning } from '../support/finding.ts';
import { Command, isGuarded } from './params.ts';

type CommandState = {
  readonly done: boolean;
  /** What the shell said where `unless` itself could not run. */
  readonly unless?: string;
} | null;

/** A command that runs unless a guard says that it has been done. */
export const commandTask = defineTask<Command, CommandState>({
  type: 'command',
  summary: 'A command that runs unless a guard says that it has been done.',
  notes:
    'Reads its guards alone. Give it one: `creates`, `removes` or `unless`; with several, one that says "done" is enough. Without a guard it runs in every apply, and nothing can be proved of it. The command runs as root with umask 022, `LC_ALL=C` and no terminal; a text is a script for `sh` (dash) and never stands in the arguments of a process. What it changes is neither kept nor undone by a rollback: use a type of its own where there is one. For a command that must follow a change, use a handler.',
  params: Command,
  examples: [
    { cmd: 'apt-mark hold docker.io', unless: 'apt-mark showhold | grep -qx docker.io' },
    { cmd: 'update-grub', unless: 'test /boot/grub/grub.cfg -nt /etc/default/grub' },
    {
      cmd: ['openssl', 'dhparam', '-out', '/etc/ssl/dhparam.pem', '2048'],
      creates: '/etc/ssl/dhparam.pem',
      timeout: 600,
    },
    {
      cmd: 'htpasswd -i -c users.htpasswd admin',
      chdir: '/etc/nginx',
      creates: '/etc/nginx/users.htpasswd',
      stdin: 'correct horse battery staple',
      environment: { TMPDIR: '/run' },
    },
  ],
  id: ({ cmd }) => (typeof cmd === 'string' ? cmd : cmd.join(' ')),

  probe(p) {
    const enter = p.chdir === undefined ? '' : sh`cd -- ${p.chdir} 2>/dev/null || exit 0\n`;
    const paths = [
      ...(p.creates === undefined
        ? []
        : [sh`if [ -e ${p.creates} ] || [ -L ${p.creates} ]; then echo 'done'; exit 0; fi\n`]),
      ...(p.removes === undefined
        ? []
        : [sh`if ! [ -e ${p.removes} ] && ! [ -L ${p.removes} ]; then echo 'done'; exit 0; fi\n`]),
    ].join('');
    const unless =
      p.unless === undefined
        ? ''
        : sh`said=$( (umask 022; eval ${p.unless}) 2>&1 >/dev/null </dev/null)
status=$?
if [ "$status" -eq 0 ]; then echo 'done'; else printf '%s %s\n' "$status" "$said"; fi
`;
    return sh`${raw(paths)}${raw(unless === '' ? '' : enter)}${raw(unless)}:`;
  },

  read(output) {
    if (output.trim() === 'done') return { done: true };
    const [, status, said = ''] = /^(\d+) (.*)$/m.exec(output) ?? [];
    const cannotRun = status === '126' || status === '127' || /syntax error|bad substitution/i.test(said);
    return cannotRun ? { done: false, unless: said || `status ${status}` } : { done: false };
  },

  want: () => ({ done: true }),

  apply(_change, p) {
    const lines = [
      'umask 022',
      ...(p.chdir === undefined ? [] : [sh`cd -- ${p.chdir}`]),
      ...Object.entries(p.environment).map(([name, value]) => setVariable(name, value)),
    ];
    // a file of its own keeps the text, which may hold secrets, out of the arguments of a process
    if (typeof p.cmd === 'string') lines.push(sh`printf '%s\n' ${p.cmd} >"$harden_tmp/command"`);
    const limit = p.timeout === undefined ? '' : sh`timeout -k 5 ${p.timeout} `;
    const run =
      typeof p.cmd === 'string' ? 'sh "$harden_tmp/command"' : sh`${raw(limit === '' ? 'command ' : '')}${p.cmd}`;
    const input = p.stdin === undefined ? '' : sh`printf %s ${p.stdin} | `;
    const report =
      p.timeout === undefined
        ? ''
        : sh` || { status=$?; [ "$status" -ne 124 ] || echo ${`ended: still running after ${p.timeout} seconds`} >&2; exit "$status"; }`;
    return `${lines.join('\n')}\n${input}${limit}${run}${report}\n`;
  },

  needs: (p) => [
    ...(p.chdir === undefined ? [] : [`path:${p.chdir}` as Need]),
    ...(typeof p.cmd === 'string' ? [] : [program(p.cmd[0] ?? '')].filter((need) => need !== undefined)),
  ],
  provides: (p) => (p.creates === undefined ? [] : [`path:${p.creates}`]),
  touchesAnything: ({ cmd }) => (typeof cmd === 'string' ? cmd : cmd.join(' ')),
  provable: isGuarded,
  secrets: (p) =>
    Object.entries(p.environment).flatMap(([name, value]) =>
      /pass|secret|token|key|credential/i.test(name) ? [value] : [],
    ),
  irreversible: () => 'a rollback does not undo what a command did',

  findings(_change, p, { before }): readonly Finding[] {
    if (!isGuarded(p))
      return [
        warning(
          'nothing tells whether this has been done, so it runs in every apply and is not proved',
          'Say how to tell: creates or removes with a path, or unless with a command that succeeds once it has been done',
        ),
      ];
    if (before?.unless !== undefined)
      return [
        warning(
          `unless could not run: ${before.unless}`,
          'It counts as not done; correct it unless an earlier task brings what it calls',
        ),
      ];
    return [];
  },
});

function program(name: string): Need | undefined {
  if (!/^[^\s]+$/.test(name)) return undefined;
  if (name.startsWith('/')) return `path:${name}`;
  return name.includes('/') ? undefined : `command:${name}`;
}

// the dot keeps newlines at the end of the value
function setVariable(name: string, value: string): Script {
  return sh`${raw(name)}=$(printf %s. ${value})
${raw(name)}=\${${raw(name)}%.}
export ${raw(name)}`;
}
