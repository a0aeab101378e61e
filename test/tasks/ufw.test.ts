import { expect, test } from 'vitest';
import { ufwTask } from '../../src/tasks/ufw/index.ts';
import { debian12Facts, describeInvalid, describeTask } from '../support/describe-task.ts';

interface Host {
  readonly enabled?: boolean;
  readonly ipv6?: boolean;
  readonly incoming?: 'DROP' | 'ACCEPT' | 'REJECT';
  readonly logging?: string;
  /** Tuples after `### tuple ###`, with the iptables line that each makes. */
  readonly rules?: readonly string[];
  readonly rules6?: readonly string[];
  /** Lines that the kernel does not have. */
  readonly flushed?: RegExp;
  readonly profiles?: readonly string[];
  /** What `systemctl is-enabled` says of its unit. */
  readonly boot?: string;
  readonly interface?: string;
}

const HOOKS = ['before-logging', 'before', 'after', 'after-logging', 'reject', 'track'];

/** What the probe prints, for a firewall whose kernel holds what its files say. */
function host(options: Host = {}): string {
  const {
    enabled = false,
    ipv6 = true,
    incoming = 'DROP',
    logging = 'low',
    rules = [],
    rules6 = [],
    flushed,
    profiles,
    boot,
    ...rest
  } = options;
  const settings = `IPV6=${ipv6 ? 'yes' : 'no'}
DEFAULT_INPUT_POLICY="${incoming}"
DEFAULT_OUTPUT_POLICY="ACCEPT"
DEFAULT_FORWARD_POLICY="DROP"
ENABLED=${enabled ? 'yes' : 'no'}
LOGLEVEL=${logging}`;
  const file = (tuples: readonly string[], prefix: string) =>
    tuples.flatMap((tuple) => [`### tuple ### ${tuple}`, `-A ${prefix}-user-input -j ACCEPT`]);
  const kernel = (tuples: readonly string[], prefix: string) => [
    `-P INPUT ${incoming === 'ACCEPT' ? 'ACCEPT' : 'DROP'}`,
    '-P FORWARD DROP',
    '-P OUTPUT ACCEPT',
    ...['INPUT', 'OUTPUT', 'FORWARD'].flatMap((chain) =>
      HOOKS.map((hook) => `-A ${chain} -j ${prefix}-${hook}-${chain.toLowerCase()}`),
    ),
    ...tuples.map(() => `-A ${prefix}-user-input -j ACCEPT`),
  ];
  const lines = ['# settings', settings, '# rules 4', ...file(rules, 'ufw'), '# rules 6', ...file(rules6, 'ufw6')];
  if (enabled) {
    const left = (all: readonly string[]) => all.filter((line) => !flushed?.test(line));
    lines.push('# kernel 4', ...left(kernel(rules, 'ufw')), '# kernel 6', ...left(kernel(rules6, 'ufw6')));
  }
  if (boot) lines.push('# boot', boot);
  if (profiles) lines.push('# profiles', ...profiles);
  lines.push('# interface');
  if (rest.interface)
    lines.push(`2: ${rest.interface}@if7    inet 192.0.2.20/24 brd 192.0.2.255 scope global ${rest.interface}`);
  return `${lines.join('\n')}\n`;
}

const SSH = ['allow tcp 22 0.0.0.0/0 any 0.0.0.0/0 in'];
const SSH6 = ['allow tcp 22 ::/0 any ::/0 in'];
const OPEN = { rules: SSH, rules6: SSH6 };

describeTask(ufwTask, [
  {
    name: 'a whole firewall: rules first, then policies, logging, and that it stands',
    params: {
      state: 'enabled',
      logging: 'medium',
      default: { incoming: 'reject', outgoing: 'allow' },
      rules: [
        { rule: 'limit', port: 22, proto: 'tcp', comment: 'ssh in' },
        { rule: 'allow', port: [80, 443], proto: 'tcp', from: '10.1.2.3/8' },
      ],
    },
    given: host(),
    expect: {
      before: {
        state: 'disabled',
        '22/tcp': 'absent',
        'default incoming': 'deny',
        'default outgoing': 'allow',
        logging: 'low',
      },
      keys: ['22/tcp', 'from 10.0.0.0/8 to any port 80,443 proto tcp', 'default incoming', 'logging', 'state'],
      script: [
        /^ufw limit from any to any port 22 proto tcp comment 'ssh in'\nufw allow from 10.0.0.0\/8 to any port 80,443 proto tcp\nufw default reject incoming\nufw logging medium\n[\s\S]*\nufw --force enable\n$/,
      ],
      findings: [],
      needs: ['command:ufw'],
      risk: 'access',
      keeps: [
        '/etc/default/ufw',
        '/etc/ufw/ufw.conf',
        '/etc/ufw/user.rules',
        '/etc/ufw/user6.rules',
        '/etc/ufw/after.rules',
        '/etc/ufw/after6.rules',
      ],
      undo: ['ufw --force disable'],
      redo: [/^\n[\s\S]*\nufw reload\n$/],
    },
  },
  {
    name: 'ufw keeps the ports of a list by number, whatever the order they were given in',
    params: { rule: 'allow', port: [443, '8000:8010', 80, '80:90'], proto: 'tcp', from_port: '9,5' },
    given: host({
      ipv6: false,
      rules: ['allow tcp 80,80:90,443,8000:8010 0.0.0.0/0 5,9 0.0.0.0/0 in'],
    }),
    expect: { action: 'none' },
  },
  {
    name: 'warns of a rule for IPv6 where ufw leaves that out',
    params: {
      rules: [
        { rule: 'allow', port: 53, from: 'fd00::/8' },
        { rule: 'allow', port: 80 },
      ],
    },
    given: host({ ipv6: false }),
    expect: {
      keys: ['from fd00::/8 to any port 53', '80'],
      findings: [/^warn: \/etc\/default\/ufw says IPV6=no, and ufw takes no `from fd00::\/8 to any port 53` then/],
    },
  },
  {
    name: 'what holds is no change, however it is written',
    params: {
      state: 'enabled',
      logging: 'on',
      default: 'deny',
      rules: [
        { rule: 'allow', port: '22/tcp' },
        { rule: 'allow', to_port: 80, proto: 'tcp', from_ip: '10.0.0.1/255.0.0.0', to: 'any' },
        { rule: 'limit', log: true, interface: 'eth0', from: 'FE80:0::/10', port: '99/udp', comment: 'web it' },
        { rule: 'allow', route: true, interface_in: 'eth0', interface_out: 'docker0', port: 8080, proto: 'tcp' },
        { rule: 'reject', direction: 'out', port: 25 },
        { rule: 'allow', name: 'WWW Full', to: '10.0.0.0/8' },
        { rule: 'deny', from: '0.0.0.0/0', to: '192.0.2.1' },
        { rule: 'allow', proto: 'igmp' },
        { rule: 'allow', port: 23, delete: true },
      ],
    },
    given: host({
      enabled: true,
      logging: 'full',
      rules: [
        ...SSH,
        'allow tcp 80 0.0.0.0/0 any 10.0.0.0/8 in',
        'route:allow tcp 8080 0.0.0.0/0 any 0.0.0.0/0 in_eth0!out_docker0',
        'reject any 25 0.0.0.0/0 any 0.0.0.0/0 out',
        'allow tcp 80,443 10.0.0.0/8 any 0.0.0.0/0 WWW%20Full - in',
        'deny any any 192.0.2.1 any 0.0.0.0/0 in comment=6e6f',
        'allow igmp any 0.0.0.0/0 any 0.0.0.0/0 in',
      ],
      rules6: [
        ...SSH6,
        'limit_log udp 99 ::/0 any fe80::/10 in_eth0 comment=776562206974',
        'route:allow tcp 8080 ::/0 any ::/0 in_eth0!out_docker0',
        'reject any 25 ::/0 any ::/0 out',
      ],
      profiles: ['[WWW Full]', 'ports=80,443/tcp'],
    }),
    expect: { action: 'none', findings: [] },
  },
  {
    name: 'a rule that opens is no risk',
    params: { rule: 'allow', port: 80, proto: 'tcp' },
    given: host({ ...OPEN, enabled: true }),
    expect: {
      keys: ['80/tcp'],
      risk: 'none',
      undo: ['ufw reload'],
      script: [/^ufw allow from any to any port 80 proto tcp\n$/],
    },
  },
  {
    name: 'another verdict at the same place is a change of it',
    params: { rule: 'limit', port: 22, proto: 'tcp' },
    given: host({ ...OPEN, enabled: true }),
    expect: {
      before: { '22/tcp': 'allow' },
      keys: ['22/tcp'],
      script: ['ufw limit from any to any port 22'],
      risk: 'access',
      findings: [],
    },
  },
  {
    name: 'a rule that IPv6 lacks is a difference, but not where IPv6 is off',
    params: { rule: 'allow', port: 22, proto: 'tcp' },
    given: host({ rules: SSH }),
    expect: { before: { '22/tcp': 'allow (IPv4), absent (IPv6)' }, keys: ['22/tcp'] },
  },
  {
    name: 'with IPv6 off the IPv4 rule is the whole',
    params: { rule: 'allow', port: 22, proto: 'tcp' },
    given: host({ rules: SSH, ipv6: false }),
    expect: { action: 'none' },
  },
  {
    name: 'a comment counts only where it is given',
    params: { rule: 'allow', port: 22, proto: 'tcp', comment: 'in' },
    given: host(OPEN),
    expect: { want: { '22/tcp': 'allow # in' }, script: ['comment in'] },
  },
  {
    name: 'delete takes away the rule with this verdict alone',
    params: { rules: [{ rule: 'allow', port: '22/tcp', delete: true }] },
    given: host(OPEN),
    expect: { script: [/^ufw delete allow from any to any port 22 proto tcp\n$/], findings: [], risk: 'access' },
  },
  {
    name: 'another verdict is not what delete means',
    params: { rules: [{ rule: 'deny', port: '22/tcp', delete: true }] },
    given: host(OPEN),
    expect: { action: 'none' },
  },
  {
    name: 'routes, interfaces, directions and logging in ufw’s order of words',
    params: {
      rules: [
        {
          rule: 'allow',
          route: true,
          interface_in: 'eth0',
          interface_out: 'br-1',
          to: '10.1.1.1',
          port: 80,
          proto: 'tcp',
          log: 'log-all',
          prepend: true,
        },
        { rule: 'deny', direction: 'out', port: 25, log: true },
        { rule: 'allow', name: 'Nginx Full', prepend: true },
      ],
    },
    given: host({ profiles: ['[Nginx Full]', 'ports=80,443/tcp'] }),
    expect: {
      script: [
        'ufw route prepend allow in on eth0 out on br-1 log-all from any to 10.1.1.1 port 80 proto tcp\n',
        'ufw deny out log from any to any port 25\n',
        "ufw prepend allow from any to any app 'Nginx Full'\n",
      ],
    },
  },
  {
    name: 'a firewall that is not in the kernel is made to stand by whatever task speaks of it',
    params: { rule: 'allow', port: 22, proto: 'tcp' },
    given: host({ ...OPEN, enabled: true, flushed: /-A ufw-user-input/ }),
    expect: {
      before: { state: 'enabled, but not in force' },
      keys: ['state'],
      script: ['iptables ufw', 'ufw reload'],
      notScript: ['--force'],
      risk: 'access',
    },
  },
  ...[/^-A INPUT -j ufw-before-input/, /^-P INPUT/, /^-A FORWARD -j ufw6-reject/].map((flushed) => ({
    name: `it is not in force without ${flushed.source}`,
    params: { state: 'enabled' },
    given: host({ ...OPEN, enabled: true, flushed }),
    expect: { keys: ['state'] },
  })),
  ...(['disabled', 'masked'] as const).map((boot) => ({
    name: `a unit that is ${boot} would not bring it back at boot`,
    params: { state: 'enabled' },
    given: host({ ...OPEN, enabled: true, boot }),
    expect: {
      before: { state: 'enabled, but not from the next boot on' },
      keys: ['state'],
      script: [
        boot === 'masked'
          ? /^systemctl unmask ufw\.service\nsystemctl enable ufw\.service\n$/
          : /^systemctl enable ufw\.service\n$/,
      ],
      undo: [boot === 'masked' ? 'systemctl mask ufw.service' : 'systemctl disable ufw.service'],
    },
  })),
  {
    name: 'switched on where its unit is disabled',
    params: { state: 'enabled' },
    given: host({ ...OPEN, boot: 'disabled' }),
    expect: { script: ['ufw --force enable\nsystemctl enable ufw.service\n'], undo: ['ufw --force disable'] },
  },
  {
    name: 'a unit that is enabled',
    params: { state: 'enabled' },
    given: host({ ...OPEN, enabled: true, boot: 'enabled' }),
    expect: { action: 'none' },
  },
  {
    name: 'the policy of FORWARD is Docker’s business',
    params: { state: 'enabled' },
    given: host({ ...OPEN, enabled: true, flushed: /^-P FORWARD/ }),
    expect: { action: 'none' },
  },
  {
    name: 'switched off',
    params: { state: 'disabled' },
    given: host({ ...OPEN, enabled: true }),
    expect: { script: [/^ufw --force disable\n$/], findings: [], undo: ['ufw reload'] },
  },
  {
    name: 'nothing opens the port that the run came in by',
    params: { state: 'enabled', rules: [{ rule: 'allow', port: 2222, proto: 'tcp' }] },
    given: host(),
    expect: {
      findings: [
        /^refuse: this would shut port 22 for 192\.0\.2\.10.*no rule opens it.*\{ rule: allow, port: 22, proto: tcp \}/,
      ],
    },
  },
  {
    name: 'where sshd moves, its new port must be open, and the old one stays so until the new one is proved',
    params: { state: 'enabled', rules: [{ rule: 'allow', port: 2222, proto: 'tcp' }] },
    given: host(),
    effects: [{ sshd: { ports: [2222] } }],
    expect: {
      findings: [],
      script: [
        /^ufw prepend allow proto tcp from '?192\.0\.2\.10'? to any port '?22'? comment 'harden: the old way in/,
      ],
      closing: [/^ufw delete allow proto tcp from '?192\.0\.2\.10'? to any port '?22'?\n$/],
    },
  },
  {
    name: 'where sshd moves to a port that is shut, that is refused',
    params: { state: 'enabled', rules: [{ rule: 'allow', port: 22, proto: 'tcp' }] },
    given: host(),
    effects: [{ sshd: { ports: [2222] } }],
    expect: { findings: [/^refuse: this would shut port 2222 for 192\.0\.2\.10, where this playbook has sshd listen/] },
  },
  {
    name: 'where sshd stays, no rule is added for it',
    params: { state: 'enabled', rules: [{ rule: 'allow', port: 22, proto: 'tcp' }] },
    given: host(),
    effects: [{ sshd: { ports: [22] } }],
    expect: { findings: [], notScript: ['prepend'], closing: null },
  },
  {
    name: 'the old way in that a run left which was cut off is closed',
    params: { state: 'enabled' },
    given: host({
      enabled: true,
      rules: [
        `allow tcp 22 0.0.0.0/0 any 192.0.2.99 in comment=${Buffer.from('harden: the old way in, until the new one is proved').toString('hex')}`,
        ...SSH,
      ],
      rules6: SSH6,
    }),
    expect: {
      keys: ['old way in'],
      before: { 'old way in': 'open for 192.0.2.99 on port 22' },
      risk: 'access',
      script: [/^:\n$/],
      closing: [/^ufw delete allow proto tcp from '?192\.0\.2\.99'? to any port '?22'?\n$/],
    },
  },
  {
    name: 'a rule for other people opens nothing for us',
    params: { state: 'enabled', rules: [{ rule: 'allow', port: 22, from: '198.51.100.0/24' }] },
    given: host(),
    expect: { findings: [/^refuse: this would shut port 22/] },
  },
  {
    name: 'a rule for our network does',
    params: { state: 'enabled', rules: [{ rule: 'allow', port: '1:1000', proto: 'tcp', from: '192.0.2.0/24' }] },
    given: host(),
    expect: { findings: [] },
  },
  {
    name: 'a rule for our interface does, one for another does not',
    params: { state: 'enabled', rules: [{ rule: 'allow', port: 22, interface: 'eth0' }] },
    given: host({ interface: 'eth0' }),
    expect: { findings: [] },
  },
  {
    name: 'the first rule that matches decides',
    params: {
      state: 'enabled',
      rules: [
        { rule: 'deny', port: '20:30', proto: 'tcp' },
        { rule: 'allow', port: '22/tcp' },
      ],
    },
    given: host(),
    expect: {
      findings: [/^refuse: .*`deny 20:30\/tcp` shuts it/, /^warn: `allow 22\/tcp` has no effect: `deny 20:30\/tcp`/],
    },
  },
  {
    name: 'an application profile opens the ports that it names',
    params: { state: 'enabled', rules: [{ rule: 'allow', name: 'OpenSSH' }] },
    given: host({ profiles: ['[Other]', 'ports = 23/tcp', '[OpenSSH]', 'ports=22/tcp'] }),
    expect: { findings: [] },
  },
  {
    name: 'an unknown profile is refused with those that there are',
    params: { rule: 'allow', app: 'OpenSHH' },
    given: host({ profiles: ['[OpenSSH]', 'ports=22/tcp'] }),
    expect: { findings: [/^refuse: ufw knows no application profile OpenSHH.*OpenSSH/] },
  },
  {
    name: 'the policy allow keeps the door open',
    params: { state: 'enabled', default: { incoming: 'allow' } },
    given: host(),
    expect: { findings: [] },
  },
  {
    name: 'the policy deny on a standing firewall shuts it',
    params: { default: 'deny', direction: 'incoming' },
    given: host({ enabled: true, incoming: 'ACCEPT' }),
    expect: { script: [/^ufw default deny incoming\n$/], findings: [/^refuse: this would shut port 22/] },
  },
  {
    name: 'and on one that is off it shuts nothing yet',
    params: { default: { incoming: 'deny' } },
    given: host({ incoming: 'ACCEPT' }),
    expect: { keys: ['default incoming'], findings: [] },
  },
  {
    name: 'deleting the rule that lets us in is refused',
    params: { rule: 'allow', port: '22/tcp', delete: true },
    given: host({ ...OPEN, enabled: true }),
    expect: { findings: [/^refuse: this would shut port 22/] },
  },
  {
    name: 'what lets us in by a way of its own stays our way in',
    params: { rule: 'deny', port: 80, proto: 'tcp' },
    given: host({ enabled: true }),
    expect: { findings: [] },
  },
  {
    name: 'without ssh there is no door to shut',
    params: { state: 'enabled' },
    given: host(),
    facts: { ssh: null },
    expect: { findings: [] },
  },
  {
    name: 'a login over IPv6 is let in by rules for IPv6',
    params: { state: 'enabled' },
    given: host({ rules: SSH }),
    facts: { ssh: { client: '2001:db8::2', address: '2001:db8::1', port: 22 } },
    expect: { findings: [/^refuse: this would shut port 22 for 2001:db8::2/] },
  },
  {
    name: 'logging: on is any level',
    params: { logging: true },
    given: host({ logging: 'off' }),
    expect: { want: { logging: 'low' }, script: [/^ufw logging on\n$/] },
  },
]);

describeInvalid(ufwTask, [
  { name: 'nothing', params: {}, message: 'say what must hold' },
  { name: 'a port without a rule', params: { port: 22 }, message: '`port` belongs to a rule' },
  { name: 'a reset', params: { state: 'reset' }, message: 'not things that hold' },
  { name: 'a port by name', params: { rule: 'allow', port: 'ssh' }, message: 'for a service by name' },
  { name: 'a port out of range', params: { rule: 'allow', port: 70000 }, message: 'within 1 to 65535' },
  { name: 'a range backwards', params: { rule: 'allow', port: '30:20', proto: 'tcp' }, message: 'no range' },
  {
    name: 'all of IPv4, which would open IPv6 too',
    params: { rule: 'allow', port: 22, from: '0.0.0.0/0' },
    message: '`0.0.0.0/0` is IPv4 alone, and the rule would stand for both: leave `from` out',
  },
  {
    name: 'all of IPv6, which would open IPv4 too',
    params: { rules: [{ rule: 'allow', direction: 'out', port: 22, to_ip: '::/0' }] },
    message: '`::/0` is IPv6 alone, and the rule would stand for both: leave `to` out',
  },
  {
    name: 'all of IPv4 to an address of IPv6',
    params: { rule: 'allow', from: '0.0.0.0/0', to: '2001:db8::1' },
    message: 'mix IPv4 and IPv6',
  },
  { name: 'several ports of any protocol', params: { rule: 'allow', port: [80, 443] }, message: '`proto: tcp`' },
  {
    name: 'too many ports',
    params: { rule: 'allow', proto: 'tcp', port: Array.from({ length: 16 }, (_, at) => at + 1) },
    message: '15 ports',
  },
  {
    name: 'ports of a protocol without any',
    params: { rule: 'allow', port: 1, proto: 'esp' },
    message: 'esp has no ports',
  },
  {
    name: 'a contradiction of protocols',
    params: { rule: 'allow', port: '22/udp', proto: 'tcp' },
    message: 'contradicts',
  },
  { name: 'a bad address', params: { rule: 'allow', from: '10.0.0.300' }, message: 'an address is' },
  { name: 'two families', params: { rule: 'allow', from: '10.0.0.1', to: '::1' }, message: 'mix IPv4 and IPv6' },
  {
    name: 'both names of a key',
    params: { rule: 'allow', from: '10.0.0.1', from_ip: '10.0.0.1' },
    message: 'are the same',
  },
  {
    name: 'a profile with a port',
    params: { rule: 'allow', name: 'OpenSSH', port: 22 },
    message: 'says port and protocol itself',
  },
  {
    name: 'two interfaces without route',
    params: { rule: 'allow', interface_in: 'a', interface_out: 'b' },
    message: 'add `route: true`',
  },
  { name: 'a rule about everything', params: { rule: 'deny' }, message: 'write `default`' },
  { name: 'an apostrophe in a comment', params: { rule: 'allow', port: 1, comment: "it's" }, message: 'no apostrophe' },
  {
    name: 'two verdicts for one place',
    params: {
      rules: [
        { rule: 'allow', port: '22/tcp' },
        { rule: 'deny', port: 22, proto: 'tcp' },
      ],
    },
    message: 'contradict each other: allow 22/tcp, and deny 22/tcp',
  },
]);

test('what earlier tasks of the playbook open is open', () => {
  const params = ufwTask.params.parse({ state: 'enabled' });
  const before = ufwTask.read(host(), params);
  const change = { action: 'update', before, after: { state: 'enabled' }, keys: ['state'] } as const;
  const findings = (earlier: readonly unknown[]) =>
    ufwTask.findings!(change, params, { facts: debian12Facts, before, earlier });
  expect(findings([])).toHaveLength(1);
  expect(findings([ufwTask.params.parse({ rule: 'allow', port: 22 })])).toEqual([]);
  expect(findings([ufwTask.params.parse({ default: 'allow' })])).toEqual([]);
});

test.each([
  [{ rule: 'allow', port: '22', proto: 'tcp' }, '22/tcp'],
  [{ rule: 'deny', port: '22/tcp' }, '22/tcp'],
  [{ state: 'enabled', default: { incoming: 'deny' }, logging: 'low' }, 'default incoming, logging, state'],
  [{ default: 'deny', direction: 'outgoing' }, 'default outgoing'],
  [{ rules: [1, 2, 3, 4, 5].map((port) => ({ rule: 'allow', port })) }, '1, 2, 3, 2 more'],
])('the id of %j is its places: %s', (params, id) => {
  expect(ufwTask.id(ufwTask.params.parse(params))).toBe(id);
});
