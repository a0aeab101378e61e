import { z } from 'zod';
import { defineTask } from '../../engine/task.ts';
import { dockerComes } from '../support/docker/cli.ts';
import { isOneWay, moduleSign, reachesTheNetwork, sysctlPath, sysctlValue } from '../support/sysctl-key.ts';
import { decides, parseSysctl, readSysctl, type SysctlAnswer } from './files.ts';
import { sysctlFindings, sysctlRemarks } from './findings.ts';
import { interfaceLines, interfacesAtBoot, notInForce } from './interfaces.ts';
import { perInterface } from './per-interface.ts';
import { type Setting, saveLines, setInterfaces, setInterfacesBack, setLive } from './scripts.ts';

const Name = z.string().regex(/^[A-Za-z0-9_-]+([./][A-Za-z0-9_@-]+)+$/, {
  error:
    'a kernel parameter is written like kernel.kptr_restrict or net/ipv4/conf/eth0.100/rp_filter, without patterns',
});
const Value = z
  .union([
    z.string().regex(/^[^\n\0]*\S[^\n\0]*$/, { error: 'a value is one line of text that is not empty' }),
    z.number(),
  ])
  .transform((value) => sysctlValue(String(value)));

const Sysctl = z
  .strictObject({
    name: Name.optional().describe('The parameter: `kernel.kptr_restrict`.'),
    value: Value.optional().describe('Its value; lists of numbers are separated by spaces.'),
    settings: z.record(Name, Value).optional().describe('Many parameters at once: name and value of each.'),
    file: z
      .string()
      .regex(/^\/etc\/sysctl\.d\/[A-Za-z0-9_@.-]+\.conf$/, {
        error: 'systemd reads /etc/sysctl.d/NAME.conf at boot, and not /etc/sysctl.conf itself',
      })
      .default('/etc/sysctl.d/99-zz-harden.conf')
      .describe(
        'Where the value is kept for the next boot. Only the line of the parameter is touched. The default is read last, after the `99-` files that Debian brings.',
      ),
    reload: z.boolean().default(true).describe('Set the value now as well. Without it, it comes with the next boot.'),
    state: z
      .enum(['present', 'absent'])
      .default('present')
      .describe('`absent` takes the line out of `file`; the running kernel keeps its value until the next boot.'),
    ignoreerrors: z
      .boolean()
      .default(false)
      .describe('Leave out what this kernel does not have, or does not let anyone set; it is saved all the same.'),
  })
  .refine((p) => (p.name === undefined) !== (p.settings === undefined), {
    error: 'write either name and value, or settings',
  })
  .refine((p) => p.settings === undefined || (p.value === undefined && Object.keys(p.settings).length > 0), {
    error: 'settings holds names with their values, and then value stands nowhere else',
  })
  .refine((p) => p.name === undefined || (p.value === undefined) === (p.state === 'absent'), {
    error: 'a parameter has a value, unless state is absent',
  });
type Sysctl = z.infer<typeof Sysctl>;

/** By `NAME`: the value now; `NAME at boot`: the value that the files give it; `NAME in FILE`: the line that is to go. The rest serves the findings. */
type SysctlState = Readonly<Record<string, string | boolean | readonly string[]>>;

const NOT_SET = 'not set';

/** Kernel parameters, now and after the next boot. */
export const sysctlTask = defineTask<Sysctl, SysctlState>({
  type: 'sysctl',
  summary: 'Kernel parameters, now and after the next boot.',
  notes:
    'Reads the running kernel (`/proc/sys`) and what systemd-sysctl will set at boot: of all files in sysctl.d the last by name wins, so a later file that sets another value is refused with its line. For `net.ipv4.conf.all.…` and `net.ipv6.conf.all.…` each interface has a value of its own, and the kernel takes the greater, one of the two, both, or the interface’s alone: what it does on each interface is read, set and, with a line for `default` and one for `*`, kept for the next boot; an interface that has a line of its own in the same file or a later one is left. Where the right value is already given at boot by another file, no second line is written. `net.ipv4.ip_forward = 0` is refused where Docker is installed: it closes published ports, and dockerd sets it to 1 again.',
  params: Sysctl,
  examples: [
    { name: 'kernel.kptr_restrict', value: '2' },
    {
      settings: {
        'kernel.dmesg_restrict': 1,
        'net.ipv4.conf.all.accept_redirects': 0,
        'net.ipv4.conf.default.accept_redirects': 0,
      },
    },
    { name: 'net.ipv4.tcp_rmem', value: '4096 131072 6291456', file: '/etc/sysctl.d/60-tcp.conf' },
    { name: 'vm.swappiness', state: 'absent' },
  ],
  id: (p) => names(p).join(' '),
  probe: (p) =>
    readSysctl(
      names(p).map(sysctlPath),
      p.state === 'absent' ? [] : names(p).flatMap((name) => perInterface(name) ?? []),
    ),

  read(output, p) {
    const answer = parseSysctl(output);
    return {
      ...Object.assign({}, ...names(p).map((name) => readKey(name, p, answer))),
      ...Object.assign({}, ...(p.state === 'absent' ? [] : settings(p)).map((one) => readInterfaces(one, p, answer))),
      ...sysctlRemarks(p.file, settings(p), answer),
    };
  },

  want(p, _facts, before) {
    if (p.state === 'absent') return Object.fromEntries(names(p).map((name) => [inFile(name, p), NOT_SET]));
    const leftOut = p.ignoreerrors ? [before?.missing, before?.locked].flat() : [];
    const live = p.reload ? settings(p).filter(([name]) => !leftOut.includes(name)) : [];
    const known = (key: string): boolean => before !== null && key in before;
    const onEach = live.filter(([name]) => known(onInterfaces(name))).map(([name]) => [onInterfaces(name), []]);
    const later = settings(p)
      .filter(([name]) => known(atBootOnInterfaces(name)))
      .map(([name, value]) => [atBootOnInterfaces(name), value]);
    return Object.fromEntries([
      ...live,
      ...onEach,
      ...settings(p).map(([name, value]) => [atBoot(name), value]),
      ...later,
    ]);
  },

  apply(change, p) {
    const values = new Map(p.state === 'present' ? settings(p) : []);
    const live = settings(p).filter(([name]) => change.keys.includes(name));
    const saved = names(p).filter(
      (name) => change.keys.includes(atBoot(name)) || change.keys.includes(inFile(name, p)),
    );
    const onEach = settings(p).filter(([name]) => change.keys.includes(onInterfaces(name)));
    const lines: [string, string | undefined][] = [
      ...saved.map((name): [string, string | undefined] => [name, values.get(name)]),
      ...settings(p)
        .filter(([name]) => change.keys.includes(atBootOnInterfaces(name)))
        .flatMap(([name, value]) => interfaceLines(name, value))
        .filter(([name]) => !names(p).map(sysctlPath).includes(sysctlPath(name)))
        .map(([name, value]): [string, string | undefined] => [name, value]),
      ...(p.state === 'absent'
        ? saved
            .flatMap((name) => interfaceLines(name, '').slice(1))
            .map(([name]): [string, undefined] => [name, undefined])
        : []),
    ];
    return (
      setLive(live) +
      onEach.map(([name, value]) => setInterfaces(name, value, list(change.before?.[onInterfaces(name)]))).join('') +
      (lines.length === 0 ? '' : saveLines(p.file, lines))
    );
  },

  needs: (p) =>
    p.state === 'absent' || !p.reload || p.ignoreerrors
      ? []
      : [...new Set(names(p).flatMap((name) => moduleSign(sysctlPath(name)) ?? []))].map(
          (sign) => `path:${sign}` as const,
        ),
  provides: (p) => (p.state === 'present' ? [`path:${p.file}`] : []),
  risk: (p, change) =>
    names(p).some(
      (name) =>
        (change.keys.includes(name) || change.keys.includes(onInterfaces(name))) && reachesTheNetwork(sysctlPath(name)),
    )
      ? 'access'
      : undefined,
  findings: (_change, p, context) =>
    p.state === 'absent'
      ? []
      : sysctlFindings(p, settings(p), {
          ...context.before,
          docker: context.before?.docker === true || dockerComes(context),
        }),
  keeps: (p, change) => (change.keys.some((key) => / (in \/|at boot)/.test(key)) ? [p.file] : []),

  undo(change, p) {
    const before: SysctlState = change.before ?? {};
    const live = settings(p)
      .filter(([name, value]) => change.keys.includes(name) && name in before && !isOneWay(sysctlPath(name), value))
      .map(([name]): Setting => [name, String(before[name])]);
    const back = names(p)
      .filter((name) => change.keys.includes(onInterfaces(name)))
      .map((name) => setInterfacesBack(name, list(before[onInterfaces(name)])))
      .join('');
    return live.length === 0 && back === '' ? undefined : setLive(live) + back;
  },

  irreversible(p, change) {
    const lasting = settings(p).filter(
      ([name, value]) => change.keys.includes(name) && isOneWay(sysctlPath(name), value),
    );
    if (lasting.length === 0) return undefined;
    return `${lasting.map(([name, value]) => `${name} = ${value}`).join(', ')} stays until the next boot, whatever is written afterwards`;
  },
});

function names(p: Sysctl): string[] {
  return p.name === undefined ? Object.keys(p.settings ?? {}) : [p.name];
}

function settings(p: Sysctl): Setting[] {
  return p.name === undefined ? Object.entries(p.settings ?? {}) : [[p.name, p.value ?? '']];
}

function atBoot(name: string): string {
  return `${name} at boot`;
}

/** The interfaces where the kernel does something else, each with what it does. */
function onInterfaces(name: string): string {
  return `${name} is not in force on`;
}

function atBootOnInterfaces(name: string): string {
  return `${name} at boot, on interfaces`;
}

function list(value: string | boolean | readonly string[] | undefined): readonly string[] {
  return Array.isArray(value) ? value : [];
}

function readInterfaces(setting: Setting, p: Sysctl, answer: SysctlAnswer): SysctlState {
  const [name] = setting;
  const parts = perInterface(name);
  const prefix = `${parts?.folder ?? '-'}/`;
  const seen = [...answer.live.keys()].some(
    (path) => path.startsWith(prefix) && path.endsWith(`/${parts?.key}`) && path !== sysctlPath(name),
  );
  if (!seen) return {};
  const others = names(p).filter((other) => other !== name);
  return {
    [onInterfaces(name)]: notInForce(setting, p.file, answer, others),
    [atBootOnInterfaces(name)]: interfacesAtBoot(setting, p.file, answer, others, NOT_SET),
  };
}

function inFile(name: string, p: Sysctl): string {
  return `${name} in ${p.file}`;
}

function readKey(name: string, p: Sysctl, answer: SysctlAnswer): SysctlState {
  const path = sysctlPath(name);
  if (p.state === 'absent') {
    return {
      [inFile(name, p)]:
        answer.assignments.findLast((one) => one.file === p.file && one.path === path)?.value ?? NOT_SET,
    };
  }
  const live = answer.live.get(path);
  return {
    ...(live === undefined ? {} : { [name]: live.value }),
    [atBoot(name)]: decides(answer.assignments, path)?.value ?? NOT_SET,
  };
}
