import { ufwDockerTask } from '../../src/tasks/ufw-docker/index.ts';
import { blockText, dockerUserRules, FAMILIES } from '../../src/tasks/ufw-docker/rules.ts';
import { describeInvalid, describeTask } from '../support/describe-task.ts';

const [V4, V6] = FAMILIES;
const BLOCK4 = blockText(V4, []);
const BLOCK6 = blockText(V6, []);
const FILE = '*filter\n:ufw-after-input - [0:0]\nCOMMIT\n';
const DOCKER = ['-A FORWARD -j DOCKER-USER', '-A FORWARD -o docker0 -j DOCKER'];

interface Host {
  readonly enabled?: boolean;
  readonly ipv6?: boolean;
  readonly files?: readonly [string, string];
  readonly kernel?: readonly (readonly string[])[];
  readonly unit?: string;
  readonly networks?: readonly string[];
  readonly published?: readonly string[];
  readonly daemon?: object;
}

/** What the probe prints. */
function host(given: Host = {}): string {
  const {
    enabled = true,
    ipv6 = true,
    files = [FILE, FILE],
    kernel = [DOCKER, []],
    unit = 'ActiveState=active',
  } = given;
  const families = FAMILIES.map(
    ({ family }, index) =>
      `== file ${family}\n${files[index]}\n== kernel ${family}\n${(kernel[index] ?? []).map((line) => `${line}\n`).join('')}`,
  );
  return [
    `== settings\nIPV6=${ipv6 ? 'yes' : 'no'}\nENABLED=${enabled ? 'yes' : 'no'}\n`,
    ...families,
    `== unit\n${unit}\n`,
    unit.includes('=active')
      ? `== networks\n${['bridge bridge docker0', 'host host <no value>', ...(given.networks ?? [])].join('\n')}\n== published\n${(given.published ?? []).map((line) => `${line}\n`).join('')}`
      : '',
    given.daemon ? `== daemon.json\n${JSON.stringify(given.daemon)}` : '',
  ].join('');
}

function withBlock(block: string): string {
  return `${FILE}# BEGIN harden: containers\n${block}# END harden: containers\n`;
}

const RULES4 = dockerUserRules(V4, []);
const RULES6 = dockerUserRules(V6, []);
const DONE: Host = {
  files: [withBlock(BLOCK4), withBlock(BLOCK6)],
  kernel: [[...DOCKER, ...RULES4], RULES6],
};

describeTask(ufwDockerTask, [
  {
    name: 'a host without the rules gets them, with what they will shut',
    params: {},
    given: host({
      published: [
        'web 0.0.0.0:8080->80/tcp, :::8080->80/tcp',
        'local 127.0.0.1:8081->80/tcp, ::1:8081->80/tcp, [::1]:8082->80/tcp',
        'inner 80/tcp',
      ],
    }),
    expect: {
      before: { IPv4: '', IPv6: '', 'in force': 'no' },
      keys: ['IPv4', 'IPv6', 'in force'],
      script: ['/etc/ufw/after.rules', '/etc/ufw/after6.rules', 'ufw reload', '-A DOCKER-USER -i docker0 -j RETURN'],
      notScript: ['docker0 -j ACCEPT'],
      validate: ['iptables-restore -n --test', 'ip6tables-restore -n --test'],
      findings: [/^warn: from now on .*: web 0\.0\.0\.0:8080->80\/tcp :::8080->80\/tcp A rule is/],
      needs: ['command:ufw'],
      keeps: ['/etc/ufw/after.rules', '/etc/ufw/after6.rules'],
      risk: 'access',
      undo: ['withdraw filter', 'ufw reload'],
    },
  },
  { name: 'what holds is no change', params: {}, given: host(DONE), expect: { action: 'none', findings: [] } },
  {
    name: 'rules of others between ours do not matter, unless they accept',
    params: {},
    given: host({
      ...DONE,
      kernel: [
        [...DOCKER, '-A DOCKER-USER -s 10.0.0.1/32 -j f2b-web', '-A DOCKER-USER -p tcp -j ACCEPT', ...RULES4],
        RULES6,
      ],
    }),
    expect: {
      action: 'none',
      findings: [/^warn: another rule of iptables opens more: -A DOCKER-USER -p tcp -j ACCEPT/],
    },
  },
  {
    name: 'rules that are not in the kernel are a difference',
    params: {},
    given: host({ ...DONE, kernel: [[...DOCKER, '-A DOCKER-USER -j RETURN'], RULES6] }),
    expect: { before: { 'in force': 'partly' }, keys: ['in force'], script: ['ufw reload'], undo: ['ufw reload'] },
  },
  {
    name: 'so is a Docker that does not ask them',
    params: {},
    given: host({ ...DONE, kernel: [['-A FORWARD -o docker0 -j DOCKER', ...RULES4], RULES6] }),
    expect: { keys: ['in force'], script: ['-I FORWARD -j DOCKER-USER'] },
  },
  {
    name: 'or asks others first',
    params: {},
    given: host({
      ...DONE,
      kernel: [['-A FORWARD -j DOCKER-FORWARD', '-A FORWARD -j DOCKER-USER', ...RULES4], RULES6],
    }),
    expect: { keys: ['in force'] },
  },
  {
    name: 'with IPv6 off in ufw the IPv4 rules are the whole',
    params: {},
    given: host({ ...DONE, ipv6: false, kernel: [[...DOCKER, ...RULES4], []] }),
    expect: { action: 'none', findings: [] },
  },
  {
    name: 'but not where Docker publishes for IPv6',
    params: {},
    given: host({ ...DONE, ipv6: false, kernel: [[...DOCKER, ...RULES4], DOCKER] }),
    expect: { action: 'none', findings: [/^warn: .*IPV6=no/] },
  },
  {
    name: 'a firewall that is off has nothing in force yet, and that is said once the rules are there',
    params: {},
    given: host({ ...DONE, enabled: false, kernel: [DOCKER, []] }),
    expect: { action: 'none', findings: [/^warn: the firewall is off/] },
  },
  {
    name: 'on a firewall that is off only the files change',
    params: {},
    given: host({ enabled: false, unit: '' }),
    expect: { keys: ['IPv4', 'IPv6'], findings: [] },
  },
  {
    name: 'the block that playbooks wrote by hand is taken over',
    params: {},
    given: host({ ...DONE, files: [withBlock('*filter\n:DOCKER-USER - [0:0]\nCOMMIT\n'), FILE] }),
    expect: { keys: ['IPv4', 'IPv6'], findings: [], undo: ['ufw reload'] },
  },
  {
    name: 'bridges of their own names are meant too',
    params: { bridges: ['dmz0', 'vm+'] },
    given: host({ ...DONE, networks: ['dmz bridge dmz0', 'lab bridge vm7', 'own bridge '] }),
    expect: {
      keys: ['IPv4', 'IPv6', 'in force'],
      script: ['-A DOCKER-USER -i dmz0 -j RETURN', '-A DOCKER-USER -o vm+ -j DROP'],
      findings: [],
    },
  },
  {
    name: 'a bridge that is not named is a hole',
    params: {},
    given: host({ ...DONE, networks: ['dmz bridge dmz0', 'swarm bridge docker_gwbridge', 'flat macvlan '] }),
    expect: {
      action: 'none',
      findings: [
        /^refuse: the network dmz .*dmz0.*bridges: \[dmz0\]/,
        /^warn: containers in the network flat \(macvlan\)/,
      ],
    },
  },
  {
    name: 'taken away again',
    params: { state: 'disabled' },
    given: host(DONE),
    expect: {
      want: { IPv4: '', IPv6: '', 'in force': 'no' },
      keys: ['IPv4', 'IPv6', 'in force'],
      script: ['withdraw filter', 'iptables-restore -n', 'ip6tables-restore -n'],
      notScript: ['ufw reload'],
      findings: [],
      undo: ['ufw reload'],
    },
  },
  { name: 'nothing to take away', params: { state: 'disabled' }, given: host(), expect: { action: 'none' } },
  ...(
    [
      ['iptables: false', { daemon: { iptables: false } }, 'iptables is false in /etc/docker/daemon.json'],
      ['nftables', { daemon: { 'firewall-backend': 'nftables' } }, 'firewall-backend is nftables'],
      [
        'a flag',
        { unit: 'ExecStart={ argv[]=/usr/sbin/dockerd --iptables=false ; }' },
        'dockerd is started with --iptables=false',
      ],
      [
        'another flag',
        { unit: 'DOCKER_OPTS="--firewall-backend nftables"' },
        'dockerd is started with --firewall-backend nftables',
      ],
      ['chains that are gone', { kernel: [[], []] }, 'none of its chains are in iptables'],
    ] as const
  ).map(([name, given, message]) => ({
    name: `refused without a DOCKER-USER chain: ${name}`,
    params: {},
    given: host(given),
    expect: { findings: [new RegExp(`^refuse: there is no DOCKER-USER chain: .*${message}`)] },
  })),
  {
    name: 'refused where Docker publishes for IPv6 without asking',
    params: {},
    given: host({ kernel: [DOCKER, ['-A FORWARD -o docker0 -j DOCKER']] }),
    expect: { findings: [/^refuse: this Docker publishes ports for IPv6/] },
  },
  {
    name: 'refused where ufw-docker is there',
    params: {},
    given: host({
      files: [
        `${FILE}# BEGIN UFW AND DOCKER\n*filter\n:DOCKER-USER - [0:0]\n# END UFW AND DOCKER\n`,
        `${FILE}# not DOCKER-USER\n`,
      ],
    }),
    expect: { findings: [/^refuse: \/etc\/ufw\/after\.rules fills DOCKER-USER already: :DOCKER-USER.*UFW AND DOCKER/] },
  },
  {
    name: 'without ufw there is nothing',
    params: {},
    given: '',
    expect: { before: null, action: 'create', findings: [] },
  },
]);

describeInvalid(ufwDockerTask, [
  { name: 'a state of another type', params: { state: 'present' }, message: 'enabled' },
  { name: 'a name that is none', params: { bridges: ['br 0'] }, message: 'a bridge is named like dmz0' },
  {
    name: 'a name that is too long',
    params: { bridges: ['abcdefghijklmnopq'] },
    message: 'a bridge is named like dmz0',
  },
]);
