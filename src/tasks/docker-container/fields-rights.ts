import { listAt, textAt } from '../support/docker/cli.ts';
import { capability } from '../support/docker/words.ts';
import { type Field, flags, hostFlag, hostOf, hostText, isTrue, sorted, textsAt } from './field.ts';
import type { DockerContainer } from './params.ts';

const NO_NEW_PRIVILEGES = 'no-new-privileges';

/** What a container may do. */
export const rightsFields: readonly Field[] = [
  {
    key: 'cap_drop',
    want: (p) => sorted(p.cap_drop),
    read: (container) => sorted(textsAt(hostOf(container), 'CapDrop').map(capability)),
    args: (p) => flags('--cap-drop', p.cap_drop),
  },
  {
    key: 'cap_add',
    want: (p) => sorted(p.cap_add),
    read: (container) => sorted(textsAt(hostOf(container), 'CapAdd').map(capability)),
    args: (p) => flags('--cap-add', p.cap_add),
  },
  {
    key: 'security_opts',
    want: (p) => sorted(securityOptions(p)),
    read(container, _image, p) {
      const said = textsAt(hostOf(container), 'SecurityOpt').map((option) => securityOption(option, p));
      return sorted(
        isTrue(hostOf(container), 'Privileged') ? said.filter((option) => option !== 'label=disable') : said,
      );
    },
    args: (p) => flags('--security-opt', securityOptions(p)),
  },
  hostFlag('privileged', 'Privileged', '--privileged'),
  hostFlag('read_only', 'ReadonlyRootfs', '--read-only'),
  {
    key: 'devices',
    want: (p) => sorted(p.devices.map(device)),
    read: (container) =>
      sorted(
        listAt(hostOf(container), 'Devices').map((one) =>
          [textAt(one, 'PathOnHost'), textAt(one, 'PathInContainer'), textAt(one, 'CgroupPermissions')].join(':'),
        ),
      ),
    args: (p) => flags('--device', p.devices.map(device)),
  },
  hostText('ipc_mode', 'IpcMode', '--ipc', (p) => p.ipc_mode),
  hostText('pid_mode', 'PidMode', '--pid', (p) => p.pid_mode ?? ''),
  hostText('uts', 'UTSMode', '--uts', (p) => p.uts ?? ''),
  hostText('userns_mode', 'UsernsMode', '--userns', (p) => p.userns_mode ?? ''),
  hostText('cgroup_parent', 'CgroupParent', '--cgroup-parent', () => ''),
];

function securityOptions(p: DockerContainer): readonly string[] {
  const silent = p.security_opts.some((option) => option.startsWith(NO_NEW_PRIVILEGES));
  return silent ? p.security_opts : [...p.security_opts, NO_NEW_PRIVILEGES];
}

// docker replaces the path of a seccomp profile by its content
function securityOption(option: string, p: DockerContainer): string {
  const spelled = option
    .replace(/^(apparmor|seccomp|label):/, '$1=')
    .replace(/^no-new-privileges[:=]true$/, NO_NEW_PRIVILEGES);
  if (!spelled.startsWith('seccomp={')) return spelled;
  return p.security_opts.find((wanted) => wanted.startsWith('seccomp=/')) ?? 'seccomp=(a profile of its own)';
}

function device(entry: string): string {
  const [outside = '', inside = outside, permissions = 'rwm'] = entry.split(':');
  return `${outside}:${inside}:${permissions}`;
}
