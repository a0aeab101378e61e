import { raw, type Script, sh } from '../remote/sh.ts';
import type { PlannedTask } from './plan.ts';
import type { Need } from './task.ts';

/** A script that prints, one a line, those of `needs` that hold on the host. */
export function needsProbe(needs: readonly Need[]): Script {
  const kinds = [...new Set(needs.map(kindOf))];
  return (kinds.includes('directory') ? [MAKEABLE] : [])
    .concat(
      kinds.map((kind) =>
        kindProbe(
          kind,
          needs.filter((need) => kindOf(need) === kind),
        ),
      ),
    )
    .join('\n');
}

// Prints `makeable:PATH DIRECTORY…` with what is missing, where root alone can write the nearest that is there. Never a home, and
// nothing beside /etc and /srv: such a path is mistyped more often than meant.
const MAKEABLE = sh`harden_makeable() (
  at=$1 missing=
  while [ ! -e "$at" ] && [ ! -L "$at" ]; do
    missing=" $at$missing"
    at=\${at%/*}
    [ -n "$at" ] || exit 1
  done
  case $at in /home | /home/* | /proc | /proc/* | /sys | /sys/* | /dev | /dev/*) exit 1 ;; esac
  case $1 in *[[:space:]]*) exit 1 ;; esac
  [ -d "$at" ] || exit 1
  case $(stat -L -c %u:%g:%A "$at") in 0:*:d????-??-? | 0:0:d???????-?) ;; *) exit 1 ;; esac
  printf 'makeable:%s%s\n' "$1" "$missing"
)`;

// One process for all of a kind where that tells that all hold, as on a host in sync; each asked by itself where not
function kindProbe(kind: string, needs: readonly Need[]): Script {
  const names = needs.map(nameOf);
  if (kind === 'package')
    return sh`dpkg-query -W -f='\${db:Status-Status} package:\${Package}\n' ${names} 2>/dev/null | sed -n 's/^installed //p'`;
  const one = needs.map((need) => sh`if ${raw(test(need))}; then printf '%s\n' ${need}; fi`).join('\n');
  const all = needs.length > 1 ? testAll(kind, names) : undefined;
  return all === undefined ? one : sh`if ${raw(all)}; then printf '%s\n' ${needs}; else\n${raw(one)}\nfi`;
}

function testAll(kind: string, names: readonly string[]): Script | undefined {
  switch (kind) {
    case 'user':
      return sh`getent passwd ${names} >/dev/null`;
    case 'group':
      return sh`getent group ${names} >/dev/null`;
    case 'unit':
      return sh`set -- $(systemctl show -P LoadState ${names} 2>/dev/null) && [ "$*" = ${names.map(() => 'loaded').join(' ')} ]`;
    default:
      return undefined;
  }
}

function test(need: Need): Script {
  const name = nameOf(need);
  switch (kindOf(need)) {
    case 'directory':
      return sh`[ -d ${name} ] || { harden_makeable ${name} && false; }`;
    case 'path':
      return sh`[ -e ${name} ]`;
    case 'user':
      return sh`getent passwd ${name} >/dev/null`;
    case 'group':
      return sh`getent group ${name} >/dev/null`;
    case 'unit':
      // a masked unit is there: whoever needs it running says more of it than that
      return sh`case $(systemctl show -P LoadState ${name} 2>/dev/null) in loaded | masked) ;; *) false ;; esac`;
    case 'running':
      return sh`systemctl is-active -q ${name} 2>/dev/null`;
    case 'network':
    case 'container':
      // systemd would start a docker that is stopped for whoever asks its socket
      return sh`systemctl is-active -q docker.service 2>/dev/null && docker -H unix:///run/docker.sock ${kindOf(need)} inspect ${name} >/dev/null 2>&1`;
    case 'plugin':
      return sh`find /usr/libexec/docker/cli-plugins /usr/lib/docker/cli-plugins /usr/local/lib/docker/cli-plugins /usr/local/libexec/docker/cli-plugins /root/.docker/cli-plugins -name ${name} 2>/dev/null | grep -q .`;
    default:
      return sh`command -v ${name} >/dev/null`;
  }
}

function kindOf(need: Need): string {
  return need.slice(0, need.indexOf(':'));
}

function nameOf(need: Need): string {
  return need.slice(need.indexOf(':') + 1);
}

/** How a need stands at a task's place in the plan. */
export type NeedStanding =
  | { readonly kind: 'holds' }
  /** These directories are missing, and the task makes them. */
  | { readonly kind: 'makeable'; readonly makes: readonly string[] }
  /** An earlier task brings exactly this: the plan can go on as if it were there. */
  | { readonly kind: 'provided' }
  /** A package that an earlier task installs may bring it, or it tells only once an earlier task has started it: what is there then is not known yet. */
  | { readonly kind: 'maybe'; readonly by: string }
  | { readonly kind: 'missing' };

/** Judges a need by what the host holds and what earlier tasks of the plan will have done. */
export function standing(need: Need, held: ReadonlySet<string>, earlier: readonly PlannedTask[]): NeedStanding {
  if (held.has(need)) return { kind: 'holds' };
  const changing = earlier.filter(({ action }) => action !== 'none' && action !== 'skip' && action !== 'delete');
  const provider = changing.find((entry) => brings(entry, need));
  if (provider && !/^(?:package|running):/.test(need)) return { kind: 'provided' };
  if (provider) return { kind: 'maybe', by: provider.task.name };
  const makes = makeable(need, held)?.filter((path) => !changing.some((entry) => brings(entry, `path:${path}`)));
  const installers = changing.filter(({ task }) =>
    (task.type.provides?.(task.params) ?? []).some((provided) => provided.startsWith('package:')),
  );
  const named = installers.findLast(({ task }) =>
    (task.type.provides?.(task.params) ?? []).some((provided) => isNamedAfter(nameOf(need), nameOf(provided))),
  );
  if (named) return { kind: 'maybe', by: named.task.name };
  if (makes) return { kind: 'makeable', makes };
  const installer = need.startsWith('directory:') ? undefined : installers.at(-1);
  return installer ? { kind: 'maybe', by: installer.task.name } : { kind: 'missing' };
}

/** What of a directory is missing, where the host said that it can be made. */
export function makeable(need: Need, held: ReadonlySet<string>): readonly string[] | undefined {
  if (!need.startsWith('directory:')) return undefined;
  const line = [...held].find((answer) => answer.startsWith(`makeable:${nameOf(need)} `));
  return line?.split(' ').slice(1);
}

function brings({ task }: PlannedTask, need: Need): boolean {
  return (task.type.provides?.(task.params) ?? []).some((provided) => covers(provided, need));
}

// words that stand in the names of many packages and paths
const GENERIC =
  /^(?:\d.*|etc|usr|var|lib|opt|srv|share|local|default|system|systemd|conf|config|client|server|common|tools|utils|daemon|data|core|base|plugin|bin|sbin|dev|doc|full|all|run|log|cache|service|socket|timer|the)$/;

/** True where a path or a command is called as a package is: `/etc/audit` and auditd, `/etc/docker` and docker.io. */
function isNamedAfter(name: string, packageName: string): boolean {
  const words = (text: string): string[] =>
    text.split(/[^A-Za-z0-9]+|(?<=[a-z])(?=\d)/).filter((word) => word.length > 2 && !GENERIC.test(word));
  const given = words(name);
  return words(packageName).some((word) => given.some((other) => other.includes(word) || word.includes(other)));
}

/** A directory that exists has parents that exist. */
function covers(provided: Need, need: Need): boolean {
  return (
    provided === need ||
    (provided.startsWith('path:') &&
      /^(?:path|directory):/.test(need) &&
      `${nameOf(provided as Need)}/`.startsWith(`${nameOf(need)}/`))
  );
}

const WORDS: Record<string, string> = {
  path: 'the path',
  directory: 'the directory',
  user: 'the user',
  group: 'the group',
  package: 'the package',
  unit: 'the systemd unit',
  running: 'the running unit',
  network: "Docker's network",
  container: 'the container',
  plugin: "the docker command's plugin",
  command: 'the command',
};

/** `command:ufw` as a person says it: "the command ufw". */
export function describeNeed(need: Need): string {
  const at = need.indexOf(':');
  return `${WORDS[need.slice(0, at)] ?? need.slice(0, at)} ${need.slice(at + 1)}`;
}
