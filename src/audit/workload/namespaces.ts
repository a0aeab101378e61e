import { known, PASS, type Rule, warn } from './rule.ts';
import { isUndecided, liveOf } from './workload.ts';

/** What of the host the container sees as its own. */
export const NAMESPACE_RULES: readonly Rule[] = [
  {
    id: 'pid-namespace',
    title: "Keep the host's processes out of sight",
    section: 'Namespaces',
    severity: 'high',
    field: 'pidMode',
    related: ['5.16'],
    remediation: 'It sees, and as root ends and reads, every process of the host.',
    fix: { run: 'leave out --pid host', compose: '# without pid: host' },
    judge: ({ pidMode }) => known(pidMode, (mode) => (mode === 'host' ? warn('pid mode host') : PASS)),
  },
  {
    id: 'ipc-namespace',
    title: 'Share no memory segments with the host',
    section: 'Namespaces',
    severity: 'medium',
    field: 'ipcMode',
    related: ['5.17'],
    remediation: 'It reads and alters shared memory and semaphores of the processes of the host.',
    fix: { run: '--ipc private', compose: 'ipc: private' },
    judge: ({ ipcMode }) => known(ipcMode, (mode) => (mode === 'host' ? warn('ipc mode host') : PASS)),
  },
  {
    id: 'uts-namespace',
    title: 'Share no host name with the host',
    section: 'Namespaces',
    severity: 'low',
    field: 'utsMode',
    related: ['5.21'],
    remediation: 'With SYS_ADMIN it renames the host.',
    fix: { run: 'leave out --uts host', compose: '# without uts: host' },
    judge: ({ utsMode }) => known(utsMode, (mode) => (mode === 'host' ? warn('uts mode host') : PASS)),
  },
  {
    id: 'user-namespace',
    title: 'Do not opt out of userns-remap',
    section: 'Namespaces',
    severity: 'medium',
    field: 'usernsMode',
    related: ['5.31'],
    remediation: 'Where the daemon remaps users, this container is left out: its root is root.',
    fix: { run: 'leave out --userns host', compose: '# without userns_mode: host' },
    judge: ({ usernsMode }) => known(usernsMode, (mode) => (mode === 'host' ? warn('userns mode host') : PASS)),
  },
  {
    id: 'cgroup-namespace',
    title: 'Have a cgroup namespace of its own',
    section: 'Namespaces',
    severity: 'low',
    field: 'cgroupnsMode',
    remediation:
      'It sees the cgroups of the whole host. Docker gives a private one by default where the host has cgroup v2.',
    fix: { run: '--cgroupns private', compose: 'cgroup: private' },
    judge: (workload) => {
      const { cgroupnsMode } = workload;
      if (isUndecided(cgroupnsMode) || cgroupnsMode !== 'host') return known(cgroupnsMode, () => PASS);
      return liveOf(workload)?.host.cgroupVersion === '1'
        ? { result: 'INFO', details: 'cgroup mode host, the default where the host has cgroup v1' }
        : warn('cgroup mode host');
    },
  },
  {
    id: 'cgroup-parent',
    title: "Stay in Docker's own cgroup",
    section: 'Namespaces',
    severity: 'low',
    field: 'cgroupParent',
    related: ['5.25'],
    remediation: 'In another cgroup, its limits are those of that group. Keep it only where this is meant.',
    fix: { run: 'leave out --cgroup-parent', compose: '# without cgroup_parent' },
    judge: ({ cgroupParent }) =>
      known(cgroupParent, (parent) => (parent === '' ? PASS : warn(`its cgroup is in ${parent}`))),
  },
];
