import { sysctlPath } from '../support/sysctl-key.ts';
import { type Assignment, decides, fileName, type SysctlAnswer } from './files.ts';
import { perInterface } from './per-interface.ts';
import type { Setting } from './scripts.ts';

/** The lines that give every interface the value at boot: a pattern, and `default` by its name, for a plain line beats every pattern. */
export function interfaceLines(name: string, value: string): readonly Setting[] {
  const parts = perInterface(name);
  if (parts === undefined) return [];
  const of = (device: string): string => `${parts.folder.replaceAll('/', '.')}.${device}.${parts.key}`;
  return [
    [of('default'), value],
    [of('*'), value],
  ];
}

/** What the kernel does on each interface where that is not what is wanted, as `eth0: 2`; the device `default` is what new ones begin with. */
export function notInForce(
  [name, value]: Setting,
  file: string,
  answer: SysctlAnswer,
  named: readonly string[],
): string[] {
  return devices(name, file, answer, named).flatMap(([device, path]) => {
    const live = answer.live.get(path)?.value ?? '';
    return suffices(name, value, live) ? [] : [`${device}: ${live}`];
  });
}

/** What the files give the interfaces at boot: the value, or the first other one. */
export function interfacesAtBoot(
  [name, value]: Setting,
  file: string,
  answer: SysctlAnswer,
  named: readonly string[],
  notSet: string,
): string {
  for (const [, path] of devices(name, file, answer, named)) {
    const line = decides(answer.assignments, path)?.value;
    if (line === undefined ? !suffices(name, value, undefined) : !suffices(name, value, line)) return line ?? notSet;
  }
  return value;
}

/** The line of a later file that decides over an interface; undefined where none stands in the way. */
export function laterLine(
  [name, value]: Setting,
  file: string,
  answer: SysctlAnswer,
  named: readonly string[],
): Assignment | undefined {
  const after = answer.assignments.filter((one) => fileName(one.file) > fileName(file));
  for (const [, path] of devices(name, file, answer, named)) {
    const line = decides(after, path);
    if (line?.value !== undefined && !suffices(name, value, line.value)) return line;
  }
  return undefined;
}

/** The interfaces that the setting is to hold for: all but those that the task names, or that have a plain line of their own beside ours or behind it. */
function devices(
  name: string,
  file: string,
  { live, assignments }: SysctlAnswer,
  named: readonly string[],
): readonly (readonly [device: string, path: string])[] {
  const parts = perInterface(name);
  if (parts === undefined) return [];
  const own = new Set([
    ...named.map(sysctlPath),
    ...assignments
      .filter((one) => fileName(one.file) >= fileName(file) && one.value !== undefined)
      .map(({ path }) => path),
  ]);
  return [...live.keys()].flatMap((path) => {
    const device =
      path.startsWith(`${parts.folder}/`) && path.endsWith(`/${parts.key}`)
        ? path.slice(parts.folder.length + 1, -parts.key.length - 1)
        : '';
    const isOurs = device === 'default' && assignments.some((one) => one.path === path && one.file === file);
    return device === '' ||
      device === 'all' ||
      device.includes('/') ||
      (own.has(path) && !isOurs) ||
      named.map(sysctlPath).includes(path)
      ? []
      : [[device, path] as const];
  });
}

/** Whether the kernel does what is wanted where `all` has the value and the interface this one; undefined: nobody knows it. */
function suffices(name: string, value: string, own: string | undefined): boolean {
  if (own === value) return true;
  const parts = perInterface(name);
  if (parts === undefined) return true;
  switch (parts.folder === 'net/ipv4/conf' ? COMBINED[parts.key] : COMBINED6[parts.key]) {
    case 'or':
      return value !== '0';
    case 'and':
      return value === '0';
    case 'max':
      return own !== undefined && Number(own) <= Number(value);
    default:
      return false;
  }
}

/** How the kernel makes one of the value of `all` and the interface's, as its ip-sysctl says; for every other key the interface's own counts. */
const COMBINED: Readonly<Record<string, 'or' | 'and' | 'max'>> = {
  rp_filter: 'max',
  arp_announce: 'max',
  arp_ignore: 'max',
  log_martians: 'or',
  send_redirects: 'or',
  secure_redirects: 'or',
  shared_media: 'or',
  proxy_arp: 'or',
  arp_filter: 'or',
  accept_local: 'or',
  route_localnet: 'or',
  src_valid_mark: 'or',
  promote_secondaries: 'or',
  accept_source_route: 'and',
  mc_forwarding: 'and',
  bootp_relay: 'and',
};
const COMBINED6: Readonly<Record<string, 'or' | 'and' | 'max'>> = { accept_source_route: 'and', proxy_ndp: 'or' };
