import { contains, familyOf } from '../support/network.ts';

export type UfwAction = 'allow' | 'deny' | 'reject' | 'limit';

/** A rule as ufw keeps it, for both address families at once where no address says which. */
export interface UfwRule {
  readonly action: UfwAction;
  readonly log: '' | 'log' | 'log-all';
  /** `any`, `tcp`, `udp`, `esp`… */
  readonly protocol: string;
  /** `any`, `22`, `80,443`, `6000:6010`. */
  readonly toPort: string;
  /** `any`, or an address or network in its canonical spelling. */
  readonly to: string;
  readonly fromPort: string;
  readonly from: string;
  /** Application profiles; empty: none. */
  readonly toApp: string;
  readonly fromApp: string;
  readonly direction: 'in' | 'out';
  /** Interfaces; empty: all. */
  readonly interfaceIn: string;
  readonly interfaceOut: string;
  /** Speaks of forwarded packets (`ufw route`). */
  readonly route: boolean;
  readonly comment: string;
}

/** One line of user.rules or user6.rules. */
export interface UfwTuple extends UfwRule {
  readonly family: 4 | 6;
}

/** Protocols that ufw knows for IPv4 alone. */
const V4_ONLY = ['ipv6', 'igmp'];

/** The rule without action, logging and comment, as `ufw show added` writes it: what makes two rules the same place in the firewall. */
export function placeOf(rule: UfwRule): string {
  const prefix = rule.route ? 'route ' : '';
  const outward = rule.direction === 'out' && rule.interfaceOut === '' ? 'out ' : '';
  const short =
    rule.from === 'any' &&
    rule.to === 'any' &&
    rule.fromPort === 'any' &&
    rule.fromApp === '' &&
    !rule.interfaceIn &&
    !rule.interfaceOut;
  if (short && rule.toApp !== '') return `${prefix}${outward}${word(rule.toApp)}`;
  if (short && rule.toPort !== 'any')
    return `${prefix}${outward}${rule.toPort}${rule.protocol === 'any' ? '' : `/${rule.protocol}`}`;
  return prefix + fullForm(rule).map(word).join(' ');
}

/** The words after `ufw`'s action and logging that name this place; the form that takes everything. */
export function fullForm(rule: UfwRule): string[] {
  const words: string[] = [];
  if (rule.interfaceIn !== '') words.push('in', 'on', rule.interfaceIn);
  if (rule.interfaceOut !== '') words.push('out', 'on', rule.interfaceOut);
  else if (rule.direction === 'out' && rule.interfaceIn === '') words.push('out');
  words.push(
    'from',
    rule.from,
    ...portWords(rule.fromPort, rule.fromApp),
    'to',
    rule.to,
    ...portWords(rule.toPort, rule.toApp),
  );
  if (rule.protocol !== 'any' && rule.toApp === '' && rule.fromApp === '') words.push('proto', rule.protocol);
  return words;
}

/** `allow`, `limit log`. */
export function verdictOf(rule: UfwRule): string {
  return rule.log === '' ? rule.action : `${rule.action} ${rule.log}`;
}

/** The address families that a rule is written for. */
export function familiesOf(rule: UfwRule, ipv6: boolean): readonly (4 | 6)[] {
  const family = familyOf(rule.from) ?? familyOf(rule.to);
  if (family !== undefined) return [family];
  return ipv6 && !V4_ONLY.includes(rule.protocol) ? [4, 6] : [4];
}

/** A `### tuple ###` line of user.rules (4) or user6.rules (6); undefined: it is none, or one that ufw itself skips. */
export function parseTuple(line: string, family: 4 | 6): UfwTuple | undefined {
  const [text = '', hex = ''] = line.replace(/^### tuple ### */, '').split(' comment=');
  const fields = text.trim().split(/\s+/);
  if (!line.startsWith('### tuple ###') || fields.length < 6 || fields.length > 9) return undefined;
  const [what = '', protocol = '', toPort = '', to = '', fromPort = '', from = ''] = fields;
  const apps =
    fields.length >= 8 ? fields.slice(6, 8).map((app) => (app === '-' ? '' : app.replaceAll('%20', ' '))) : [];
  const where = fields.length === 7 || fields.length === 9 ? fields.at(-1)! : 'in';
  const route = what.startsWith('route:');
  const [action = '', log = ''] = what.replace(/^route:/, '').split('_');
  const [, interfaceIn = ''] = /(?:^|!)in_([^!]+)/.exec(where) ?? [];
  const [, interfaceOut = ''] = /(?:^|!)out_([^!]+)/.exec(where) ?? [];
  return {
    family,
    action: action === 'allow' || action === 'reject' || action === 'limit' ? action : 'deny',
    log: log === 'log' || log === 'log-all' ? log : '',
    protocol,
    toPort,
    to: anywhere(to),
    fromPort,
    from: anywhere(from),
    toApp: apps[0] ?? '',
    fromApp: apps[1] ?? '',
    direction: where.startsWith('out') ? 'out' : 'in',
    interfaceIn,
    interfaceOut,
    route,
    comment: Buffer.from(hex.trim(), 'hex').toString('utf8'),
  };
}

/** True when no packet that `inner` speaks of is left for it once `outer` stands before it. */
export function covers(outer: UfwRule, inner: UfwRule): boolean {
  return (
    outer.route === inner.route &&
    outer.direction === inner.direction &&
    (outer.protocol === 'any' || outer.protocol === inner.protocol) &&
    coversPorts(outer.toPort, inner.toPort) &&
    coversPorts(outer.fromPort, inner.fromPort) &&
    coversNetwork(outer.to, inner.to) &&
    coversNetwork(outer.from, inner.from) &&
    (outer.interfaceIn === '' || outer.interfaceIn === inner.interfaceIn) &&
    (outer.interfaceOut === '' || outer.interfaceOut === inner.interfaceOut)
  );
}

/** True for `allow` and `limit`, which let packets in. */
export function opens(rule: UfwRule): boolean {
  return rule.action === 'allow' || rule.action === 'limit';
}

function portWords(port: string, app: string): string[] {
  if (app !== '') return ['app', app];
  return port === 'any' ? [] : ['port', port];
}

function anywhere(address: string): string {
  return address === '0.0.0.0/0' || address === '::/0' ? 'any' : address;
}

function coversNetwork(outer: string, inner: string): boolean {
  return outer === 'any' || (inner !== 'any' && contains(outer, inner));
}

function coversPorts(outer: string, inner: string): boolean {
  if (outer === 'any' || outer === inner) return true;
  if (inner === 'any') return false;
  const ranges = outer.split(',').map(range);
  return inner
    .split(',')
    .map(range)
    .every(([low, high]) => ranges.some((one) => one[0] <= low && high <= one[1]));
}

function range(port: string): [number, number] {
  const [low = '', high = low] = port.split(':');
  return [Number(low), Number(high)];
}

function word(text: string): string {
  return text.includes(' ') ? `'${text}'` : text;
}
