import { systemdTimerTask } from '../../src/tasks/systemd-timer/index.ts';
import { SystemdTimer, serviceUnit, timerUnit } from '../../src/tasks/systemd-timer/units.ts';
import { debian12Facts, describeInvalid, describeTask } from '../support/describe-task.ts';

const prune = { name: 'prune', exec_start: '/usr/bin/docker image prune -f', on_calendar: 'Sun 04:30' };
const parsed = SystemdTimer.parse(prune);
const there = (enabled: string, active: string, service = serviceUnit(parsed)): string =>
  `== service\n${service}== path /etc/systemd/system/prune.service\n== timer\n${timerUnit(parsed)}== path /etc/systemd/system/prune.timer\n== enabled ${enabled}\n== active ${active}\n`;
const nothing = '== service\n== path \n== timer\n== path \n== enabled \n== active inactive\n';

describeTask(systemdTimerTask, [
  {
    name: 'writes, enables and starts the pair',
    params: prune,
    given: nothing,
    expect: {
      before: null,
      action: 'create',
      script: [
        'ExecStart=/usr/bin/docker image prune -f',
        'NoNewPrivileges=yes',
        'OnCalendar=Sun 04:30',
        'Persistent=true',
        'systemctl daemon-reload\nsystemctl enable -q -- prune.timer\nsystemctl restart -- prune.timer\n',
      ],
      validate: ["systemd-analyze calendar -- 'Sun 04:30'", 'systemd-analyze verify'],
      undo: ['systemctl stop -- prune.timer', 'rm -f -- /etc/systemd/system/timers.target.wants/prune.timer'],
      needs: ['path:/usr/bin/docker'],
      provides: ['unit:prune.service', 'unit:prune.timer'],
      keeps: ['/etc/systemd/system/prune.service', '/etc/systemd/system/prune.timer'],
      findings: [],
    },
  },
  {
    name: 'is content with what is there',
    params: prune,
    given: there('enabled', 'active'),
    expect: { action: 'none', findings: [] },
  },
  {
    name: 'starts a timer that was stopped',
    params: prune,
    given: there('enabled', 'inactive'),
    expect: { keys: ['running'], script: ['systemctl restart'], notScript: ['daemon-reload', 'ExecStart'] },
  },
  {
    name: 'changes the command, and leaves the timer running',
    params: prune,
    given: there('enabled', 'active', '[Service]\nExecStart=/bin/true\n'),
    expect: {
      keys: ['service'],
      script: ['daemon-reload'],
      notScript: ['restart', 'OnCalendar'],
      undo: ['systemctl daemon-reload', 'systemctl restart -- prune.timer'],
    },
  },
  {
    name: 'rests a timer',
    params: { ...prune, enabled: false },
    given: there('enabled', 'active'),
    expect: {
      keys: ['enabled', 'running'],
      script: ['systemctl disable -q -- prune.timer\nsystemctl stop -- prune.timer'],
      undo: ['systemctl enable -q'],
    },
  },
  {
    name: 'removes both',
    params: { name: 'prune', state: 'absent' },
    given: there('enabled', 'active'),
    expect: { action: 'delete', script: ['rm -f -- /etc/systemd/system/prune.timer'], needs: [], provides: [] },
  },
  {
    name: 'does not take a unit that a package brought for its own',
    params: prune,
    given: nothing.replace('== path ', '== path /lib/systemd/system/prune.service'),
    expect: { findings: [/^refuse: the host has a unit of this name already/] },
  },
  {
    name: 'does not remove it either',
    params: { name: 'prune', state: 'absent' },
    given: nothing.replace('== path ', '== path /lib/systemd/system/prune.service'),
    expect: { action: 'none' },
  },
  {
    name: 'is refused without systemd',
    params: prune,
    given: '',
    facts: { ...debian12Facts, systemd: false },
    expect: { findings: [/^refuse: this host does not run systemd/] },
  },
  {
    name: 'confines a command to its places, and quotes values',
    params: {
      ...prune,
      user: 'backup',
      group: 'adm',
      exec_start: ['-/bin/a', '/bin/b'],
      environment: { A: 'x "y" 5%' },
      read_write_paths: ['/var/lib/a b'],
      timeout_start_sec: '1h',
      working_directory: '/srv',
    },
    given: nothing,
    expect: {
      script: [
        'Environment="A=x \\"y\\" 5%%"',
        'ProtectSystem=strict\nReadWritePaths="/var/lib/a b"',
        'User=backup\nGroup=adm',
        'TimeoutStartSec=1h',
        'ExecStart=-/bin/a\nExecStart=/bin/b',
      ],
      needs: ['group:adm', 'path:/bin/a', 'path:/bin/b', 'user:backup'],
    },
  },
  {
    name: 'leaves a command unconfined when told so',
    params: { ...prune, hardening: false },
    given: nothing,
    expect: { notScript: ['NoNewPrivileges'] },
  },
]);

describeInvalid(systemdTimerTask, [
  { name: 'no command', params: { name: 'a', on_calendar: 'daily' }, message: 'say what runs: exec_start' },
  { name: 'no time', params: { name: 'a', exec_start: '/bin/true' }, message: 'say when it runs' },
  {
    name: 'a time that never comes',
    params: { name: 'a', exec_start: '/bin/true', on_unit_active_sec: '1h' },
    message: 'it would never run for the first time',
  },
  { name: 'a bare command', params: { ...prune, exec_start: 'docker ps' }, message: /whole path of its program/ },
  { name: 'a line that goes on', params: { ...prune, exec_start: '/bin/echo \\' }, message: 'a line that goes on' },
  { name: 'a suffix', params: { ...prune, name: 'a.timer' }, message: 'write the name without .timer' },
  {
    name: 'paths without hardening',
    params: { ...prune, hardening: false, read_write_paths: ['/x'] },
    message: 'leave read_write_paths out',
  },
  { name: 'a second line', params: { ...prune, description: 'a\nExecStart=/bin/b' }, message: 'is one line' },
]);
