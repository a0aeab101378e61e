import { bearsOnWay } from './way-paths.ts';

interface Entry {
  readonly source: string;
  readonly where: string;
  readonly type: string;
  readonly options: readonly string[];
}

/** Mounts that take the way in, and such as may keep the boot from its end. */
export interface FstabVerdict {
  readonly failures: readonly string[];
  readonly remarks: readonly string[];
}

/** What new or changed lines of /etc/fstab do at the boot that they do not do now. `lines`: `was …`, `now …` and `mounted …` (of /proc/self/mounts). */
export function judgeFstab(lines: readonly string[], home: string): FstabVerdict {
  const of = (kind: string): string[] =>
    lines.filter((line) => line.startsWith(`${kind} `)).map((line) => line.slice(kind.length + 1));
  const words = (line: string): string => line.trim().split(/\s+/).join(' ');
  const was = new Set(of('was').map(words));
  const mounted = new Map(entries(of('mounted')).map((entry) => [entry.where, entry]));
  const now = entries(of('now'));
  const fresh = entries(of('now').filter((line) => !was.has(words(line))));
  const gone = entries(of('was')).filter(
    (old) => old.where !== 'none' && !now.some(({ where }) => where === old.where) && isNeeded(old, home),
  );
  const failures: string[] = [];
  const remarks: string[] = [];
  for (const entry of fresh) {
    if (entry.where === 'none' || entry.where === 'swap' || entry.options.includes('noauto')) continue;
    const at = mounted.get(entry.where);
    if (at !== undefined && (at.type === entry.type || entry.type === 'auto' || entry.options.includes('bind')))
      continue;
    const what = `${entry.source} on ${entry.where}`;
    if (at !== undefined)
      failures.push(`fstab would mount ${what} as ${entry.type}, and ${at.type} is mounted there now`);
    else if (bearsOnWay(entry.where, home))
      failures.push(`fstab would mount ${what}, which is not mounted now: what lies there would be hidden`);
    else if (!entry.options.includes('nofail'))
      remarks.push(
        `fstab would mount ${what}, which is not mounted now: should that fail, the boot stops (nofail lets it go on)`,
      );
  }
  for (const { where } of gone)
    if (mounted.has(where)) failures.push(`fstab does not mount ${where} any more, which is mounted now`);
  return { failures, remarks };
}

function isNeeded({ where }: Entry, home: string): boolean {
  return bearsOnWay(where, home) || where === '/var' || where === '/home';
}

function entries(lines: readonly string[]): readonly Entry[] {
  return lines.flatMap((line) => {
    if (/^\s*(#|$)/.test(line)) return [];
    const [source = '', where = '', type = '', options = ''] = line.trim().split(/\s+/);
    return where === '' ? [] : [{ source, where: unescaped(where), type, options: options.split(',') }];
  });
}

function unescaped(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
