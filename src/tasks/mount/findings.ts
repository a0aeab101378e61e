import type { Change } from '../../engine/diff.ts';
import type { Finding } from '../../engine/task.ts';
import { refusal, warning } from '../support/finding.ts';
import type { Mount, MountState } from './params.ts';

/** What follows from a change: what it would hide, and what would fail. */
export function mountFindings(change: Change<MountState>, p: Mount, before: MountState): Finding[] {
  const mounts = change.keys.includes('mounted') && change.after.mounted === 'yes';
  const atBoot = change.keys.includes('fstab') && p.state === 'present' && before.mounted === 'no';
  const findings: Finding[] = [];
  if ((mounts || p.state === 'present') && before.directory === 'file')
    findings.push(refusal(`${p.path} is not a directory`));
  if (mounts && before.mounted !== 'no') {
    findings.push(
      refusal(
        `${p.path} already has ${before.mounted} mounted on it`,
        'Unmount that in a task of its own first (state: unmounted)',
      ),
    );
  } else if ((mounts || atBoot) && before.directory === 'full' && !p.hide_existing) findings.push(hides(p, mounts));
  if (mounts || atBoot) findings.push(...sourceFindings(p, before));
  if (change.keys.includes('fstab') && /^\/dev\/(sd|vd|xvd|nvme|hd)/.test(p.src ?? '') && p.state !== 'absent') {
    findings.push(
      warning(`${p.src} may be another disk after the next boot`, 'Name it by UUID=…, which `blkid` tells'),
    );
  }
  return findings;
}

/** Of what the kernel does not show, nobody can say that it is in force. */
export function unproved(p: Mount, { unproved: options = [], mounted }: MountState): Finding[] {
  if (p.state !== 'mounted' || mounted !== 'yes' || options.length === 0) return [];
  const list = options.join(', ');
  return [
    warning(
      `the kernel does not tell whether ${list} ${options.length === 1 ? 'is' : 'are'} in force at ${p.path}, so this is not proved`,
      'It stands in fstab, and the next mount takes it',
    ),
  ];
}

function hides(p: Mount, now: boolean): Finding {
  const message = `${p.path} is not empty, and its content would be hidden by the mount${now ? '' : ' after the next boot'}`;
  if (/^\/var\/lib\/(docker|containerd)(\/|$)/.test(p.path)) {
    return refusal(
      message,
      'Stop docker.service, docker.socket and containerd, copy the data to the new file system, empty the directory; or consent with hide_existing: true',
    );
  }
  return refusal(message, 'Move the content away, or consent with hide_existing: true');
}

function sourceFindings(p: Mount, { source }: MountState): Finding[] {
  if (source === 'missing') return [refusal(`${p.src} is not there`, 'blkid lists what can be mounted')];
  if (source === 'nothing')
    return [refusal(`${p.src} holds no file system`, `Make one by hand (mkfs.${p.fstype}); harden never formats`)];
  if (source !== undefined && p.fstype !== 'auto' && source !== p.fstype)
    return [refusal(`${p.src} holds ${source}, not ${p.fstype}`)];
  return [];
}
