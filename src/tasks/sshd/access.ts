import type { SshdSetting } from './options.ts';

/** Who may come in by which way, as far as options of sshd decide it; undefined: nothing is said. Values are in lower case where sshd ignores case. */
export interface SshdEffect {
  readonly permitRootLogin?: string | undefined;
  readonly passwordAuthentication?: string | undefined;
  readonly kbdInteractiveAuthentication?: string | undefined;
  readonly pubkeyAuthentication?: string | undefined;
  readonly usePAM?: string | undefined;
  readonly maxAuthTries?: number | undefined;
  readonly addressFamily?: string | undefined;
  /** Each item is a list of methods that must all succeed. */
  readonly authenticationMethods?: readonly string[] | undefined;
  readonly allowUsers?: readonly string[] | undefined;
  readonly denyUsers?: readonly string[] | undefined;
  readonly allowGroups?: readonly string[] | undefined;
  readonly denyGroups?: readonly string[] | undefined;
  readonly ports?: readonly number[] | undefined;
  readonly listenAddresses?: readonly string[] | undefined;
}

/** The keywords that an SshdEffect is made of. */
export const ACCESS_KEYWORDS: readonly string[] = `permitrootlogin passwordauthentication kbdinteractiveauthentication
pubkeyauthentication usepam maxauthtries addressfamily authenticationmethods allowusers denyusers allowgroups denygroups port
listenaddress`.split(/\s+/);

/** One who wants to log in. */
export interface Visitor {
  readonly user: string;
  /** Undefined: not known, and then no group rule counts for or against. */
  readonly groups?: readonly string[] | undefined;
}

/** What `sshd -T` prints, or options say, as an effect on access. */
export function effectOf(values: ReadonlyMap<string, readonly string[]>): SshdEffect {
  const one = (keyword: string) => values.get(keyword)?.[0]?.toLowerCase();
  const words = (keyword: string) => values.get(keyword)?.flatMap((value) => value.split(/\s+/).filter(Boolean));
  const tries = one('maxauthtries');
  const root = one('permitrootlogin');
  return {
    permitRootLogin: root === 'without-password' ? 'prohibit-password' : root,
    passwordAuthentication: one('passwordauthentication'),
    kbdInteractiveAuthentication: one('kbdinteractiveauthentication'),
    pubkeyAuthentication: one('pubkeyauthentication'),
    usePAM: one('usepam'),
    maxAuthTries: tries === undefined ? undefined : Number(tries),
    addressFamily: one('addressfamily'),
    authenticationMethods: words('authenticationmethods'),
    allowUsers: words('allowusers'),
    denyUsers: words('denyusers'),
    allowGroups: words('allowgroups'),
    denyGroups: words('denygroups'),
    ports: words('port')?.map(Number),
    listenAddresses: words('listenaddress'),
  };
}

/** What the options themselves say about access, without what else the host has. */
export function effectOfOptions(options: readonly SshdSetting[]): SshdEffect {
  return effectOf(new Map(options.map(({ keyword, values }) => [keyword, values])));
}

/** Why sshd would turn this user away by name, group or root rule; undefined: nothing here does. */
export function whyTurnedAway(effect: SshdEffect, visitor: Visitor): string | undefined {
  const { user, groups } = visitor;
  if (user === 'root' && effect.permitRootLogin === 'no') return 'PermitRootLogin no';
  if (user === 'root' && effect.permitRootLogin === 'forced-commands-only')
    return 'PermitRootLogin forced-commands-only';
  if (effect.denyUsers?.some((pattern) => matchesUser(pattern, visitor)))
    return `DenyUsers ${effect.denyUsers.join(' ')}`;
  if (effect.allowUsers && !effect.allowUsers.some((pattern) => matchesUser(pattern, visitor)))
    return `AllowUsers ${effect.allowUsers.join(' ')}`;
  if (groups === undefined) return undefined;
  if (effect.denyGroups && matchesGroups(effect.denyGroups, groups)) return `DenyGroups ${effect.denyGroups.join(' ')}`;
  if (effect.allowGroups && !matchesGroups(effect.allowGroups, groups))
    return `AllowGroups ${effect.allowGroups.join(' ')}`;
  return undefined;
}

/** True when no way to prove who one is remains. */
export function closesEveryMethod(effect: SshdEffect): boolean {
  const { pubkeyAuthentication, passwordAuthentication, kbdInteractiveAuthentication } = effect;
  return pubkeyAuthentication === 'no' && passwordAuthentication === 'no' && kbdInteractiveAuthentication === 'no';
}

/** The `AuthenticationMethods` that nobody can satisfy, because every list of them names a method that is switched off; undefined: one can be. */
export function unsatisfiable({ authenticationMethods, ...effect }: SshdEffect): string | undefined {
  if (!authenticationMethods || authenticationMethods.some((list) => list === 'any')) return undefined;
  const off = new Set<string>();
  if (effect.pubkeyAuthentication === 'no') off.add('publickey');
  if (effect.passwordAuthentication === 'no') off.add('password');
  if (effect.kbdInteractiveAuthentication === 'no') off.add('keyboard-interactive');
  const open = authenticationMethods.some((list) => list.split(',').every((method) => !off.has(method.split(':')[0]!)));
  return open ? undefined : authenticationMethods.join(' ');
}

/** True when some listening address takes connections to `address`; names count as covering it, since they cannot be judged here. */
export function listensOn(effect: SshdEffect, address: string): boolean {
  const v6 = address.includes(':');
  if (effect.addressFamily === 'inet' && v6) return false;
  if (effect.addressFamily === 'inet6' && !v6) return false;
  if (!effect.listenAddresses) return true;
  return effect.listenAddresses.map(hostOf).some((host) => {
    if (host === address) return true;
    if (host === '0.0.0.0') return !v6;
    if (host === '::') return v6;
    return !/^[\d.]+$/.test(host) && !host.includes(':');
  });
}

function hostOf(listen: string): string {
  const bracketed = /^\[([^\]]*)\]/.exec(listen);
  if (bracketed) return bracketed[1]!;
  return /^[^:]*:\d+$/.test(listen) ? listen.slice(0, listen.indexOf(':')) : listen;
}

/** A user pattern may have a host part (`admin@10.0.0.0/8`): what that says of an address is not judged, so it counts as matching. */
function matchesUser(pattern: string, { user }: Visitor): boolean {
  const at = pattern.lastIndexOf('@');
  return matchesPattern(at > 0 ? pattern.slice(0, at) : pattern, user);
}

function matchesGroups(patterns: readonly string[], groups: readonly string[]): boolean {
  return groups.some((group) => patterns.some((pattern) => matchesPattern(pattern, group)));
}

function matchesPattern(pattern: string, text: string): boolean {
  const escaped = pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${escaped}$`).test(text);
}
