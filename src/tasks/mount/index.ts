import { defineTask } from '../../engine/task.ts';
import { type Script, sh } from '../../remote/sh.ts';
import { transformFile } from '../support/replace-file.ts';
import { mountFindings, unproved } from './findings.ts';
import { type LiveMount, mountOptions, optionAgain, optionHolds } from './options.ts';
import { fstabLine, Mount, type MountState, sourceKind } from './params.ts';
import { editFstab, probeMount } from './scripts.ts';

const FSTAB = '/etc/fstab';

/** A mount: now, at boot, or neither. */
export const mountTask = defineTask<Mount, MountState>({
  type: 'mount',
  summary: 'A mount: now, at boot, or neither.',
  notes:
    'Reads the kernel (`findmnt`) and `/etc/fstab`; a mount of which the kernel does not show an option (`noexec`, `hidepid=2`, `size=64m`, `gid=proc`…) as it is wanted is remounted. Of an option that the kernel never shows the plan says that it cannot be proved. Refused: a mount over a directory that is not empty, which would hide its content, without `hide_existing: true`; a source that is not there or has another file system; a place where something else is mounted. Nothing is ever formatted, moved or unmounted by force. For `/var/lib/docker`: stop docker and docker.socket, move the data, then mount. docker-bench 1.1.1.',
  params: Mount,
  examples: [
    {
      path: '/var/lib/docker',
      src: 'UUID=2f5c1e5a-7b43-4a8e-9a35-7d4f0f0a0c11',
      fstype: 'ext4',
      opts: 'defaults,nodev,nosuid',
      passno: 2,
    },
    { path: '/dev/shm', src: 'tmpfs', fstype: 'tmpfs', opts: 'rw,nosuid,nodev,noexec' },
    { path: '/srv/logs', src: '/var/log', fstype: 'none', opts: 'bind,ro' },
    { path: '/mnt/old', state: 'absent' },
  ],
  id: (p) => p.path,
  probe: probeMount,

  read(output, p) {
    const section = (name: string): string =>
      new RegExp(`^== ${name}\\n((?:(?!== ).*(?:\\n|$))*)`, 'm').exec(output)?.[1]?.trim() ?? '';
    const live = section('kernel').split('\n').at(-1) ?? '';
    const [, source = '', fstype = '', options = ''] = /^SOURCE="(.*)" FSTYPE="(.*)" OPTIONS="(.*)"$/.exec(live) ?? [];
    const sameType = !/^(none|auto)$/.test(p.fstype ?? 'auto') && sourceKind(p) !== 'bind' ? fstype === p.fstype : true;
    const same = sourceKind(p) === 'virtual' ? sameType : sameType && section('same') === 'yes';
    const list = options === '' ? [] : options.split(',');
    const lines = section('ids').split('\n');
    const mount: LiveMount = {
      fstype,
      options: list,
      memory: Number(section('memory') || 0) * 1024,
      ids: new Map(lines.map((line) => line.split(' ') as [string, string])),
    };
    const holds = (option: string) => optionHolds(option, mount);
    const wanted = mountOptions(p.opts);
    return {
      fstab: section('fstab') || 'none',
      mounted: live === '' ? 'no' : same ? 'yes' : `${source} (${fstype})`,
      flags: live === '' ? [] : wanted.filter((option) => holds(option) !== false),
      fstype,
      unproved: live === '' ? [] : wanted.filter((option) => holds(option) === undefined),
      options: list,
      directory: section('directory') || 'missing',
      ...(section('source') === '' ? {} : { source: section('source') }),
    };
  },

  want(p) {
    switch (p.state) {
      case 'mounted':
        return { fstab: fstabLine(p), mounted: 'yes', flags: mountOptions(p.opts) };
      case 'present':
        return { fstab: fstabLine(p) };
      case 'unmounted':
        return { mounted: 'no' };
      case 'absent':
        return { fstab: 'none', mounted: 'no' };
    }
  },

  apply(change, p) {
    const steps: Script[] = [];
    if (change.after.mounted === 'no' && change.keys.includes('mounted'))
      steps.push(sh`! findmnt -M ${p.path} >/dev/null || umount -- ${p.path}`);
    if (p.state === 'mounted' || p.state === 'present') steps.push(sh`[ -d ${p.path} ] || mkdir -p -m 0755 ${p.path}`);
    if (change.keys.includes('fstab')) steps.push(transformFile({ path: FSTAB, produce: editFstab(p) }), RELOAD);
    if (p.state === 'mounted') {
      if (change.keys.includes('mounted'))
        // a second one would lie on top of the first
        steps.push(sh`findmnt -M ${p.path} >/dev/null || mount -- ${p.path}`);
      else if (change.keys.includes('flags') || change.keys.includes('fstab'))
        steps.push(sh`mount -o remount -- ${p.path}`);
    }
    return steps.map((step) => `${step.trimEnd()}\n`).join('');
  },

  needs: (p) => (sourceKind(p) === 'bind' && p.state === 'mounted' ? [`path:${p.src}`] : []),
  provides: (p) => (p.state === 'absent' || p.state === 'unmounted' ? [] : [`path:${p.path}`]),
  risk: (p, change) =>
    /^(\/|\/home(\/.*)?|\/root|\/etc(\/.*)?|\/usr(\/.*)?|\/var|\/run|\/tmp)$/.test(p.path) &&
    change.keys.some((key) => key !== 'fstab')
      ? 'access'
      : undefined,
  findings: (change, p, { before }) => [...(change ? mountFindings(change, p, before) : []), ...unproved(p, before)],
  keeps: (_p, change) => (change.keys.includes('fstab') ? [FSTAB] : []),

  undo(change, p) {
    const { before } = change;
    const steps = change.keys.includes('fstab') ? [RELOAD] : [];
    if (change.keys.includes('mounted'))
      steps.push(
        before.mounted === 'no'
          ? sh`! findmnt -M ${p.path} >/dev/null || umount -- ${p.path}`
          : sh`findmnt -M ${p.path} >/dev/null || mount -- ${p.path}`,
      );
    else if (p.state === 'mounted') steps.push(sh`mount -o ${`remount,${flagsAgain(p, before)}`} -- ${p.path}`);
    return steps.length === 0 ? undefined : steps.join('\n');
  },
});

// units that systemd made of fstab are made anew
const RELOAD = '[ ! -d /run/systemd/system ] || systemctl daemon-reload';

// without `bind` a remount would reach the whole file system that the directory is part of
function flagsAgain(p: Mount, { options = [], fstype = '' }: MountState): string {
  const has = (option: string): boolean => options.includes(option);
  return [
    ...(sourceKind(p) === 'bind' ? ['bind'] : []),
    has('ro') ? 'ro' : 'rw',
    ...['suid', 'dev', 'exec'].map((flag) => (has(`no${flag}`) ? `no${flag}` : flag)),
    has('noatime') ? 'noatime' : has('relatime') ? 'relatime' : 'strictatime',
    ...mountOptions(p.opts).flatMap((option) => optionAgain(option, { fstype, options })),
  ].join(',');
}
