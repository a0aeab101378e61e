import { serviceTask } from '../../src/tasks/service/index.ts';
import { describeInvalid, describeTask } from '../support/describe-task.ts';

/** `systemctl show` of systemd 252 on Debian 12, with what a case changes laid over it. */
function unit(changes: Readonly<Record<string, string>> = {}): string {
  const properties = {
    Type: 'notify',
    RemainAfterExit: 'no',
    Id: 'docker.service',
    TriggeredBy: '',
    LoadState: 'loaded',
    ActiveState: 'active',
    SubState: 'running',
    FragmentPath: '/lib/systemd/system/docker.service',
    UnitFileState: 'enabled',
    NeedDaemonReload: 'no',
    ...changes,
  };
  return Object.entries(properties)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('');
}

const missing = unit({
  Type: '',
  Id: 'nothing.service',
  LoadState: 'not-found',
  ActiveState: 'inactive',
  SubState: 'dead',
  FragmentPath: '',
  UnitFileState: '',
});
const socket = '\nId=docker.socket\nActiveState=active\n';

describeTask(serviceTask, [
  {
    name: 'leaves a running, enabled unit alone',
    params: { name: 'docker', state: 'started', enabled: true },
    given: unit(),
    expect: {
      action: 'none',
      findings: [],
      needs: ['unit:docker.service'],
      provides: ['unit:docker.service', 'running:docker.service'],
    },
  },
  {
    name: 'starts and enables',
    params: { name: 'docker', state: 'started', enabled: true },
    given: unit({ ActiveState: 'inactive', SubState: 'dead', UnitFileState: 'disabled' }),
    expect: {
      action: 'update',
      keys: ['state', 'enabled'],
      script: ['systemctl enable -q -- docker.service', 'systemctl start -- docker.service'],
      notScript: ['daemon-reload', 'mask'],
      undo: ['systemctl disable -q -- docker.service', 'systemctl stop -- docker.service'],
      findings: [],
      risk: 'none',
    },
  },
  {
    name: 'a failed unit is not started',
    params: { name: 'docker', state: 'started' },
    given: unit({ ActiveState: 'failed', SubState: 'failed' }),
    expect: { before: { state: 'failed' }, keys: ['state'], script: ['systemctl reset-failed'] },
  },
  {
    name: 'a unit between two crashes is not started',
    params: { name: 'docker', state: 'started' },
    given: unit({ ActiveState: 'activating', SubState: 'auto-restart' }),
    expect: { before: { state: 'failed' }, keys: ['state'] },
  },
  {
    name: 'a failed unit is stopped',
    params: { name: 'docker', state: 'stopped' },
    given: unit({ ActiveState: 'failed', SubState: 'failed' }),
    expect: { action: 'none' },
  },
  {
    name: 'warns when a socket will start a stopped unit again',
    params: { name: 'docker', state: 'stopped' },
    given: unit({ TriggeredBy: 'docker.socket' }) + socket,
    expect: {
      keys: ['state'],
      needs: [],
      script: ['systemctl stop -- docker.service'],
      undo: ['systemctl start -- docker.service'],
      findings: [/^warn: docker\.socket is active and will start docker\.service again/],
    },
  },
  {
    name: 'a masked unit is not started again by its socket',
    params: { name: 'docker', state: 'stopped', masked: true },
    given: unit({ TriggeredBy: 'docker.socket' }) + socket,
    expect: {
      keys: ['state', 'masked'],
      script: [/stop -- docker\.service\nsystemctl mask -q -- docker\.service/],
      undo: [/unmask[^\n]*\n[^\n]*\nsystemctl start/],
      findings: [],
    },
  },
  {
    name: 'a socket that is inactive is not warned of',
    params: { name: 'docker', state: 'stopped' },
    given: `${unit({ TriggeredBy: 'docker.socket' })}\nId=docker.socket\nActiveState=inactive\n`,
    expect: { findings: [] },
  },
  {
    name: 'speaks of the unit behind an alias',
    params: { name: 'sshd', enabled: false },
    given: unit({ Id: 'ssh.service', FragmentPath: '/lib/systemd/system/ssh.service' }),
    expect: {
      keys: ['enabled'],
      script: ['systemctl disable -q -- ssh.service'],
      risk: 'access',
      findings: [/^refuse: nobody could log in after the next boot/],
    },
  },
  {
    name: 'sshd may stay off where its socket starts it',
    params: { name: 'ssh', enabled: false },
    given: `${unit({ Id: 'ssh.service', TriggeredBy: 'ssh.socket' })}\nId=ssh.socket\nActiveState=active\n`,
    expect: { keys: ['enabled'], findings: [] },
  },
  {
    name: 'masks another name of a unit by that name, and not the unit',
    params: { name: 'ctrl-alt-del.target', masked: true },
    given: unit({ Id: 'reboot.target', ActiveState: 'inactive', SubState: 'dead', UnitFileState: 'disabled' }),
    expect: {
      keys: ['masked'],
      script: ['systemctl mask -q -- ctrl-alt-del.target'],
      notScript: ['reboot.target'],
      undo: ['systemctl unmask -q -- ctrl-alt-del.target'],
      findings: [/another name of reboot\.target/],
    },
  },
  {
    name: 'does not mask a name that is a link in /etc',
    params: { name: 'dbus-org.freedesktop.timedate1', masked: true },
    given: unit({
      Id: 'systemd-timedated.service',
      AliasFile: '/etc/systemd/system/dbus-org.freedesktop.timedate1.service',
    }),
    expect: { keys: ['masked'], findings: [/cannot be masked: it is another name/] },
  },
  {
    name: 'does not take the mask off a name whose unit is masked',
    params: { name: 'runlevel6.target', masked: false },
    given: unit({ Id: 'reboot.target', LoadState: 'masked', UnitFileState: 'masked' }),
    expect: { keys: ['masked'], findings: [/that is what is masked/] },
  },
  {
    name: 'sshd masked is sshd off at boot',
    params: { name: 'ssh', masked: true },
    given: unit({ Id: 'ssh.service' }),
    expect: { keys: ['masked'], findings: [/--i-know ssh-off-at-boot/] },
  },
  {
    name: 'a unit that does not exist is stopped and disabled',
    params: { name: 'nothing', state: 'stopped', enabled: false },
    given: missing,
    expect: { before: null, action: 'none', findings: [], needs: [] },
  },
  {
    name: 'refuses to start a unit that does not exist',
    params: { name: 'nothing', state: 'started' },
    given: missing,
    expect: { findings: [/^refuse: there is no unit nothing\.service/] },
  },
  {
    name: 'masks a unit that does not exist yet',
    params: { name: 'nothing', masked: true },
    given: missing,
    expect: { action: 'create', script: ['systemctl mask -q -- nothing.service'], undo: ['unmask'], findings: [] },
  },
  {
    name: 'masks a unit that does not exist, and stops it only where it has come since',
    params: { name: 'nothing', state: 'stopped', enabled: false, masked: true },
    given: missing,
    expect: {
      action: 'create',
      keys: ['masked'],
      script: [/= not-found \] \|\| \{\nsystemctl disable[^\n]*\nsystemctl stop[^\n]*\n\}\nsystemctl mask -q/],
      findings: [],
    },
  },
  {
    name: 'stops what still runs although its unit file is gone',
    params: { name: 'nothing', state: 'stopped' },
    given: missing.replace('inactive', 'active'),
    expect: { keys: ['state'], script: ['systemctl stop -- nothing.service'] },
  },
  {
    name: 'refuses to start a masked unit',
    params: { name: 'docker', state: 'started' },
    given: unit({ LoadState: 'masked', UnitFileState: 'masked', ActiveState: 'inactive' }),
    expect: { findings: [/^refuse: docker\.service is masked.*masked: false/] },
  },
  {
    name: 'unmasks before it starts',
    params: { name: 'docker', state: 'started', masked: false },
    given: unit({ LoadState: 'masked', UnitFileState: 'masked', ActiveState: 'inactive' }),
    expect: { keys: ['state', 'masked'], script: [/unmask -q -- docker[\s\S]*systemctl start/], findings: [] },
  },
  {
    name: 'a mask until the next boot is not a mask',
    params: { name: 'docker', masked: true },
    given: unit({ LoadState: 'masked', UnitFileState: 'masked-runtime', ActiveState: 'inactive' }),
    expect: { keys: ['masked'] },
  },
  {
    name: 'refuses to mask a unit whose own file is in the way',
    params: { name: 'docker', masked: true },
    given: unit({ FragmentPath: '/etc/systemd/system/docker.service' }),
    expect: {
      findings: [/^refuse: docker\.service cannot be masked: its own file \/etc\/systemd\/system\/docker\.service/],
    },
  },
  {
    name: 'refuses to enable a static unit',
    params: { name: 'docker', enabled: true },
    given: unit({ UnitFileState: 'static' }),
    expect: { findings: [/^refuse: docker\.service is static/] },
  },
  {
    name: 'refuses to enable an indirect unit',
    params: { name: 'docker', enabled: true },
    given: unit({ UnitFileState: 'indirect' }),
    expect: { findings: [/^refuse: docker\.service is indirect/] },
  },
  {
    name: 'refuses to enable a generated unit',
    params: { name: 'docker', enabled: true },
    given: unit({ UnitFileState: 'generated' }),
    expect: { findings: [/^refuse: docker\.service is generated/] },
  },
  {
    name: 'says that a static unit may still be started by another',
    params: { name: 'docker', enabled: false },
    given: unit({ UnitFileState: 'static' }),
    expect: { action: 'none', findings: [/^warn: docker\.service is static/] },
  },
  {
    name: 'refuses to keep a oneshot running that ends by itself',
    params: { name: 'docker', state: 'started' },
    given: unit({ Type: 'oneshot', ActiveState: 'inactive', SubState: 'dead' }),
    expect: { findings: [/^refuse: docker\.service is a oneshot/] },
  },
  {
    name: 'a oneshot that remains is started',
    params: { name: 'docker', state: 'started' },
    given: unit({ Type: 'oneshot', RemainAfterExit: 'yes', SubState: 'exited' }),
    expect: { action: 'none', findings: [] },
  },
  {
    name: 'has the unit files read again where they changed',
    params: { name: 'docker', daemon_reload: true },
    given: unit({ NeedDaemonReload: 'yes' }),
    expect: { keys: ['loaded'], script: ['systemctl daemon-reload'], notScript: ['start'], undo: null },
  },
  {
    name: 'never starts a unit from files that systemd has not read',
    params: { name: 'docker', state: 'started' },
    given: unit({ NeedDaemonReload: 'yes', ActiveState: 'inactive' }),
    expect: { keys: ['state'], script: [/daemon-reload[\s\S]*start/] },
  },
  {
    name: 'refuses a host without systemd',
    params: { name: 'docker', state: 'started' },
    given: '',
    facts: { systemd: false },
    expect: { findings: [/^refuse: this host does not run systemd/] },
  },
]);

describeInvalid(serviceTask, [
  { name: 'restarted', params: { name: 'docker', state: 'restarted' }, message: 'handlers:' },
  { name: 'nothing to hold', params: { name: 'docker' }, message: 'say what must hold' },
  { name: 'masked and started', params: { name: 'docker', state: 'started', masked: true }, message: 'a masked unit' },
  { name: 'a template', params: { name: 'getty@', enabled: true }, message: 'name an instance' },
  { name: 'an option for a name', params: { name: '--force', enabled: true }, message: 'a unit name has' },
]);
