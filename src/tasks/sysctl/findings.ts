import type { Finding } from '../../engine/task.ts';
import { refusal, warning } from '../support/finding.ts';
import { moduleSign, sysctlPath } from '../support/sysctl-key.ts';
import { type Assignment, decides, fileName, type SysctlAnswer } from './files.ts';
import { laterLine, notInForce } from './interfaces.ts';
import { perInterface } from './per-interface.ts';
import type { Setting } from './scripts.ts';

type Facts = Readonly<Record<string, string | boolean | readonly string[]>>;

/** What the findings need of an answer, as state: names that this kernel does not have (`missing`) or does not let us set (`locked`), and lines that beat ours (`later`, `ufw`). */
export function sysctlRemarks(file: string, wanted: readonly Setting[], answer: SysctlAnswer): Facts {
  const after = answer.assignments.filter((one) => fileName(one.file) > fileName(file));
  const beats = (lines: readonly Assignment[], [name, value]: Setting): string[] => {
    const line = decides(
      lines.filter(({ path }) => path === sysctlPath(name)),
      sysctlPath(name),
    );
    return line?.value === undefined || line.value === value
      ? []
      : [`${line.file}:${line.line} sets ${name} = ${line.value}`];
  };
  const liveOf = ([name]: Setting) => answer.live.get(sysctlPath(name));
  return {
    missing: wanted.filter((one) => liveOf(one) === undefined).map(([name]) => name),
    locked: wanted
      .filter(
        (one) =>
          (liveOf(one)?.writable === false && liveOf(one)?.value !== one[1]) || lockedOnSome(file, one, wanted, answer),
      )
      .map(([name]) => name),
    later: wanted.flatMap((one) => [...beats(after, one), ...onInterfaces(file, one, wanted, answer)]),
    ufw: wanted.flatMap((one) => beats(answer.ufw, one)),
    docker: answer.docker,
  };
}

function lockedOnSome(file: string, one: Setting, wanted: readonly Setting[], answer: SysctlAnswer): boolean {
  const parts = perInterface(one[0]);
  if (parts === undefined) return false;
  const others = wanted.filter((other) => other !== one).map(([name]) => name);
  return notInForce(one, file, answer, others).some(
    (text) =>
      answer.live.get(`${parts.folder}/${text.slice(0, text.lastIndexOf(': '))}/${parts.key}`)?.writable === false,
  );
}

function onInterfaces(file: string, one: Setting, wanted: readonly Setting[], answer: SysctlAnswer): string[] {
  const others = wanted.filter((other) => other !== one).map(([name]) => name);
  const line = laterLine(one, file, answer, others);
  return line === undefined ? [] : [`${line.file}:${line.line} sets ${line.path.replaceAll('/', '.')} = ${line.value}`];
}

/** What follows from the remarks. */
export function sysctlFindings(
  p: { readonly file: string; readonly reload: boolean; readonly ignoreerrors: boolean },
  wanted: readonly Setting[],
  before: Facts,
): Finding[] {
  const list = (key: string): readonly string[] =>
    Array.isArray(before[key]) ? (before[key] as readonly string[]) : [];
  const required = p.reload && !p.ignoreerrors;
  return [
    ...list('missing')
      .filter((name) => required && moduleSign(sysctlPath(name)) === undefined)
      .map(missing),
    ...list('locked')
      .filter(() => required)
      .map(locked),
    ...list('later').map((line) =>
      refusal(
        `${line}, and is read after ${p.file}, so this value would be gone after the next boot`,
        'Take that line out with a lineinfile task, or give this task a `file` whose name sorts after it',
        [`path:${line.slice(0, line.indexOf(':'))}`],
      ),
    ),
    ...list('ufw').map((line) =>
      warning(
        `${line}, which ufw applies whenever it starts or reloads`,
        'Set it there too with a lineinfile task, or empty IPT_SYSCTL in /etc/default/ufw',
      ),
    ),
    ...(before.docker === true ? wanted.flatMap(withDocker) : []),
  ];
}

function missing(name: string): Finding {
  const ipv6 = sysctlPath(name).startsWith('net/ipv6/');
  return refusal(
    `this kernel has no parameter ${name}`,
    ipv6
      ? 'IPv6 is off on this host: leave the parameter out, or set ignoreerrors: true'
      : 'Correct the name, load the module that brings it, or set ignoreerrors: true where it may be missing',
  );
}

function locked(name: string): Finding {
  return refusal(
    `${name} cannot be set on this host: the kernel shows it read-only, as in a container`,
    'Set it on the machine that the container runs on, or set ignoreerrors: true',
  );
}

function withDocker([name, value]: Setting): Finding[] {
  if (value !== '0') return [];
  switch (sysctlPath(name)) {
    case 'net/ipv4/ip_forward':
    case 'net/ipv4/conf/all/forwarding':
      return [
        refusal(
          `${name} = 0 closes every published port of Docker, and dockerd sets it to 1 again whenever it starts`,
          'Leave it out on Docker hosts',
        ),
      ];
    case 'net/ipv6/conf/all/forwarding':
      return [warning(`${name} = 0 cuts containers off IPv6 where Docker has it on`)];
    case 'net/bridge/bridge-nf-call-iptables':
    case 'net/bridge/bridge-nf-call-ip6tables':
      return [warning(`${name} = 0 takes traffic between containers past the firewall: icc: false has no effect then`)];
    case 'user/max_user_namespaces':
    case 'kernel/unprivileged_userns_clone':
      return [warning(`${name} = 0 breaks rootless containers${name.startsWith('user') ? ' and userns-remap' : ''}`)];
    default:
      return [];
  }
}
