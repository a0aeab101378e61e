import { z } from 'zod';
import { accountWord } from '../support/account-name.ts';
import { oneOrMore } from '../support/one-or-more.ts';

const line = (what: string) =>
  z
    .string()
    .regex(/^\S[^\n\r\0]*$/, { error: `${what} is one line, and does not begin with a space` })
    .refine((text) => !text.endsWith('\\'), {
      error: 'systemd takes a \\ at the end for a line that goes on: leave it out',
    });

const span = line('a time span').regex(/^[0-9][0-9a-z .µ]*$/i, {
  error: 'a time span is written as systemd has it: 15min, 1h 30min, 90',
});

/** What a playbook says of a timer and of the service that it starts. */
export const SystemdTimer = z
  .strictObject({
    name: z
      .string()
      .regex(/^[A-Za-z0-9:_.-]+$/, { error: 'a name for the two units, without a suffix: letters, digits and : _ . -' })
      .refine((name) => !/\.(service|timer)$/.test(name), { error: 'write the name without .timer or .service' })
      .describe('The name of the pair: NAME.timer starts NAME.service.'),
    description: line('a description').optional().describe('What it is for; systemd shows it.'),
    exec_start: oneOrMore(
      line('a command').regex(/^[-:+!|@]*\//, {
        error: "a command begins with the whole path of its program; for a line of shell: /bin/sh -c '…'",
      }),
      'name at least one command',
    )
      .optional()
      .describe('The command, or several that run one after the other, as systemd’s `ExecStart=` has them.'),
    user: accountWord.optional().describe('As whom it runs. Left out: as root.'),
    group: accountWord.optional().describe('With which group. Left out: the user’s own.'),
    environment: z
      .record(
        z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, { error: 'not the name of a variable' }),
        z.string().regex(/^[^\n\r\0]*$/, { error: 'a value is one line' }),
      )
      .default({})
      .describe('Variables for the command. Unit files can be read by everyone: no secrets.'),
    working_directory: z
      .string()
      .startsWith('/', { error: 'an absolute path' })
      .regex(/^[^\n\r\0]+$/)
      .optional()
      .describe('Where it runs. Left out: in /.'),
    timeout_start_sec: span.optional().describe('After how long a run is ended: `1h`. Left out: never.'),
    on_calendar: oneOrMore(line('a time'), 'name at least one time')
      .optional()
      .describe('When, as `systemd-analyze calendar` takes it: `daily`, `Sun 04:30`, `*-*-* 02:00:00`.'),
    on_boot_sec: span.optional().describe('How long after the boot: `15min`.'),
    on_unit_active_sec: span.optional().describe('How long after it ran last: `1h`.'),
    randomized_delay_sec: span
      .optional()
      .describe('Puts each run off by up to so long, so that not all hosts run at once.'),
    persistent: z
      .boolean()
      .default(true)
      .describe('Makes up at the next boot for a calendar time at which the host was off.'),
    hardening: z
      .boolean()
      .default(true)
      .describe(
        'Runs the command with no new privileges, a /tmp of its own, and /usr, /boot and /etc read-only. A command that writes there needs `read_write_paths`, or false.',
      ),
    read_write_paths: z
      .array(line('a path').startsWith('/', { error: 'an absolute path' }))
      .default([])
      .describe('With `hardening`: the only places that it may write to.'),
    enabled: z.boolean().default(true).describe('Whether the timer runs, now and after a boot.'),
    state: z.enum(['present', 'absent']).default('present').describe('`absent` stops and removes both units.'),
  })
  .superRefine((p, context) => {
    if (p.state === 'absent') return;
    const say = (path: string, message: string) =>
      context.addIssue({ code: 'custom', path: [path], message, input: undefined });
    if (p.exec_start === undefined) say('exec_start', 'say what runs: exec_start');
    if (p.on_calendar === undefined && p.on_boot_sec === undefined && p.on_unit_active_sec === undefined)
      say('on_calendar', 'say when it runs: on_calendar, on_boot_sec or on_unit_active_sec');
    else if (p.on_calendar === undefined && p.on_boot_sec === undefined)
      say('on_unit_active_sec', 'it would never run for the first time: add on_boot_sec, or use on_calendar');
    if (!p.hardening && p.read_write_paths.length > 0)
      say('read_write_paths', 'without hardening it may write everywhere: leave read_write_paths out');
  });
export type SystemdTimer = z.output<typeof SystemdTimer>;

const HEAD = '# Written by harden; it puts back what is changed here.\n';

/** The text of NAME.service. */
export function serviceUnit(p: SystemdTimer): string {
  const settings = [
    'Type=oneshot',
    ...(p.exec_start ?? []).map((command) => `ExecStart=${command}`),
    ...one('User', p.user),
    ...one('Group', p.group),
    ...Object.entries(p.environment).map(([name, value]) => `Environment=${quoted(`${name}=${value}`)}`),
    ...one('WorkingDirectory', p.working_directory),
    ...one('TimeoutStartSec', p.timeout_start_sec),
    ...(p.hardening ? hardening(p) : []),
  ];
  return `${HEAD}[Unit]\nDescription=${p.description ?? p.name}\n\n[Service]\n${settings.join('\n')}\n`;
}

/** The text of NAME.timer. */
export function timerUnit(p: SystemdTimer): string {
  const settings = [
    ...(p.on_calendar ?? []).map((time) => `OnCalendar=${time}`),
    ...one('OnBootSec', p.on_boot_sec),
    ...one('OnUnitActiveSec', p.on_unit_active_sec),
    ...one('RandomizedDelaySec', p.randomized_delay_sec),
    ...(p.on_calendar !== undefined && p.persistent ? ['Persistent=true'] : []),
  ];
  return `${HEAD}[Unit]\nDescription=When ${p.name}.service runs\n\n[Timer]\n${settings.join('\n')}\n\n[Install]\nWantedBy=timers.target\n`;
}

function one(key: string, value: string | undefined): string[] {
  return value === undefined ? [] : [`${key}=${value}`];
}

function hardening({ read_write_paths: paths }: SystemdTimer): string[] {
  return [
    'NoNewPrivileges=yes',
    'PrivateTmp=yes',
    `ProtectSystem=${paths.length > 0 ? 'strict' : 'full'}`,
    ...(paths.length > 0 ? [`ReadWritePaths=${paths.map(quoted).join(' ')}`] : []),
    'ProtectKernelTunables=yes',
    'ProtectKernelModules=yes',
    'ProtectControlGroups=yes',
    'RestrictSUIDSGID=yes',
    'RestrictRealtime=yes',
    'LockPersonality=yes',
  ];
}

function quoted(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('%', '%%')}"`;
}
