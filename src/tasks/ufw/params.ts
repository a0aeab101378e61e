import { z } from 'zod';
import { canonicalNetwork, familyOf } from '../support/network.ts';
import { placeOf, type UfwRule } from './rule.ts';

const PROTOCOLS = ['any', 'tcp', 'udp', 'ipv6', 'esp', 'ah', 'igmp', 'gre', 'vrrp'] as const;

const port = z.union([z.string(), z.number(), z.array(z.union([z.string(), z.number()]))], {
  error: 'a port is a number, a range "6000:6010", a list of these, or "any"',
});
const address = z.string().refine((text) => text === 'any' || canonicalNetwork(text) !== undefined, {
  error: 'an address is "any", an IP address, or a network such as 10.0.0.0/8',
});
const interfaceName = z
  .string()
  .regex(/^(?!\.{1,2}$)[a-zA-Z0-9_.+,=%@-]{1,15}$/, { error: 'this is no interface name that ufw takes' });

const ruleKeys = {
  rule: z
    .enum(['allow', 'deny', 'reject', 'limit'])
    .describe('What happens to the packets; `limit` lets in 6 connections in 30 s from an address.'),
  port: port.optional().describe('The destination port: 22, "22/tcp", "6000:6010", [80, 443].'),
  to_port: port.optional().describe('The same as `port`.'),
  proto: z.enum(PROTOCOLS).optional().describe('The protocol; left out: any. Several ports need tcp or udp.'),
  from: address.optional().describe('The source: an address or network; left out: any.'),
  from_ip: address.optional().describe('The same as `from`.'),
  from_port: port.optional().describe('The source port; left out: any.'),
  to: address.optional().describe('The destination: an address or network; left out: any.'),
  to_ip: address.optional().describe('The same as `to`.'),
  name: z
    .string()
    .min(1)
    .optional()
    .describe('An application profile of /etc/ufw/applications.d (OpenSSH) instead of port and protocol.'),
  app: z.string().min(1).optional().describe('The same as `name`.'),
  direction: z
    .enum(['in', 'out', 'incoming', 'outgoing', 'routed'])
    .optional()
    .describe('`in` (the default) or `out`; with a `default` that is one word: incoming, outgoing or routed.'),
  interface: interfaceName
    .optional()
    .describe('The interface that packets come in by, or go out by with `direction: out`.'),
  interface_in: interfaceName.optional().describe('The interface that packets come in by.'),
  interface_out: interfaceName.optional().describe('The interface that packets go out by.'),
  route: z.boolean().optional().describe('Speaks of packets that this host forwards, to containers for example.'),
  log: z
    .enum(['log', 'log-all'])
    .or(z.boolean())
    .optional()
    .describe('Logs new connections (`log`, true), or every packet (`log-all`).'),
  comment: z
    .string()
    .regex(/^[^'\n\0]*$/, { error: 'ufw takes no apostrophe or line break in a comment' })
    .optional()
    .describe('Stands beside the rule; left out: whatever it is.'),
  delete: z.boolean().optional().describe('The rule must not be there.'),
  prepend: z
    .boolean()
    .optional()
    .describe(
      'A rule that is not there yet is put before all others; the first that matches wins. Left out: after them.',
    ),
} as const;

const rule = z.strictObject(ruleKeys).superRefine(reportRule);
const policy = z.enum(['allow', 'deny', 'reject']);

/** The parameters of the ufw type: a whole firewall in one task, or one rule per task in Ansible's spelling. */
export const ufwParams = z
  .strictObject({
    state: z
      .enum(['enabled', 'disabled'], {
        error: 'state is `enabled` or `disabled`; reloading and resetting are not things that hold',
      })
      .optional()
      .describe('Whether the firewall stands, now and after a reboot.'),
    default: z
      .union([
        policy,
        z.strictObject({
          incoming: policy.optional().describe('What is done with packets to this host that no rule speaks of.'),
          outgoing: policy.optional().describe('The same for packets from this host.'),
          routed: policy.optional().describe('The same for packets that this host forwards.'),
        }),
      ])
      .optional()
      .describe('The policy for packets that no rule speaks of; one word means `incoming`, or what `direction` says.'),
    logging: z
      .enum(['on', 'off', 'low', 'medium', 'high', 'full'])
      .or(z.boolean().transform((on) => (on ? ('on' as const) : ('off' as const))))
      .optional()
      .describe('How much the firewall logs; `on` is any level but off.'),
    rules: z
      .array(rule)
      .optional()
      .describe('The rules, in the order in which those that are not there yet are added.'),
    ...ruleKeys,
    rule: ruleKeys.rule
      .optional()
      .describe('One rule in the task itself, in Ansible’s spelling; the keys of a rule follow.'),
  })
  .superRefine((params, context) => {
    const { rule: action, rules = [], state, logging, default: policies } = params;
    if (
      action === undefined &&
      rules.length === 0 &&
      state === undefined &&
      logging === undefined &&
      policies === undefined
    )
      context.addIssue({
        code: 'custom',
        message: 'say what must hold: `rule`, `rules`, `default`, `logging` or `state`',
      });
    if (action === undefined) reportStray(params, context);
    else reportRule({ ...params, rule: action }, context);
    if (context.issues.length === 0) reportContradictions(rulesOf(params), context);
  });

export type UfwParams = z.infer<typeof ufwParams>;
type RuleParams = z.infer<typeof rule>;

/** One rule that must hold, or must not be there. */
export interface WantedRule extends UfwRule {
  readonly place: string;
  readonly absent: boolean;
  readonly prepend: boolean;
  /** False: any comment will do. */
  readonly commented: boolean;
}

export type Chain = 'incoming' | 'outgoing' | 'routed';

/** The rules of a task, its own and those in the list. */
export function rulesOf(params: Partial<UfwParams>): readonly WantedRule[] {
  const { rule: action, rules = [] } = params;
  const own = action === undefined ? [] : [{ ...params, rule: action } as RuleParams];
  return [...own, ...rules].map(wantedRule);
}

/** The policies that a task speaks of. */
export function policiesOf({ default: policies, direction, rule: action }: UfwParams): ReadonlyMap<Chain, string> {
  if (policies === undefined) return new Map();
  if (typeof policies === 'string')
    return new Map([[action === undefined ? chainOf(direction) : 'incoming', policies]]);
  return new Map(
    (['incoming', 'outgoing', 'routed'] as const).flatMap((chain) =>
      policies[chain] ? [[chain, policies[chain]] as const] : [],
    ),
  );
}

function chainOf(direction: RuleParams['direction']): Chain {
  if (direction === 'out' || direction === 'outgoing') return 'outgoing';
  return direction === 'routed' ? 'routed' : 'incoming';
}

function wantedRule(given: RuleParams): WantedRule {
  const [toPort, toProtocol] = portOf(given.port ?? given.to_port);
  const [fromPort, fromProtocol] = portOf(given.from_port);
  const outward = given.direction === 'out' || given.direction === 'outgoing';
  const interfaceIn = given.interface_in ?? (outward ? '' : (given.interface ?? ''));
  const interfaceOut = given.interface_out ?? (outward ? (given.interface ?? '') : '');
  const plain: UfwRule = {
    action: given.rule,
    log: given.log === true ? 'log' : given.log || '',
    protocol: given.proto ?? toProtocol ?? fromProtocol ?? 'any',
    toPort,
    to: addressOf(given.to ?? given.to_ip),
    fromPort,
    from: addressOf(given.from ?? given.from_ip),
    toApp: given.name ?? given.app ?? '',
    fromApp: '',
    direction: outward || (interfaceOut !== '' && interfaceIn === '') ? 'out' : 'in',
    interfaceIn,
    interfaceOut,
    route: given.route ?? false,
    comment: given.comment ?? '',
  };
  return {
    ...plain,
    place: placeOf(plain),
    absent: given.delete ?? false,
    prepend: given.prepend ?? false,
    commented: given.comment !== undefined,
  };
}

function portOf(given: RuleParams['port']): [string, string | undefined] {
  const text = (Array.isArray(given) ? given : [given ?? 'any']).map((item) => String(item).trim()).join(',');
  const [ports = '', protocol] = text.split('/');
  return [ports.split(',').sort(byNumber).join(','), protocol];
}

/** The order that ufw gives the ports of a list: by number, and a port before the range that begins with it. */
function byNumber(one: string, other: string): number {
  const [low = 0, high = 0] = one.split(':').map(Number);
  const [otherLow = 0, otherHigh = 0] = other.split(':').map(Number);
  return low - otherLow || high - otherHigh;
}

function addressOf(given: string | undefined): string {
  const network = canonicalNetwork(given ?? 'any') ?? 'any';
  return wholeFamily(network) === undefined ? network : 'any';
}

/** 4 or 6 for all addresses of that family, as ufw takes them for a rule of that family alone; undefined for any other text. */
function wholeFamily(text: string): 4 | 6 | undefined {
  const network = canonicalNetwork(text);
  if (network === '0.0.0.0/0') return 4;
  return network === '::/0' ? 6 : undefined;
}

function reportRule(given: RuleParams, context: z.RefinementCtx): void {
  for (const message of ruleProblems(given)) context.addIssue({ code: 'custom', message });
}

function ruleProblems(given: RuleParams): string[] {
  const problems: string[] = [];
  for (const [one, other] of [
    ['port', 'to_port'],
    ['from', 'from_ip'],
    ['to', 'to_ip'],
    ['name', 'app'],
  ] as const)
    if (given[one] !== undefined && given[other] !== undefined)
      problems.push(`\`${one}\` and \`${other}\` are the same: write one of them`);
  for (const key of ['port', 'to_port', 'from_port'] as const) {
    const problem = given[key] === undefined ? undefined : portProblem(...portOf(given[key]), given.proto);
    if (problem !== undefined) problems.push(`${key}: ${problem}`);
  }
  if (problems.length > 0) return problems;
  const rule = wantedRule(given);
  if (rule.toApp !== '' && (rule.toPort !== 'any' || rule.protocol !== 'any'))
    problems.push('a profile (`name`) says port and protocol itself: leave `port` and `proto` out');
  if (!rule.route && rule.interfaceIn !== '' && rule.interfaceOut !== '')
    problems.push('packets that come in by one interface and go out by another are forwarded: add `route: true`');
  if (!rule.route && given.direction !== undefined && (given.direction === 'out') !== (rule.direction === 'out'))
    problems.push('`direction` and the interface contradict each other');
  if (given.direction === 'routed') problems.push('write `route: true` for a rule about forwarded packets');
  if (rule.route && rule.direction === 'out' && rule.interfaceOut === '')
    problems.push('a route rule has no direction: name the interfaces, `interface_in` and `interface_out`');
  const [from, to] = [familyOf(rule.from), familyOf(rule.to)];
  if (from !== undefined && to !== undefined && from !== to) problems.push('`from` and `to` mix IPv4 and IPv6');
  for (const [key, other] of [
    ['from', to],
    ['to', from],
  ] as const) {
    const whole = (given[key] ?? given[`${key}_ip`] ?? '').trim();
    const family = whole === '' ? undefined : wholeFamily(whole);
    if (family === undefined || family === other) continue;
    problems.push(
      other === undefined
        ? `\`${whole}\` is IPv${family} alone, and the rule would stand for both: leave \`${key}\` out for IPv4 and IPv6, or name an address at the other end`
        : '`from` and `to` mix IPv4 and IPv6',
    );
  }
  const says = rule.toPort + rule.fromPort + rule.to + rule.from !== 'any'.repeat(4);
  if (!says && rule.toApp === '' && rule.protocol === 'any' && rule.interfaceIn === '' && rule.interfaceOut === '')
    problems.push(
      'a rule without port, address, profile, protocol or interface is the default policy: write `default`',
    );
  if (rule.absent && rule.prepend) problems.push('`delete` and `prepend` exclude each other');
  return problems;
}

function portProblem(text: string, suffix: string | undefined, protocol: string | undefined): string | undefined {
  if (suffix !== undefined && suffix !== 'tcp' && suffix !== 'udp') return 'after the slash stands tcp or udp';
  if (suffix !== undefined && protocol !== undefined && protocol !== suffix)
    return `/${suffix} contradicts proto: ${protocol}`;
  if (text === 'any') return undefined;
  const parts = text.split(',');
  for (const part of parts) {
    if (!/^\d+(:\d+)?$/.test(part))
      return `\`${part}\` is no number or range "6000:6010"; for a service by name write \`name\` with its profile`;
    const [low = 0, high = low] = part.split(':').map(Number);
    if (low < 1 || high > 65_535 || (part.includes(':') && low >= high))
      return `\`${part}\` is no range within 1 to 65535`;
  }
  if (parts.length + parts.filter((part) => part.includes(':')).length > 15)
    return 'iptables takes 15 ports in a rule (a range counts twice)';
  const used = protocol ?? suffix;
  if (text.length > parts[0]!.length || text.includes(':')) {
    if (used !== 'tcp' && used !== 'udp') return 'several ports need `proto: tcp` or `proto: udp`';
  }
  return used === undefined || ['any', 'tcp', 'udp'].includes(used) ? undefined : `${used} has no ports`;
}

function reportStray(params: Record<string, unknown>, context: z.RefinementCtx): void {
  for (const key of Object.keys(ruleKeys)) {
    if (params[key] === undefined || (key === 'direction' && typeof params.default === 'string')) continue;
    context.addIssue({
      code: 'custom',
      message: `\`${key}\` belongs to a rule: add \`rule: allow\`, deny, reject or limit`,
    });
  }
}

function reportContradictions(rules: readonly WantedRule[], context: z.RefinementCtx): void {
  const places = new Map<string, WantedRule>();
  for (const one of rules) {
    const other = places.get(one.place);
    if (other && (other.action !== one.action || other.absent !== one.absent))
      context.addIssue({
        code: 'custom',
        message: `two rules contradict each other: ${said(other)}, and ${said(one)}`,
      });
    places.set(one.place, one);
  }
}

function said(rule: WantedRule): string {
  return `${rule.absent ? 'delete ' : ''}${rule.action} ${rule.place}`;
}
