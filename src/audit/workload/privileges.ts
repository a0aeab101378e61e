import { capabilityName, DANGEROUS_CAPABILITIES, DEFAULT_CAPABILITIES } from './capabilities.ts';
import { known, PASS, type Rule, skip, type Verdict, warn } from './rule.ts';
import { decided, isUndecided, liveOf, type Workload } from './workload.ts';

/** What a process in the container may do if it is taken over. */
export const PRIVILEGE_RULES: readonly Rule[] = [
  {
    id: 'user',
    title: 'Run as a user who is not root',
    section: 'Privileges',
    severity: 'medium',
    field: 'user',
    related: ['4.1'],
    remediation:
      'Root in a container is root of the host once something lets it out. Name a user that the image is made for, by number where it has no name.',
    fix: { run: '--user 10001:10001', compose: 'user: "10001:10001"' },
    judge: judgeUser,
  },
  {
    id: 'privileged',
    title: 'Do not run privileged',
    section: 'Privileges',
    severity: 'high',
    field: 'privileged',
    related: ['5.5'],
    remediation:
      'A privileged container has all capabilities and devices, and no seccomp or AppArmor: it is root on the host. Give the one capability or device that is needed instead.',
    fix: { run: '--privileged=false', compose: 'privileged: false' },
    judge: ({ privileged }) => known(privileged, (yes) => (yes ? warn('is privileged') : PASS)),
  },
  {
    id: 'privileged-build',
    title: 'Build, and run hooks, without the rights of the host',
    section: 'Privileges',
    severity: 'high',
    field: 'extras',
    remediation:
      'Whatever the build or the hook runs, also what it fetches, is root on the host then. Leave it out, or build where nothing else is.',
    judge: ({ extras }) =>
      extras?.map(({ value, at }) => (isUndecided(value) ? skip(value, { at }) : warn(value, { at, fix: null }))),
  },
  {
    id: 'no-new-privileges',
    title: 'Forbid new privileges',
    section: 'Privileges',
    severity: 'medium',
    field: 'securityOpt',
    related: ['5.26'],
    remediation:
      'A setuid program in the image makes root of any user. The option of a container, or of the daemon when the container was created, prevents it.',
    fix: { run: '--security-opt no-new-privileges:true', compose: 'security_opt: ["no-new-privileges:true"]' },
    judge: judgeNoNewPrivileges,
  },
  {
    id: 'cap-drop',
    title: 'Drop all capabilities',
    section: 'Privileges',
    severity: 'medium',
    field: 'capDrop',
    remediation:
      'Docker leaves 14 capabilities to root in a container; hardly a service needs more than one or two. Drop all, and add what it then complains about.',
    fix: { run: '--cap-drop ALL', compose: 'cap_drop: [ALL]' },
    judge: judgeCapDrop,
  },
  {
    id: 'cap-add',
    title: "Add no capability beyond Docker's defaults",
    section: 'Privileges',
    severity: 'medium',
    field: 'capAdd',
    related: ['5.4'],
    remediation:
      'Each of these opens a part of the kernel to the container, some the whole host. A port below 1024 needs NET_BIND_SERVICE alone, never NET_ADMIN.',
    judge: judgeCapAdd,
  },
  {
    id: 'seccomp',
    title: 'Keep the seccomp filter',
    section: 'Privileges',
    severity: 'high',
    field: 'securityOpt',
    related: ['5.22'],
    remediation:
      'Without the filter, every system call of the kernel can be reached. Leave the default profile in place, or write one that adds the single call that is missing.',
    fix: { run: 'leave out --security-opt seccomp=unconfined', compose: '# without seccomp:unconfined' },
    judge: judgeSeccomp,
  },
  {
    id: 'apparmor',
    title: 'Keep the AppArmor profile',
    section: 'Privileges',
    severity: 'medium',
    field: 'appArmorProfile',
    related: ['5.2'],
    remediation:
      'The profile docker-default keeps a container off parts of /proc and /sys and from mounting. It is there wherever AppArmor is on in the kernel.',
    fix: { run: '--security-opt apparmor=docker-default', compose: 'security_opt: ["apparmor:docker-default"]' },
    judge: judgeAppArmor,
  },
  {
    id: 'masked-paths',
    title: 'Keep hidden what Docker hides of /proc and /sys',
    section: 'Privileges',
    severity: 'high',
    field: 'securityOpt',
    remediation:
      'With systempaths=unconfined the container reads and writes kernel settings of the host. Leave it out.',
    fix: { run: 'leave out --security-opt systempaths=unconfined', compose: '# without systempaths=unconfined' },
    judge: ({ securityOpt }) =>
      optionsOf(securityOpt).has('systempaths unconfined') ? warn('systempaths=unconfined') : PASS,
  },
];

function judgeUser(workload: Workload): Verdict {
  const { user, kind } = workload;
  const running = liveOf(workload);
  if (user === undefined) return warn('no user is set: the image decides, and most images run as root');
  if (isUndecided(user)) return skip(user);
  const name = user.split(':')[0] ?? '';
  const root = name === '' || name === 'root' || /^0+$/.test(name);
  if (!root) {
    return running?.uid === 0 ? warn(`runs as user ${name}, who is root: its uid is 0`) : PASS;
  }
  const said =
    user === '' ? (kind === 'container' ? 'runs as root: no user is set' : 'runs as root') : `runs as ${user}`;
  if (running && running.uid !== 0) {
    return running.host.usernsRemap
      ? warn(`${said}; userns-remap makes uid ${running.uid} of it on the host`, { severity: 'low' })
      : warn(`${said}; its first process then became uid ${running.uid}, docker exec still is root`, {
          severity: 'low',
        });
  }
  return warn(said);
}

function judgeNoNewPrivileges(workload: Workload): Verdict {
  const { securityOpt } = workload;
  const running = liveOf(workload);
  const options = optionsOf(securityOpt);
  const set = options.has('no-new-privileges') || options.has('no-new-privileges true');
  if (running) {
    if (running.noNewPrivileges) {
      return set
        ? PASS
        : { result: 'PASS', details: "by the daemon's default, which was in force when it was created" };
    }
    return warn(set ? 'the option is set, and the kernel says NoNewPrivs: 0' : 'the kernel says NoNewPrivs: 0');
  }
  if (set) return PASS;
  const undecided = securityOpt.find(isUndecided);
  if (undecided) return skip(undecided);
  if (options.has('no-new-privileges false')) return warn('no-new-privileges is switched off');
  return warn('the option is not set; only a daemon with no-new-privileges as its default would add it');
}

function judgeCapDrop({ capDrop, privileged }: Workload): Verdict {
  const names = decided(capDrop).map(capabilityName);
  if (privileged === true) return warn('is privileged, which gives all capabilities whatever is dropped');
  if (names.includes('ALL')) return PASS;
  const undecided = capDrop.find(isUndecided);
  if (undecided) return skip(undecided);
  return warn(names.length > 0 ? `drops only ${names.join(', ')}` : 'drops none');
}

function judgeCapAdd({ capAdd }: Workload): Verdict {
  const names = decided(capAdd).map(capabilityName);
  const extra = names.filter((name) => !DEFAULT_CAPABILITIES.has(name));
  if (extra.length === 0) {
    const undecided = capAdd.find(isUndecided);
    return undecided ? skip(undecided) : PASS;
  }
  const kept = names.filter((name) => DEFAULT_CAPABILITIES.has(name));
  return warn(`adds ${extra.join(', ')}`, {
    items: extra,
    severity: extra.some((name) => DANGEROUS_CAPABILITIES.has(name)) ? 'high' : 'medium',
    fix: {
      run: ['--cap-drop ALL', ...kept.map((name) => `--cap-add ${name}`)].join(' '),
      compose: kept.length > 0 ? `cap_add: [${kept.join(', ')}]` : 'cap_add: []',
    },
  });
}

function judgeSeccomp(workload: Workload): Verdict {
  const { securityOpt, privileged } = workload;
  const running = liveOf(workload);
  if (optionsOf(securityOpt).has('seccomp unconfined')) return warn('seccomp=unconfined');
  if (privileged === true) return warn('is privileged, which takes the filter away');
  if (running && running.seccomp === 0) return warn('the kernel says Seccomp: 0: there is no filter');
  const undecided = securityOpt.find(isUndecided);
  return undecided ? skip(undecided) : PASS;
}

function judgeAppArmor(workload: Workload): Verdict {
  const { securityOpt, appArmorProfile, kind, privileged } = workload;
  const running = liveOf(workload);
  if (optionsOf(securityOpt).has('apparmor unconfined')) return warn('apparmor=unconfined');
  if (kind === 'service') {
    if (privileged === true) return warn('is privileged, which takes the profile away');
    const undecided = securityOpt.find(isUndecided);
    return undecided ? skip(undecided) : PASS;
  }
  if (appArmorProfile && appArmorProfile !== 'unconfined') return PASS;
  return running && !running.host.appArmor
    ? // A profile that is asked for is taken, and confines nothing.
      warn('AppArmor is not on in this host: no container has a profile', { severity: 'low', fix: null })
    : warn(`its profile is ${appArmorProfile || 'empty'}`);
}

/** Docker takes `name=value` and, from older days, `name:value`. */
function optionsOf(options: Workload['securityOpt']): ReadonlySet<string> {
  return new Set(decided(options).map((option) => option.replace(/[:=]/, ' ').trim()));
}
