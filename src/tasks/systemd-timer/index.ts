import { defineTask, type Need } from '../../engine/task.ts';
import { raw, type Script, sh } from '../../remote/sh.ts';
import { refusal } from '../support/finding.ts';
import { replaceFile } from '../support/replace-file.ts';
import { SystemdTimer, serviceUnit, timerUnit } from './units.ts';

type SystemdTimerState = {
  /** The text of NAME.service; empty: there is none of our own. */
  readonly service?: string;
  /** The text of NAME.timer. */
  readonly timer?: string;
  readonly enabled?: boolean;
  readonly running?: boolean;
  /** A unit of the same name that a package brought. */
  readonly foreign?: string;
} | null;

/** A timer with the service that it starts. */
export const systemdTimerTask = defineTask<SystemdTimer, SystemdTimerState>({
  type: 'systemd_timer',
  summary: 'A command that systemd runs at its times: a timer with a service of its own.',
  notes:
    'Reads and writes `/etc/systemd/system/NAME.service` and `NAME.timer`; both are checked with `systemd-analyze` at plan. Whether the timer runs and starts at boot is read from systemd. The command itself does not run now: `systemctl start NAME.service` does that, and `journalctl -u NAME.service` shows what it said.',
  params: SystemdTimer,
  examples: [
    {
      name: 'docker-prune',
      description: 'Remove images that nothing uses',
      exec_start: '/usr/bin/docker image prune --all --force --filter until=168h',
      on_calendar: 'Sun 04:30',
      randomized_delay_sec: '30min',
    },
    {
      name: 'backup',
      exec_start: ['/usr/local/bin/backup --all', "/bin/sh -c 'date >/var/lib/backup/last'"],
      user: 'backup',
      environment: { KEEP: '7' },
      on_boot_sec: '15min',
      on_unit_active_sec: '1d',
      timeout_start_sec: '2h',
      read_write_paths: ['/var/lib/backup'],
    },
    { name: 'old-job', state: 'absent' },
  ],
  id: (p) => p.name,

  probe: (p) => sh`for unit in ${[`${p.name}.service`, `${p.name}.timer`]}; do
  printf '== %s\n' "\${unit##*.}"
  cat -- ${`${DIRECTORY}/`}"$unit" 2>/dev/null
  printf '== path %s\n' "$(systemctl show -P FragmentPath -- "$unit" 2>/dev/null)"
done
printf '== enabled %s\n== active %s\n' "$(systemctl is-enabled -- ${`${p.name}.timer`} 2>/dev/null)" "$(systemctl is-active -- ${`${p.name}.timer`} 2>/dev/null)"`,

  read(output, p) {
    const content = (name: string): string =>
      new RegExp(`^== ${name}\\n((?:(?!== ).*\\n)*)`, 'm').exec(output)?.[1] ?? '';
    const word = (name: string): string => new RegExp(`^== ${name} (.*)$`, 'm').exec(output)?.[1] ?? '';
    const [service, timer] = [content('service'), content('timer')];
    const foreign = [...output.matchAll(/^== path (.+)$/gm)]
      .map(([, path = '']) => path)
      .find((path) => !path.startsWith(`${DIRECTORY}/`));
    if (service === '' && timer === '' && (foreign === undefined || p.state === 'absent')) return null;
    return {
      service,
      timer,
      enabled: word('enabled') === 'enabled',
      running: word('active') === 'active',
      ...(foreign === undefined ? {} : { foreign }),
    };
  },

  want: (p) =>
    p.state === 'absent'
      ? null
      : { service: serviceUnit(p), timer: timerUnit(p), enabled: p.enabled, running: p.enabled },

  validate: (change, p) => (change.after === null ? undefined : check(p)),

  apply(change, p) {
    const timer = `${p.name}.timer`;
    if (change.after === null) return remove(p);
    const { keys } = change;
    const lines: Script[] = [];
    for (const [key, suffix] of [
      ['service', 'service'],
      ['timer', 'timer'],
    ] as const)
      if (keys.includes(key)) lines.push(write(p, suffix, change.after[key] ?? ''));
    if (keys.includes('service') || keys.includes('timer')) lines.push('systemctl daemon-reload');
    if (keys.includes('enabled')) lines.push(sh`systemctl ${p.enabled ? 'enable' : 'disable'} -q -- ${timer}`);
    if (!p.enabled) lines.push(sh`systemctl stop -- ${timer}`);
    // a running timer keeps the times that it started with
    else if (keys.includes('timer') || keys.includes('running')) lines.push(sh`systemctl restart -- ${timer}`);
    return lines.map((line) => `${line.trimEnd()}\n`).join('');
  },

  needs: (p) =>
    p.state === 'absent'
      ? []
      : [
          ...(p.user === undefined ? [] : [`user:${p.user}` as Need]),
          ...(p.group === undefined ? [] : [`group:${p.group}` as Need]),
          ...(p.exec_start ?? []).map((command): Need => `path:${programOf(command)}`),
        ],
  provides: (p) => (p.state === 'absent' ? [] : [`unit:${p.name}.timer`, `unit:${p.name}.service`]),
  findings(_change, p, { facts, before }) {
    if (!facts.systemd)
      return [
        refusal(
          'this host does not run systemd, so there is nothing that a timer could be given to',
          'Leave the task out here with `unless: { facts.systemd: false }`, or use cron',
          [],
        ),
      ];
    return before?.foreign === undefined || p.state === 'absent'
      ? []
      : [
          refusal(
            `the host has a unit of this name already, ${before.foreign}`,
            'Choose another name; `service` sets whether that one runs',
          ),
        ];
  },
  keeps: (p) => [pathOf(p, 'service'), pathOf(p, 'timer')],
  undo(change, p) {
    const timer = `${p.name}.timer`;
    const { before } = change;
    if (before === null || before.timer === '')
      return sh`systemctl stop -- ${timer} 2>/dev/null || :
rm -f -- ${wants(p)}
systemctl daemon-reload`;
    return sh`systemctl daemon-reload
systemctl ${before.enabled ? 'enable' : 'disable'} -q -- ${timer}
systemctl ${before.running ? 'restart' : 'stop'} -- ${timer}`;
  },
});

const DIRECTORY = '/etc/systemd/system';

function pathOf(p: SystemdTimer, suffix: 'service' | 'timer'): string {
  return `${DIRECTORY}/${p.name}.${suffix}`;
}

function wants(p: SystemdTimer): string {
  return `${DIRECTORY}/timers.target.wants/${p.name}.timer`;
}

function programOf(command: string): string {
  return command.replace(/^[-:+!|@]+/, '').split(/\s/)[0] ?? '';
}

function write(p: SystemdTimer, suffix: 'service' | 'timer', content: string): Script {
  return replaceFile({ path: pathOf(p, suffix), content, owner: 'root', group: 'root', mode: '0644' });
}

function remove(p: SystemdTimer): Script {
  const units = [`${p.name}.timer`, `${p.name}.service`];
  return sh`systemctl disable -q -- ${units[0] ?? ''} 2>/dev/null || :
systemctl stop -- ${units} 2>/dev/null || :
rm -f -- ${pathOf(p, 'timer')} ${pathOf(p, 'service')} ${wants(p)} ${`/var/lib/systemd/timers/stamp-${p.name}.timer`}
systemctl daemon-reload
`;
}

// `verify` also tells of units that these lead to, and that is none of their faults: only what it says of the two counts
function check(p: SystemdTimer): Script {
  const times = (p.on_calendar ?? []).map(
    (time) =>
      sh`systemd-analyze calendar -- ${time} >/dev/null 2>"$harden_tmp/said" || { cat "$harden_tmp/said" >&2; exit 1; }`,
  );
  return sh`${raw(times.join('\n'))}
mkdir "$harden_tmp/units"
printf %s ${serviceUnit(p)} >"$harden_tmp/units/"${`${p.name}.service`}
printf %s ${timerUnit(p)} >"$harden_tmp/units/"${`${p.name}.timer`}
systemd-analyze verify --man=no "$harden_tmp/units/"${`${p.name}.timer`} "$harden_tmp/units/"${`${p.name}.service`} 2>"$harden_tmp/said" || :
if grep -F -e ${`${p.name}.timer:`} -e ${`${p.name}.service:`} "$harden_tmp/said" >&2; then exit 1; fi
`;
}
