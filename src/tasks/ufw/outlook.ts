import type { Facts } from '../../remote/facts.ts';
import type { UfwHost } from './host.ts';
import type { WantedRule } from './params.ts';
import { covers, familiesOf, opens, placeOf, type UfwRule, type UfwTuple, verdictOf } from './rule.ts';

/** The rules as they will be, in the order in which they are tried: what is there, with what is wanted added, changed and removed as ufw does it. */
export function rulesAfter(host: UfwHost, wanted: readonly WantedRule[]): readonly UfwTuple[] {
  let rules = [...host.tuples];
  for (const rule of wanted) {
    for (const family of familiesOf(rule, host.ipv6)) {
      const same = (other: UfwTuple) => other.family === family && placeOf(other) === rule.place;
      if (rule.absent) {
        rules = rules.filter((other) => !(same(other) && verdictOf(other) === verdictOf(rule)));
      } else if (rules.some(same)) {
        rules = rules.map((other) => (same(other) ? { ...other, action: rule.action, log: rule.log } : other));
      } else {
        const added = expand(rule, host).map((one) => ({ ...one, family }));
        rules = rule.prepend ? [...added, ...rules] : [...rules, ...added];
      }
    }
  }
  return rules;
}

/** Why these rules would keep the run's own next login out; undefined: they let it in. */
export function whyShutOut(
  rules: readonly UfwTuple[],
  incoming: string,
  host: UfwHost,
  ssh: NonNullable<Facts['ssh']>,
): string | undefined {
  if (ssh.client === ssh.address || ssh.client === '::1' || ssh.client.startsWith('127.')) return undefined;
  const family = ssh.client.includes(':') ? 6 : 4;
  const packet: UfwRule = {
    action: 'allow',
    log: '',
    protocol: 'tcp',
    toPort: String(ssh.port),
    to: ssh.address,
    fromPort: 'any',
    from: ssh.client.replace(/%.*/, ''),
    toApp: '',
    fromApp: '',
    direction: 'in',
    interfaceIn: host.interface,
    interfaceOut: '',
    route: false,
    comment: '',
  };
  const first = rules.find((rule) => rule.family === family && covers(rule, packet));
  if (first) return opens(first) ? undefined : `the rule \`${verdictOf(first)} ${placeOf(first)}\` shuts it`;
  return incoming === 'allow' ? undefined : 'no rule opens it';
}

/** For each wanted rule that another one before it makes pointless by saying the opposite: the two. */
export function shadowed(
  rules: readonly UfwTuple[],
  wanted: readonly WantedRule[],
): readonly { readonly rule: WantedRule; readonly by: UfwTuple }[] {
  return wanted.flatMap((rule) => {
    if (rule.absent) return [];
    const at = rules.findIndex((other) => placeOf(other) === rule.place);
    const own = rules[at];
    if (!own) return [];
    const by = rules
      .slice(0, at)
      .find((other) => other.family === own.family && opens(other) !== opens(own) && covers(other, own));
    return by ? [{ rule, by }] : [];
  });
}

/** An application profile stands for a rule for each of its port lists. */
function expand(rule: WantedRule, host: UfwHost): readonly UfwRule[] {
  if (rule.toApp === '') return [rule];
  return (host.profiles.get(rule.toApp) ?? []).map((ports) => {
    const [toPort = 'any', protocol = 'any'] = ports.split('/');
    return { ...rule, toPort, protocol };
  });
}
