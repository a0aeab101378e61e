import type { Change } from '../../engine/diff.ts';
import type { StateValue } from '../../engine/state.ts';
import { defineTask, type Finding, type Outlook } from '../../engine/task.ts';
import type { Facts } from '../../remote/facts.ts';
import { type Script, sh } from '../../remote/sh.ts';
import { refusal, warning } from '../support/finding.ts';
import { askUfw, hookUfw, parseUfw, type UfwHost } from './host.ts';
import { endOldWay, keepOldWay, newPort, oldWays } from './old-way.ts';
import { rulesAfter, shadowed, whyShutOut } from './outlook.ts';
import { type Chain, policiesOf, rulesOf, type UfwParams, ufwParams, type WantedRule } from './params.ts';
import { familiesOf, fullForm, placeOf, type UfwTuple, verdictOf } from './rule.ts';

/**
 * `state`: enabled, disabled, or that the running firewall is not what the files say, or would not come back with the next boot. `default incoming`…: the policies. `logging`.
 * Each rule under its place (`22/tcp`): what is done there, or `absent`. `host`: what was read, as JSON, for `want` and findings.
 */
type UfwState = Readonly<Record<string, StateValue>> | null;
type Ssh = NonNullable<Facts['ssh']>;

/** There only where a run was cut off between opening a new way in and closing the old one. */
const OLD_WAY = 'old way in';
const NOT_IN_FORCE = 'enabled, but not in force';
const NOT_AT_BOOT = 'enabled, but not from the next boot on';
const ABSENT = 'absent';
const POLICY: Readonly<Record<string, string>> = { ACCEPT: 'allow', DROP: 'deny', REJECT: 'reject' };
const VARIABLE: Readonly<Record<Chain, string>> = {
  incoming: 'DEFAULT_INPUT_POLICY',
  outgoing: 'DEFAULT_OUTPUT_POLICY',
  routed: 'DEFAULT_FORWARD_POLICY',
};

/** The host firewall: rules, policies, logging, and that it stands. */
export const ufwTask = defineTask<UfwParams, UfwState>({
  type: 'ufw',
  summary: 'The host firewall: rules, default policies, logging, and whether it stands.',
  notes:
    'One task can hold the whole firewall (`rules`, `default`, `logging`, `state`), or one rule in Ansible’s spelling; rules that it does not name stay as they are. Whatever the order, rules come first, then policies, then `state`. Reads ufw’s own files and the running kernel: a firewall that is enabled but not loaded, was flushed, or that systemd would not start at boot, is a difference. A rule without addresses stands for IPv4 and IPv6. A change that would shut the port that this run came in by is refused, with the rule to add. Ports that Docker publishes pass by ufw: see `ufw_docker`. ufw sets the sysctls of /etc/ufw/sysctl.conf again whenever it starts, against those of a `sysctl` task. CIS 4.1.',
  params: ufwParams,
  examples: [
    {
      rules: [
        { rule: 'limit', port: 22, proto: 'tcp', comment: 'ssh' },
        { rule: 'allow', port: [80, 443], proto: 'tcp' },
        { rule: 'allow', port: '9100/tcp', from: '10.0.0.0/8' },
      ],
      default: { incoming: 'deny', outgoing: 'allow', routed: 'deny' },
      logging: 'low',
      state: 'enabled',
    },
    { rule: 'allow', name: 'OpenSSH' },
    { rule: 'deny', direction: 'out', port: '25', proto: 'tcp' },
    { rule: 'allow', route: true, interface_in: 'eth0', interface_out: 'docker0', port: 8080, proto: 'tcp' },
    { rule: 'allow', port: '23', delete: true },
  ],
  id: (params) => idOf(params),
  needs: () => ['command:ufw'],
  probe: (params, { ssh }) =>
    askUfw(
      rulesOf(params).some((rule) => rule.toApp !== ''),
      ssh?.address,
    ),
  read(output, params) {
    const host = parseUfw(output);
    return host && stateOf(host, params);
  },
  want(params, _facts, before) {
    const want: Record<string, StateValue> = {};
    for (const rule of rulesOf(params))
      want[rule.place] = rule.absent ? ABSENT : said(rule, rule.commented ? rule.comment : undefined);
    for (const [chain, policy] of policiesOf(params)) want[`default ${chain}`] = policy;
    if (params.logging !== undefined) want.logging = loggingOf(params.logging, before);
    if (params.state !== undefined) want.state = params.state;
    else if (before?.state === NOT_IN_FORCE || before?.state === NOT_AT_BOOT) want.state = 'enabled';
    if (before?.[OLD_WAY] !== undefined) want[OLD_WAY] = 'closed';
    return want;
  },
  risk: (params, change) => (isHarmless(params, change) ? undefined : 'access'),
  findings(change, params, { facts, before, transport, earlier = [], pending = [], effects = [] }) {
    if (!change || before === null) return [];
    const host = hostOf(before);
    const wanted = rulesOf(params);
    const bringing = pending.some(
      (need) => need.startsWith('package:') || need.startsWith('path:/etc/ufw/applications.d'),
    );
    const missing = wanted.filter(({ toApp, absent }) => toApp !== '' && !absent && !host.profiles.has(toApp));
    const findings: Finding[] = bringing ? [] : missing.map((rule) => noProfile(rule, host));
    const six = wanted.filter((rule) => !rule.absent && !host.ipv6 && familiesOf(rule, false).includes(6));
    findings.push(...six.map(noIpv6));
    const all = [...(earlier as readonly UfwParams[]), params];
    const after = rulesAfter(host, all.flatMap(rulesOf));
    if (facts.ssh && transport !== 'local')
      findings.push(...shutsOut(host, all, facts.ssh, after, newPort(effects, facts.ssh)));
    for (const { rule, by } of shadowed(after, wanted))
      findings.push(
        warning(
          `\`${rule.action} ${rule.place}\` has no effect: \`${verdictOf(by)} ${placeOf(by)}\` stands before it`,
          'Take the other rule away with `delete: true`, or put this one first with `prepend: true`',
        ),
      );
    return findings;
  },
  apply(change, params, { ssh }, outlook) {
    const first = ssh && needsOldWay(change, params, ssh, outlook) ? keepOldWay(ssh) : '';
    return first + applyScript(change, params);
  },
  closeOldWay(change, params, { ssh }, outlook) {
    const ends = change.keys.includes(OLD_WAY) ? oldWays(hostOf(change.before!).tuples).map(endOf) : [];
    if (ssh && needsOldWay(change, params, ssh, outlook)) ends.push(endOldWay(ssh));
    return ends.length === 0 ? undefined : ends.join('');
  },
  keeps: () => [
    '/etc/default/ufw',
    '/etc/ufw/ufw.conf',
    '/etc/ufw/user.rules',
    '/etc/ufw/user6.rules',
    '/etc/ufw/after.rules',
    '/etc/ufw/after6.rules',
  ],
  undo({ before, keys }) {
    const boot = keys.includes('state') ? bootOf(before) : '';
    const unstarted = boot === '' ? '' : `systemctl ${boot === 'masked' ? 'mask' : 'disable'} ufw.service\n`;
    if (before?.state === 'disabled') return `${unstarted}ufw --force disable\n`;
    return `${before?.state === 'enabled' ? startAtBoot(boot) : unstarted}\n${hookUfw}\nufw reload\n`;
  },
});

function stateOf(host: UfwHost, params: UfwParams): UfwState {
  const state: Record<string, StateValue> = {
    state: standing(host),
  };
  for (const rule of rulesOf(params)) state[rule.place] = placeState(rule, host);
  for (const [chain] of policiesOf(params)) state[`default ${chain}`] = policyOf(host, chain);
  state.logging = host.settings.get('LOGLEVEL') ?? 'low';
  const left = oldWays(host.tuples);
  if (left.length > 0)
    state[OLD_WAY] = `open for ${left.map(({ from, toPort }) => `${from} on port ${toPort}`).join(', ')}`;
  // two lists of ports say the same as one for a state, so what was read travels along as it is
  state.host = JSON.stringify({ ...host, settings: [...host.settings], profiles: [...host.profiles] });
  return state;
}

function standing({ enabled, inForce, boot }: UfwHost): string {
  if (!enabled) return 'disabled';
  if (!inForce) return NOT_IN_FORCE;
  return boot === '' ? 'enabled' : NOT_AT_BOOT;
}

function hostOf(before: NonNullable<UfwState>): UfwHost {
  const host = JSON.parse(String(before.host));
  return { ...host, settings: new Map(host.settings), profiles: new Map(host.profiles) };
}

function bootOf(before: UfwState): string {
  return before?.host === undefined ? '' : hostOf(before).boot;
}

/** What is done at a rule's place, in the words of `want`. */
function placeState(rule: WantedRule, host: UfwHost): string {
  const families = familiesOf(rule, host.ipv6);
  const found = families.map((family) => {
    const one = host.tuples.find((tuple) => tuple.family === family && placeOf(tuple) === rule.place);
    if (!one || (rule.absent && verdictOf(one) !== verdictOf(rule))) return ABSENT;
    return said(one, rule.commented ? one.comment : undefined);
  });
  const [first = ABSENT, second = first] = found;
  if (first === second) return first;
  return `${first} (IPv4), ${second} (IPv6)`;
}

function said(rule: Parameters<typeof verdictOf>[0], comment: string | undefined): string {
  return comment ? `${verdictOf(rule)} # ${comment}` : verdictOf(rule);
}

function policyOf(host: UfwHost, chain: Chain): string {
  const value = host.settings.get(VARIABLE[chain]) ?? '';
  return POLICY[value.toUpperCase()] ?? value;
}

function loggingOf(wanted: NonNullable<UfwParams['logging']>, before: UfwState): string {
  if (wanted !== 'on') return wanted;
  const now = before?.logging;
  return typeof now === 'string' && now !== 'off' ? now : 'low';
}

function idOf(params: UfwParams): string {
  const places = rulesOf(params).map((rule) => rule.place);
  const rules = places.length > 3 ? [...places.slice(0, 3), `${places.length - 3} more`] : places;
  const policies = [...policiesOf(params).keys()].map((chain) => `default ${chain}`);
  const rest = (['logging', 'state'] as const).filter((key) => params[key] !== undefined);
  return [...rules, ...policies, ...rest].join(', ');
}

/** Rules that only open something cannot shut anybody out. */
function isHarmless(params: UfwParams, change: Change<UfwState>): boolean {
  if (change.before === null || change.keys.includes('state') || change.keys.includes(OLD_WAY)) return false;
  if (change.keys.some((key) => key.startsWith('default '))) return false;
  return rulesOf(params).every(
    (rule) => !change.keys.includes(rule.place) || (rule.action === 'allow' && !rule.absent),
  );
}

/** `moved`: where sshd will listen instead; then that port must be open, and the old one stays so until a login by the new one has succeeded. */
function shutsOut(
  host: UfwHost,
  tasks: readonly UfwParams[],
  ssh: Ssh,
  after: readonly UfwTuple[],
  moved: number | undefined,
): readonly Finding[] {
  const { port, client } = { ...ssh, ...(moved === undefined ? {} : { port: moved }) };
  const reason = whyShut(host, tasks, { ...ssh, port }, after);
  // what holds now lets us in by a way of its own (before.rules): then this change is not what shuts it
  const already =
    moved === undefined && host.inForce && whyShutOut(host.tuples, policyOf(host, 'incoming'), host, ssh) !== undefined;
  if (reason === undefined || already) return [];
  const which = moved === undefined ? 'by which this run came in' : 'where this playbook has sshd listen';
  return [
    refusal(
      `this would shut port ${port} for ${client}, ${which}: ${reason}`,
      `Add { rule: allow, port: ${port}, proto: tcp } before the firewall stands`,
      [],
    ),
  ];
}

/** Why a login to this port would not come through once these tasks are done; undefined: it would. */
function whyShut(host: UfwHost, tasks: readonly UfwParams[], ssh: Ssh, after: readonly UfwTuple[]): string | undefined {
  const standing = tasks.reduce((state, { state: wanted }) => wanted ?? state, host.enabled ? 'enabled' : 'disabled');
  if (standing === 'disabled') return undefined;
  const incoming = tasks.reduce(
    (policy, task) => policiesOf(task).get('incoming') ?? policy,
    policyOf(host, 'incoming'),
  );
  return whyShutOut(after, incoming, host, ssh);
}

/** True when sshd moves to another port and this change would shut the one by which the run came in. */
function needsOldWay(
  { before }: Change<UfwState>,
  params: UfwParams,
  ssh: Ssh,
  { effects = [], earlier = [], transport }: Outlook = {},
): boolean {
  if (before === null || transport === 'local' || newPort(effects, ssh) === undefined) return false;
  const host = hostOf(before);
  const all = [...(earlier as readonly UfwParams[]), params];
  return whyShut(host, all, ssh, rulesAfter(host, all.flatMap(rulesOf))) !== undefined;
}

function endOf({ from, toPort }: UfwTuple): Script {
  return endOldWay({ client: from, port: Number(toPort) });
}

/** Only a warning: an earlier task may set it. */
function noIpv6({ place }: WantedRule): Finding {
  return warning(
    `/etc/default/ufw says IPV6=no, and ufw takes no \`${place}\` then`,
    'Set IPV6=yes there with an earlier task, or leave the rule out',
  );
}

function noProfile(rule: WantedRule, host: UfwHost): Finding {
  return refusal(
    `ufw knows no application profile ${rule.toApp}`,
    `It knows ${[...host.profiles.keys()].join(', ') || 'none'}; or write port and proto instead of a name`,
    ['package:', 'path:/etc/ufw/applications.d/'],
  );
}

function applyScript({ before, keys }: Change<UfwState>, params: UfwParams): Script {
  const lines: Script[] = [];
  for (const rule of rulesOf(params)) if (keys.includes(rule.place)) lines.push(ruleScript(rule, before?.[rule.place]));
  for (const [chain, policy] of policiesOf(params))
    if (keys.includes(`default ${chain}`)) lines.push(sh`ufw default ${policy} ${chain}`);
  if (keys.includes('logging')) lines.push(sh`ufw logging ${params.logging ?? 'on'}`);
  if (keys.includes('state')) lines.push(stateScript(params.state ?? 'enabled', before));
  // An old way in alone is closed later.
  return `${lines.join('\n') || ':'}\n`;
}

function stateScript(state: 'enabled' | 'disabled', before: UfwState): Script {
  if (state === 'disabled') return 'ufw --force disable';
  const started = startAtBoot(bootOf(before));
  if (before?.state === NOT_AT_BOOT) return started;
  return `${hookUfw}\n${before?.state === NOT_IN_FORCE ? 'ufw reload' : 'ufw --force enable'}${started && `\n${started}`}`;
}

/** `boot`: what systemd does instead; empty: it starts it already. */
function startAtBoot(boot: string): Script {
  if (boot === '') return '';
  return `${boot === 'masked' ? 'systemctl unmask ufw.service\n' : ''}systemctl enable ufw.service`;
}

function ruleScript(rule: WantedRule, now: StateValue | undefined): Script {
  const route = rule.route ? ['route'] : [];
  const words = [rule.action as string, ...withLog(fullForm(rule), rule.log)];
  if (rule.absent) return sh`ufw ${[...route, 'delete', ...words]}`;
  const comment = rule.commented ? ['comment', rule.comment] : [];
  const prepend = rule.prepend && now === ABSENT ? ['prepend'] : [];
  return sh`ufw ${[...route, ...prepend, ...words, ...comment]}`;
}

/** `log` stands behind the interfaces or the direction. */
function withLog(words: readonly string[], log: string): readonly string[] {
  if (log === '') return words;
  const from = words.indexOf('from');
  return [...words.slice(0, from), log, ...words.slice(from)];
}
