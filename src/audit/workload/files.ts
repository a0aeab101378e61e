import { mountRisk, mountsSocket } from './mount-risk.ts';
import { type FixText, known, PASS, type Rule, skip, type Verdict, warn, word } from './rule.ts';
import { decided, isUndecided, type Located, type Mount, type Workload } from './workload.ts';

/** What of the host's files, and of its own, the container can write and reach. */
export const FILE_RULES: readonly Rule[] = [
  {
    id: 'read-only',
    title: 'Mount the root file system read-only',
    section: 'Files',
    severity: 'medium',
    field: 'readOnly',
    related: ['5.13'],
    remediation: 'What cannot be written cannot be replaced. Give what must be written a tmpfs or a volume.',
    fix: { run: '--read-only --tmpfs /tmp', compose: 'read_only: true\ntmpfs: [/tmp]' },
    judge: ({ readOnly }) => known(readOnly, (yes) => (yes ? PASS : warn('its root file system can be written'))),
  },
  {
    id: 'tmpfs',
    title: 'Give a tmpfs a size, and run no programs from it',
    section: 'Files',
    severity: 'low',
    field: 'tmpfs',
    remediation:
      'A tmpfs without a size can fill half of the memory of the host, unless the container has a memory limit; noexec and nosuid are defaults of Docker that options can take away.',
    judge: judgeTmpfs,
  },
  {
    id: 'docker-socket',
    title: 'Mount no socket of a container engine',
    section: 'Files',
    severity: 'high',
    field: 'mounts',
    related: ['5.32'],
    remediation:
      'Whoever reaches the socket starts a container with the whole host in it: this is root, also when it is mounted read-only. Put a proxy between that lets only the calls through that are needed.',
    judge: (workload) => judgeMounts(workload, judgeSocket, socketFix),
  },
  {
    id: 'sensitive-mounts',
    title: 'Mount no system directory of the host',
    section: 'Files',
    severity: 'high',
    field: 'mounts',
    related: ['5.6'],
    remediation:
      'Mount the one file or directory that is needed, of a directory made for it, and read-only where it is only read.',
    judge: (workload) => judgeMounts(workload, judgeSensitive, sensitiveFix),
  },
  {
    id: 'propagation',
    title: 'Propagate no mount to the host',
    section: 'Files',
    severity: 'medium',
    field: 'mounts',
    related: ['5.20'],
    remediation: 'What is mounted in the container in a shared mount appears on the host. Leave the mode at rprivate.',
    fix: { run: '--mount …,bind-propagation=rprivate', compose: '# without :shared and :rshared' },
    judge: (workload) =>
      judgeMounts(workload, (mount) =>
        /^r?shared$/.test(mount.propagation) ? warn(`${itemOf(mount)} is ${mount.propagation}`) : PASS,
      ),
  },
  {
    id: 'devices',
    title: 'Pass no device of the host',
    section: 'Files',
    severity: 'medium',
    field: 'devices',
    related: ['5.18'],
    remediation:
      'A disk or the memory as a device is the host itself. Leave out what is not needed; accept what is, with :r where it is only read.',
    judge: judgeDevices,
  },
];

function judgeTmpfs({ tmpfs, memoryLimited }: Workload): readonly Verdict[] {
  return tmpfs.flatMap(({ path, options, at }) => {
    const loose = options.filter((option) => ['exec', 'suid', 'dev'].includes(option));
    const sized = options.some((option) => /^size=/.test(option)) || memoryLimited === true;
    if (loose.length === 0 && sized) return [];
    const missing = [...loose, ...(sized ? [] : ['no size'])].join(', ');
    const flag = `${path}:noexec,nosuid,nodev,size=64m`;
    const fix = { run: `--tmpfs ${flag}`, compose: `tmpfs: ["${flag}"]` };
    return [
      loose.length > 0
        ? warn(`${path}: ${missing}`, { at, fix })
        : { result: 'INFO' as const, details: `${path}: ${missing}`, at, fix },
    ];
  });
}

/** All mounts of a container are one verdict, with what mends them all; those of a file have each its place. */
function judgeMounts(
  workload: Workload,
  judge: (mount: Mount) => Verdict,
  fixOf?: (mounts: readonly Mount[]) => FixText,
): Verdict | readonly Verdict[] {
  const fixed = (mounts: readonly Mount[]) => (fixOf && mounts.length > 0 ? { fix: fixOf(mounts) } : {});
  const judged = workload.mounts
    .map((mount) => ({ mount, verdict: isUndecided(mount.source) ? skip(mount.source) : judge(mount) }))
    .filter(({ verdict }) => verdict.result !== 'PASS');
  if (workload.kind === 'service')
    return judged.map(({ mount, verdict }) => ({ ...verdict, at: mount.at, ...fixed([mount]) }));
  if (judged.length === 0) return PASS;
  return { ...together(judged.map(({ verdict }) => verdict)), ...fixed(judged.map(({ mount }) => mount)) };
}

/** Several verdicts as one: as bad as the worst of them, with an item for each. */
function together(verdicts: readonly Verdict[]): Verdict {
  const [first] = verdicts;
  if (!first) return PASS;
  const items = verdicts.flatMap(({ details }) => details ?? []);
  const severity = (['high', 'medium', 'low'] as const).find((each) => verdicts.some((it) => it.severity === each));
  return { ...first, details: items.join('; '), items, ...(severity ? { severity } : {}) };
}

function judgeSocket(mount: Mount): Verdict {
  return mountsSocket(mount) ? warn(itemOf(mount)) : PASS;
}

function socketFix(mounts: readonly Mount[]): FixText {
  const { run, compose } = leaveOut(mounts);
  return {
    run: `${run}; --env DOCKER_HOST=tcp://docker-proxy:2375`,
    compose: `${compose}\nenvironment:\n  DOCKER_HOST: tcp://docker-proxy:2375`,
  };
}

function judgeSensitive(mount: Mount): Verdict {
  const risk = mountRisk(mount);
  if (!risk) return PASS;
  return warn(`${itemOf(mount)}${mount.readOnly ? ', read-only' : ', writable'}`, { severity: risk });
}

/** Read-only where that is enough; what must not be read either is left out. */
function sensitiveFix(mounts: readonly Mount[]): FixText {
  const enough = mounts.filter((mount) => !mountRisk({ ...mount, readOnly: true }));
  const out = leaveOut(mounts.filter((mount) => !enough.includes(mount)));
  const specs = enough.map((mount) => specOf({ ...mount, readOnly: true }));
  return {
    run: [out.run, ...specs.map((spec) => `--volume ${word(spec)}`)].filter(Boolean).join('; '),
    compose: [out.compose, specs.length > 0 ? `volumes: ${JSON.stringify(specs)}` : ''].filter(Boolean).join('\n'),
  };
}

function leaveOut(mounts: readonly Mount[]): FixText {
  const specs = mounts.map(specOf);
  return {
    run: specs.map((spec) => `leave out --volume ${word(spec)}`).join('; '),
    compose: specs.map((spec) => `# without ${JSON.stringify(spec)}`).join('\n'),
  };
}

/** As it is found in the command or the file. */
function specOf({ source, written, target, readOnly }: Mount): string {
  return `${isUndecided(source) ? '' : (written ?? source)}:${target}${readOnly ? ':ro' : ''}`;
}

function itemOf({ source, written, target }: Mount): string {
  return `${isUndecided(source) ? '?' : source}${written === undefined ? '' : ` (${written})`} on ${target}`;
}

function judgeDevices({ devices, deviceRules, kind, at }: Workload): Verdict | readonly Verdict[] {
  const found: Verdict[] = devices.map((device) => judgeDevice(device));
  if (deviceRules.length > 0) {
    const fix = leaveOutDevices('--device-cgroup-rule', deviceRules);
    found.push(warn(`device rules ${deviceRules.join(', ')}`, { field: 'deviceRules', at: at('deviceRules'), fix }));
  }
  if (kind === 'service' || found.length === 0) return found;
  const fixes = found.flatMap(({ fix }) => fix ?? []);
  const fix = {
    run: fixes.map(({ run }) => run).join('; '),
    compose: fixes.map(({ compose }) => compose).join('\n'),
  };
  return { ...together(found), fix };
}

/** A device that is only read is the host's, too. */
function leaveOutDevices(flag: string, values: readonly string[]): FixText {
  return {
    run: values.map((value) => `leave out ${flag} ${word(value)}`).join('; '),
    compose: values.map((value) => `# without ${JSON.stringify(value)}`).join('\n'),
  };
}

/** Disks, memory and the kernel's own interfaces: not one service of the host, but the host. */
const WHOLE_HOST = /^\/dev\/(mem|kmem|port|kmsg|sd|hd|vd|xvd|nvme|dm-|mapper|md|loop|mmcblk|disk|fuse$|uinput|$)/;

function judgeDevice({ value, at }: Located<Workload['devices'][number]['value']>): Verdict {
  if (isUndecided(value)) return skip(value, { at });
  const [path = ''] = decided([value]);
  return warn(path, {
    at,
    severity: WHOLE_HOST.test(path) || path === '/dev' ? 'high' : 'medium',
    fix: leaveOutDevices('--device', [path]),
  });
}
