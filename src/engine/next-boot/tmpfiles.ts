import { bearsOnWay } from './way-paths.ts';

/** What the service manager of the whole system makes of them; of others nobody knows without asking it. */
const SPECIFIERS: Readonly<Record<string, string>> = {
  t: '/run',
  T: '/tmp',
  V: '/var/tmp',
  S: '/var/lib',
  C: '/var/cache',
  L: '/var/log',
  h: '/root',
};

/** What new lines of tmpfiles.d do to the way in at each boot. Only what makes an own new thing aside of it is let be. */
export function tmpfilesFailures(lines: readonly string[], home: string): readonly string[] {
  return lines.flatMap((line) => {
    const [type = '', path = ''] = line.match(/"[^"]*"|\S+/g) ?? [];
    const place = path
      .replaceAll('"', '')
      .replaceAll(/%([a-zA-Z%])/g, (all, letter: string) => SPECIFIERS[letter] ?? all);
    // devices and kernel settings are set anew at each boot anyhow
    if (/^\/(dev|proc|sys)\//.test(place)) return [];
    return place.includes('%') || bearsOnWay(place, home)
      ? [`tmpfiles.d would act on ${place} at the boot ("${type} ${path}")`]
      : [];
  });
}
