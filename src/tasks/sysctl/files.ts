import { raw, type Script, sh } from '../../remote/sh.ts';
import { sysctlPath, sysctlValue } from '../support/sysctl-key.ts';
import type { PerInterface } from './per-interface.ts';

/** One assignment in a file; `value` is undefined where a line only takes a parameter out of a pattern (`-net.ipv4.conf.all.rp_filter`). */
export interface Assignment {
  readonly file: string;
  readonly line: number;
  /** As a path under /proc/sys; may be a pattern. */
  readonly path: string;
  readonly value: string | undefined;
}

/** What the kernel says of a parameter. */
export interface LiveKey {
  readonly value: string;
  /** False where /proc/sys cannot be written, as in a container. */
  readonly writable: boolean;
}

/** What the probe found. */
export interface SysctlAnswer {
  /** By path; parameters that this kernel does not have are missing. */
  readonly live: ReadonlyMap<string, LiveKey>;
  /** What systemd-sysctl reads at boot, in its order: the last assignment of a parameter wins. */
  readonly assignments: readonly Assignment[];
  /** What ufw sets whenever it starts; empty without ufw. */
  readonly ufw: readonly Assignment[];
  /** True where dockerd is installed. */
  readonly docker: boolean;
}

/** Script that prints what `parseSysctl` reads, with two processes. */
export function readSysctl(paths: readonly string[], folders: readonly PerInterface[] = []): Script {
  const everyInterface = folders.map(({ folder, key }) => ` /proc/sys/${folder}/*/${key}`).join('');
  // one read of each file: the shell's own `read` asks byte by byte, and then the kernel gives the first digit alone
  return sh`set --
for key in ${paths}; do
  file=/proc/sys/$key
  [ -e "$file" ] || continue
  set -- "$@" "$file"
  if [ -w "$file" ]; then printf 'writable\t%s\n' "$file"; else printf 'locked\t%s\n' "$file"; fi
done
for file in${raw(everyInterface)}; do
  case $file in */all/*) continue ;; esac
  [ -e "$file" ] || continue
  set -- "$@" "$file"
  if [ -w "$file" ]; then printf 'writable\t%s\n' "$file"; else printf 'locked\t%s\n' "$file"; fi
done
[ "$#" -eq 0 ] || grep -aHm1 '' "$@" 2>/dev/null
if [ -e /usr/bin/dockerd ] || [ -e /usr/sbin/dockerd ]; then echo docker; fi
set --
for dir in /etc /run /usr/local/lib /usr/lib /lib; do
  for file in "$dir"/sysctl.d/*.conf; do
    [ -e "$file" ] || continue
    printf 'file\t%s\n' "$file"
    [ ! -f "$file" ] || set -- "$@" "$file"
  done
done
for file in /etc/default/ufw /etc/ufw/sysctl.conf; do [ ! -f "$file" ] || set -- "$@" "$file"; done
[ "$#" -eq 0 ] || awk '!/^[ \t]*([#;]|$)/ { print "line\t" FILENAME "\t" FNR "\t" $0 }' "$@"`;
}

/** What `readSysctl` printed. */
export function parseSysctl(output: string): SysctlAnswer {
  const texts = output.split('\n');
  const rows = texts.map((row) => row.split('\t'));
  const of = (kind: string): string[][] => rows.filter(([first]) => first === kind).map((row) => row.slice(1));
  const files = [...readFiles(of('file').map(([file = '']) => file))];
  const lines = of('line').map(([file = '', line = '', ...text]) => ({
    file,
    line: Number(line),
    text: text.join('\t'),
  }));
  const inFile = (file: string): Assignment[] => lines.filter((line) => line.file === file).flatMap(assignment);
  const ufwReads = lines.some(
    ({ file, text }) => file === UFW_DEFAULTS && /^\s*IPT_SYSCTL=["']?\/etc\/ufw\/sysctl\.conf["']?\s*$/.test(text),
  );
  const writable = new Set(of('writable').flat());
  const liveKey = (file: string): LiveKey => {
    const value = texts.find((text) => text.startsWith(`${file}:`))?.slice(file.length + 1);
    return { value: sysctlValue(value ?? ''), writable: writable.has(file) };
  };
  return {
    live: new Map(
      [...of('writable'), ...of('locked')].map(([file = '']) => [file.slice('/proc/sys/'.length), liveKey(file)]),
    ),
    assignments: files.flatMap(inFile),
    ufw: ufwReads ? inFile('/etc/ufw/sysctl.conf') : [],
    docker: rows.some(([first]) => first === 'docker'),
  };
}

const UFW_DEFAULTS = '/etc/default/ufw';

/** The assignment that decides over a parameter; a plain one beats every pattern, else the last one wins. */
export function decides(assignments: readonly Assignment[], path: string): Assignment | undefined {
  return (
    assignments.findLast((one) => one.path === path) ??
    assignments.findLast((one) => isPattern(one.path) && matches(one.path, path))
  );
}

/** The order in which systemd reads files: by name alone, whatever their directory. */
export function fileName(file: string): string {
  return file.slice(file.lastIndexOf('/') + 1);
}

// of files with one name the first directory's counts, and it hides the others even when it is empty or a link to /dev/null
function readFiles(files: readonly string[]): readonly string[] {
  const byName = new Map<string, string>();
  for (const file of files) if (!byName.has(fileName(file))) byName.set(fileName(file), file);
  return [...byName].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, file]) => file);
}

function assignment({ file, line, text }: { file: string; line: number; text: string }): Assignment[] {
  const match = /^\s*(-?)\s*([^\s=][^=]*?)\s*(?:=(.*))?$/.exec(text);
  if (match === null || (match[3] === undefined && match[1] === '')) return [];
  return [
    { file, line, path: sysctlPath(match[2] ?? ''), value: match[3] === undefined ? undefined : sysctlValue(match[3]) },
  ];
}

function isPattern(path: string): boolean {
  return /[*?[]/.test(path);
}

function matches(pattern: string, path: string): boolean {
  const source = pattern.replaceAll(
    /\[!|[.+^${}()|\\*?]/g,
    (c) => ({ '*': '[^/]*', '?': '[^/]', '[!': '[^' })[c] ?? `\\${c}`,
  );
  try {
    return new RegExp(`^${source}$`).test(path);
  } catch {
    return false;
  }
}
