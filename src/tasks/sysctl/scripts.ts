import { raw, type Script, sh } from '../../remote/sh.ts';
import { transformFile } from '../support/replace-file.ts';
import { resetsOthers, sysctlPath } from '../support/sysctl-key.ts';
import { perInterface } from './per-interface.ts';

/** A parameter's name as the playbook has it, and its value. */
export type Setting = readonly [name: string, value: string];

/** Script that sets values in the running kernel; fails with the parameter that the kernel does not take. */
export function setLive(live: readonly Setting[]): Script {
  // changing a forwarding switch makes the kernel reset redirects and the like: it goes first
  const order = [...live].sort(([a], [b]) => Number(resetsOthers(sysctlPath(b))) - Number(resetsOthers(sysctlPath(a))));
  return order
    .map(([name, value]) => {
      const refused = `the kernel does not take ${name} = ${value}`;
      return sh`printf '%s\\n' ${value} >${`/proc/sys/${sysctlPath(name)}`} || { echo ${refused} >&2; exit 1; }\n`;
    })
    .join('');
}

/** Script that gives the interfaces that are named (`eth0: 2`) the value; one that is gone meanwhile needs none. */
export function setInterfaces(name: string, value: string, interfaces: readonly string[]): Script {
  return eachInterface(
    name,
    interfaces.map((text) => [text.slice(0, text.lastIndexOf(': ')), value] as const),
  );
}

/** Script that gives them back what they had. */
export function setInterfacesBack(name: string, interfaces: readonly string[]): Script {
  return eachInterface(
    name,
    interfaces.map((text) => [text.slice(0, text.lastIndexOf(': ')), text.slice(text.lastIndexOf(': ') + 2)] as const),
  );
}

function eachInterface(name: string, values: readonly (readonly [device: string, value: string])[]): Script {
  const parts = perInterface(name);
  if (parts === undefined) return '';
  return values
    .map(([device, value]) => {
      const file = `/proc/sys/${parts.folder}/${device}/${parts.key}`;
      const refused = `the kernel does not take ${name} = ${value} on ${device}`;
      return sh`[ ! -e ${file} ] || printf '%s\\n' ${value} >${file} || { echo ${refused} >&2; exit 1; }\n`;
    })
    .join('');
}

/**
 * Script that gives parameters their line in a file under /etc/sysctl.d, or takes it out where the value is undefined. A line is
 * replaced where it stands, however it was written; a repeated one goes.
 */
export function saveLines(file: string, saved: readonly Saved[]): Script {
  return sh`mkdir -p -m 0755 /etc/sysctl.d\n${raw(transformFile({ path: file, produce: editLines(saved) }))}`;
}

/** Script that prints the file `$old` with those lines. */
export function editLines(saved: readonly Saved[]): Script {
  const lines = saved.map(([name, value]) => `${sysctlPath(name)}\t${value === undefined ? '' : `${name} = ${value}`}`);
  return sh`[ "$old" != /dev/null ] || echo '# Kernel parameters, kept by harden.'
lines=${lines.join('\n')} awk ${EDIT_LINES} "$old"`;
}

type Saved = readonly [name: string, value: string | undefined];

// no name holds a `~`: it stands in while the separators change places
const EDIT_LINES = String.raw`BEGIN {
  count = split(ENVIRON["lines"], given, "\n")
  for (i = 1; i <= count; i++) { split(given[i], part, "\t"); path[i] = part[1]; line[part[1]] = part[2] }
}
{
  key = $0
  sub(/^[ \t]*-?[ \t]*/, "", key); sub(/[ \t]*=.*/, "", key)
  if (match(key, /[.\/]/) && substr(key, RSTART, 1) == ".") { gsub(/\./, "~", key); gsub(/\//, ".", key); gsub(/~/, "/", key) }
  if ($0 !~ /=/ || !(key in line)) { print; next }
  if (line[key] != "" && !(key in done)) print line[key]
  done[key] = 1
}
END { for (i = 1; i <= count; i++) if (line[path[i]] != "" && !(path[i] in done)) print line[path[i]] }`;
