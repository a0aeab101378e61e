import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { sysctlTask } from '../../src/tasks/sysctl/index.ts';
import { editLines } from '../../src/tasks/sysctl/scripts.ts';
import { describeInvalid, describeTask } from '../support/describe-task.ts';

const OURS = '/etc/sysctl.d/99-zz-harden.conf';

/** What the probe prints on Debian 13: live values, then files and lines. */
function host(
  live: Readonly<Record<string, string>>,
  files: Readonly<Record<string, readonly string[]>> = {},
  more: readonly string[] = [],
): string {
  const out = Object.keys(live).map((path) => `writable\t/proc/sys/${path}`);
  for (const [path, value] of Object.entries(live)) out.push(`/proc/sys/${path}:${value}`);
  out.push(...more);
  for (const file of Object.keys(files)) if (file.includes('sysctl.d')) out.push(`file\t${file}`);
  for (const [file, lines] of Object.entries(files)) {
    for (const [index, line] of lines.entries()) out.push(`line\t${file}\t${index + 1}\t${line}`);
  }
  return `${out.join('\n')}\n`;
}

const debianDefaults = {
  '/usr/lib/sysctl.d/50-default.conf': [
    'kernel.sysrq = 0x01b6',
    'net.ipv4.conf.*.rp_filter = 2',
    '-net.ipv4.conf.all.rp_filter',
  ],
};

describeTask(sysctlTask, [
  {
    name: 'leaves alone what holds now and at boot',
    params: { name: 'kernel.kptr_restrict', value: 2 },
    given: host({ 'kernel/kptr_restrict': '2' }, { [OURS]: ['kernel.kptr_restrict = 2'] }),
    expect: { action: 'none', findings: [] },
  },
  {
    name: 'sets and saves',
    params: { name: 'kernel.kptr_restrict', value: '2' },
    given: host({ 'kernel/kptr_restrict': '0' }, debianDefaults),
    expect: {
      before: { 'kernel.kptr_restrict': '0', 'kernel.kptr_restrict at boot': 'not set' },
      keys: ['kernel.kptr_restrict', 'kernel.kptr_restrict at boot'],
      script: ['2 >/proc/sys/kernel/kptr_restrict ||', 'mkdir -p -m 0755 /etc/sysctl.d', 'kernel.kptr_restrict = 2'],
      undo: ['0 >/proc/sys/kernel/kptr_restrict'],
      keeps: [OURS],
      risk: 'none',
      findings: [],
      needs: [],
      provides: [`path:${OURS}`],
    },
  },
  {
    name: 'sets each interface whose own value counts, and keeps it',
    params: { name: 'net.ipv4.conf.all.rp_filter', value: 1 },
    given: host(
      {
        'net/ipv4/conf/all/rp_filter': '0',
        'net/ipv4/conf/default/rp_filter': '2',
        'net/ipv4/conf/eth0/rp_filter': '2',
        'net/ipv4/conf/lo/rp_filter': '0',
      },
      debianDefaults,
    ),
    expect: {
      before: { 'net.ipv4.conf.all.rp_filter is not in force on': ['default: 2', 'eth0: 2'] },
      script: [
        '1 >/proc/sys/net/ipv4/conf/eth0/rp_filter',
        'net.ipv4.conf.default.rp_filter = 1',
        'net.ipv4.conf.*.rp_filter = 1',
      ],
      notScript: ['conf/lo/rp_filter'],
      undo: ['2 >/proc/sys/net/ipv4/conf/eth0/rp_filter'],
      risk: 'access',
    },
  },
  {
    name: 'leaves an interface alone where the kernel takes what is wanted from all',
    params: { settings: { 'net.ipv4.conf.all.accept_source_route': 0, 'net.ipv4.conf.all.log_martians': 1 } },
    given: host(
      {
        'net/ipv4/conf/all/accept_source_route': '0',
        'net/ipv4/conf/eth0/accept_source_route': '1',
        'net/ipv4/conf/all/log_martians': '1',
        'net/ipv4/conf/eth0/log_martians': '0',
      },
      { [OURS]: ['net.ipv4.conf.all.accept_source_route = 0', 'net.ipv4.conf.all.log_martians = 1'] },
    ),
    expect: { action: 'none' },
  },
  {
    name: 'sees that one of the two is enough to send redirects',
    params: { name: 'net.ipv4.conf.all.send_redirects', value: 0 },
    given: host(
      { 'net/ipv4/conf/all/send_redirects': '0', 'net/ipv4/conf/eth0/send_redirects': '1' },
      { [OURS]: ['net.ipv4.conf.all.send_redirects = 0', 'net.ipv4.conf.*.send_redirects = 0'] },
    ),
    expect: { keys: ['net.ipv4.conf.all.send_redirects is not in force on'], keeps: [] },
  },
  {
    name: 'leaves an interface that has a line of its own beside ours',
    params: { name: 'net.ipv4.conf.all.rp_filter', value: 1 },
    given: host(
      { 'net/ipv4/conf/all/rp_filter': '1', 'net/ipv4/conf/eth0/rp_filter': '2' },
      {
        [OURS]: [
          'net.ipv4.conf.all.rp_filter = 1',
          'net.ipv4.conf.*.rp_filter = 1',
          'net.ipv4.conf.eth0.rp_filter = 2',
        ],
      },
    ),
    expect: { action: 'none' },
  },
  {
    name: 'only saves what the kernel already has',
    params: { name: 'kernel.kptr_restrict', value: '2' },
    given: host({ 'kernel/kptr_restrict': '2' }),
    expect: { keys: ['kernel.kptr_restrict at boot'], notScript: ['/proc/sys'], undo: null },
  },
  {
    name: 'a value that another file gives at boot is not written twice',
    params: { name: 'fs.protected_symlinks', value: 1 },
    given: host({ 'fs/protected_symlinks': '1' }, { '/usr/lib/sysctl.d/50-default.conf': ['fs.protected_symlinks=1'] }),
    expect: { action: 'none' },
  },
  {
    name: 'tabs of the kernel are the spaces of people',
    params: { name: 'net.ipv4.tcp_rmem', value: '4096  131072 6291456' },
    given: host(
      { 'net/ipv4/tcp_rmem': '4096\t131072\t6291456' },
      { [OURS]: ['net/ipv4/tcp_rmem =4096 131072\t6291456'] },
    ),
    expect: { action: 'none' },
  },
  {
    name: 'a dot in an interface name stands behind slashes',
    params: { name: 'net/ipv4/conf/eth0.100/rp_filter', value: 1 },
    given: host(
      { 'net/ipv4/conf/eth0.100/rp_filter': '0' },
      { '/etc/sysctl.d/10-a.conf': ['net.ipv4.conf.eth0/100.rp_filter = 1'] },
    ),
    expect: {
      keys: ['net/ipv4/conf/eth0.100/rp_filter'],
      script: ['/proc/sys/net/ipv4/conf/eth0.100/rp_filter'],
      risk: 'access',
    },
  },
  {
    name: 'the last file by name wins, whatever its directory',
    params: { name: 'vm.swappiness', value: 10, file: '/etc/sysctl.d/50-a.conf' },
    given: host(
      { 'vm/swappiness': '10' },
      { '/etc/sysctl.d/50-a.conf': ['vm.swappiness = 10'], '/usr/lib/sysctl.d/40-b.conf': ['vm.swappiness = 60'] },
    ),
    expect: { action: 'none', findings: [] },
  },
  {
    name: 'refuses what a later file would take back at boot',
    params: { name: 'vm.swappiness', value: 10, file: '/etc/sysctl.d/50-a.conf' },
    given: host(
      { 'vm/swappiness': '10' },
      { '/etc/sysctl.d/50-a.conf': ['vm.swappiness = 10'], '/usr/lib/sysctl.d/60-b.conf': ['', 'vm.swappiness = 60'] },
    ),
    expect: {
      before: { 'vm.swappiness at boot': '60' },
      findings: [/^refuse: \/usr\/lib\/sysctl\.d\/60-b\.conf:2 sets vm\.swappiness = 60, and is read after/],
    },
  },
  {
    name: 'a file of the same name in /etc hides the one of the package',
    params: { name: 'vm.swappiness', value: 10, file: '/etc/sysctl.d/50-a.conf' },
    given: host(
      { 'vm/swappiness': '10' },
      { '/etc/sysctl.d/60-b.conf': [], '/usr/lib/sysctl.d/60-b.conf': ['vm.swappiness = 60'] },
    ),
    expect: { before: { 'vm.swappiness at boot': 'not set' }, findings: [] },
  },
  {
    name: 'a pattern gives the value where no plain line does',
    params: { settings: { 'net.ipv4.conf.eth0.rp_filter': 2, 'net.ipv4.conf.all.rp_filter': 1 } },
    given: host({ 'net/ipv4/conf/eth0/rp_filter': '2', 'net/ipv4/conf/all/rp_filter': '1' }, debianDefaults),
    expect: { keys: ['net.ipv4.conf.all.rp_filter at boot'], findings: [] },
  },
  {
    name: 'sets many with one task, forwarding first',
    params: { settings: { 'net.ipv4.conf.all.accept_redirects': 0, 'net.ipv4.ip_forward': 1 } },
    given: host({ 'net/ipv4/conf/all/accept_redirects': '1', 'net/ipv4/ip_forward': '0' }),
    expect: { script: [/ip_forward \|\|[\s\S]*accept_redirects \|\|/], risk: 'access' },
  },
  {
    name: 'with reload false the running kernel keeps its value',
    params: { name: 'vm.swappiness', value: 10, reload: false },
    given: host({ 'vm/swappiness': '60' }),
    expect: { want: { 'vm.swappiness at boot': '10' }, keys: ['vm.swappiness at boot'] },
  },
  {
    name: 'absent takes the line out and leaves the kernel alone',
    params: { name: 'vm.swappiness', state: 'absent' },
    given: host({ 'vm/swappiness': '10' }, { [OURS]: ['vm.swappiness = 10'] }),
    expect: { keys: [`vm.swappiness in ${OURS}`], notScript: ['/proc/sys'], keeps: [OURS], provides: [], findings: [] },
  },
  {
    name: 'absent holds where there is no line',
    params: { name: 'vm.swappiness', state: 'absent' },
    given: host({ 'vm/swappiness': '10' }),
    expect: { action: 'none' },
  },
  {
    name: 'refuses a parameter that the kernel does not have',
    params: { name: 'kernel.kptr_restrickt', value: 2 },
    given: host({}),
    expect: { findings: [/^refuse: this kernel has no parameter kernel\.kptr_restrickt/] },
  },
  {
    name: 'says that IPv6 is off',
    params: { name: 'net.ipv6.conf.all.accept_ra', value: 0 },
    given: host({}),
    expect: { findings: [/IPv6 is off on this host/] },
  },
  {
    name: 'saves what may be missing, and asks nothing of the kernel',
    params: { name: 'net.ipv6.conf.all.accept_ra', value: 0, ignoreerrors: true },
    given: host({}),
    expect: { keys: ['net.ipv6.conf.all.accept_ra at boot'], notScript: ['/proc/sys'], findings: [] },
  },
  {
    name: 'the module of a parameter may come with an earlier task',
    params: { name: 'net.bridge.bridge-nf-call-iptables', value: 1 },
    given: host({}),
    expect: {
      needs: ['path:/proc/sys/net/bridge'],
      findings: [],
      script: ['/proc/sys/net/bridge/bridge-nf-call-iptables'],
    },
  },
  {
    name: 'refuses what a container cannot set',
    params: { name: 'kernel.kptr_restrict', value: 2 },
    given: 'locked\t/proc/sys/kernel/kptr_restrict\n/proc/sys/kernel/kptr_restrict:0\n',
    expect: { findings: [/^refuse: kernel\.kptr_restrict cannot be set on this host/] },
  },
  {
    name: 'refuses to switch forwarding off under Docker',
    params: { name: 'net.ipv4.ip_forward', value: 0 },
    given: host({ 'net/ipv4/ip_forward': '1' }, {}, ['docker']),
    expect: { findings: [/^refuse: net\.ipv4\.ip_forward = 0 closes every published port of Docker/] },
  },
  {
    name: 'switches forwarding off without Docker',
    params: { name: 'net.ipv4.ip_forward', value: 0 },
    given: host({ 'net/ipv4/ip_forward': '1' }),
    expect: { findings: [], action: 'update' },
  },
  {
    name: 'warns of bridges that bypass the firewall',
    params: { name: 'net.bridge.bridge-nf-call-iptables', value: 0 },
    given: host({ 'net/bridge/bridge-nf-call-iptables': '1' }, {}, ['docker']),
    expect: {
      findings: [/^warn: net\.bridge\.bridge-nf-call-iptables = 0 takes traffic between containers past the firewall/],
    },
  },
  {
    name: 'warns of what ufw sets',
    params: { name: 'net.ipv4.conf.all.log_martians', value: 1 },
    given: host(
      { 'net/ipv4/conf/all/log_martians': '1' },
      {
        '/etc/default/ufw': ['IPT_SYSCTL=/etc/ufw/sysctl.conf'],
        '/etc/ufw/sysctl.conf': ['net/ipv4/conf/all/log_martians=0'],
      },
    ),
    expect: {
      findings: [/^warn: \/etc\/ufw\/sysctl\.conf:1 sets net\.ipv4\.conf\.all\.log_martians = 0, which ufw applies/],
    },
  },
  {
    name: 'an ufw that sets no parameters is not warned of',
    params: { name: 'net.ipv4.conf.all.log_martians', value: 1 },
    given: host(
      { 'net/ipv4/conf/all/log_martians': '1' },
      { '/etc/default/ufw': ['IPT_SYSCTL='], '/etc/ufw/sysctl.conf': ['net/ipv4/conf/all/log_martians=0'] },
    ),
    expect: { findings: [] },
  },
  {
    name: 'does not try to undo what the kernel keeps',
    params: { name: 'kernel.kexec_load_disabled', value: 1 },
    given: host({ 'kernel/kexec_load_disabled': '0' }),
    expect: { undo: null },
  },
]);

describeInvalid(sysctlTask, [
  { name: 'a pattern', params: { name: 'net.ipv4.conf.*.rp_filter', value: 1 }, message: 'without patterns' },
  {
    name: 'a way out of /proc/sys',
    params: { name: 'kernel/../../etc/passwd', value: 1 },
    message: 'a kernel parameter',
  },
  { name: 'two lines', params: { name: 'vm.swappiness', value: '1\n2' }, message: 'one line' },
  { name: 'no value', params: { name: 'vm.swappiness' }, message: 'has a value' },
  { name: 'name and settings', params: { name: 'vm.swappiness', value: 1, settings: { 'a.b': 1 } }, message: 'either' },
  {
    name: 'a file that is not read',
    params: { name: 'a.b', value: 1, file: '/etc/sysctl.conf' },
    message: '/etc/sysctl.d/NAME.conf',
  },
]);

test('what lasts until the next boot is said', () => {
  const params = sysctlTask.params.parse({ name: 'kernel.kexec_load_disabled', value: 1 });
  const change = { action: 'update', before: {}, after: {}, keys: ['kernel.kexec_load_disabled'] } as const;
  expect(sysctlTask.irreversible?.(params, change)).toMatch(
    /kernel\.kexec_load_disabled = 1 stays until the next boot/,
  );
  expect(
    sysctlTask.irreversible?.(params, { ...change, keys: ['kernel.kexec_load_disabled at boot'] }),
  ).toBeUndefined();
});

test.each([
  ['replaces a line where it stands', 'a.b = 1\n# c\nc.d=2\n', [['a.b', '3']], 'a.b = 3\n# c\nc.d=2\n'],
  ['replaces a line with slashes and spaces', '  -a/b=1\nc.d=2\n', [['a.b', '3']], 'a.b = 3\nc.d=2\n'],
  ['drops a repeated line', 'a.b = 1\nc.d=2\na.b = 5\n', [['a.b', '3']], 'a.b = 3\nc.d=2\n'],
  [
    'appends, in the order of the task',
    '# mine\n',
    [
      ['b.c', '1'],
      ['a.b', '2 3'],
    ],
    '# mine\nb.c = 1\na.b = 2 3\n',
  ],
  ['takes a line out', 'a.b = 1\nc.d=2\n', [['a.b', undefined]], 'c.d=2\n'],
  ['leaves exclusions and comments', '-a.b\n#a.b = 1\n;a.b=2\n', [['a.b', '3']], '-a.b\n#a.b = 1\n;a.b=2\na.b = 3\n'],
  [
    'keeps an interface with a dot apart',
    'net/ipv4/conf/e.1/x = 1\nnet.ipv4.conf.e.1.x = 2\n',
    [['net.ipv4.conf.e/1.x', '9']],
    'net.ipv4.conf.e/1.x = 9\nnet.ipv4.conf.e.1.x = 2\n',
  ],
  [
    'keeps backslashes and ampersands of a value',
    '',
    [['kernel.core_pattern', '|/x \\& \\n $(id)']],
    'kernel.core_pattern = |/x \\& \\n $(id)\n',
  ],
] as const)('%s', (_name, old, saved, wanted) => {
  const { stdout } = spawnSync('sh', ['-c', `set -eu; old=/dev/stdin\n${editLines(saved)}`], {
    input: old,
    encoding: 'utf8',
  });
  expect(stdout.replace('# Kernel parameters, kept by harden.\n', '')).toBe(wanted);
});
