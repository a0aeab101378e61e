import { expect, test } from 'vitest';
import { canonicalRule } from '../../src/tasks/audit-rules/audit-rule.ts';
import { auditRulesTask } from '../../src/tasks/audit-rules/index.ts';
import { describeInvalid, describeTask } from '../support/describe-task.ts';

// auditctl 3.0.9 on Debian 12
const status = (enabled: number): string => `== status
enabled ${enabled}
failure 1
pid 227
rate_limit 0
backlog_limit 8192
lost 0
backlog 0
backlog_wait_time 60000
backlog_wait_time_actual 0
loginuid_immutable 0 unlocked
`;

function host(h: { enabled?: number; list?: readonly string[]; directories?: string; rules?: string } = {}): string {
  const list = h.list?.length ? h.list.join('\n') : 'No rules';
  return `${status(h.enabled ?? 1)}== list\n${list}\n== directories\n${h.directories ?? ''}${h.rules === undefined ? '' : `== rules\n${h.rules}`}`;
}

const watch = '-w /etc/docker -p rwxa -k docker';
const file = `# Audit rules, kept by harden.\n-i\n${watch}\n`;

describeTask(auditRulesTask, [
  {
    name: 'leaves alone what is in the file and in the kernel',
    params: { watches: ['/etc/docker'] },
    given: host({ list: [watch], rules: file }),
    expect: { action: 'none', findings: [], needs: ['command:augenrules', 'path:/etc'] },
  },
  {
    name: 'writes the rules behind -i, and loads them',
    params: { watches: ['/etc/docker'] },
    given: host(),
    expect: {
      keys: ['rules', 'loaded'],
      script: [`\n-i\n${watch}\n`, 'augenrules --load', 'auditctl -e 1'],
      keeps: ['/etc/audit/rules.d/50-harden.rules', '/etc/tmpfiles.d/audit-50-harden.conf', '/etc/audit/audit.rules'],
      undo: ['augenrules --load'],
      findings: [],
    },
  },
  {
    name: 'has the directories under /run made before the rules are loaded',
    params: { watches: ['/run/containerd', '/run/containerd/containerd.sock', '/run/docker.sock'] },
    given: host(),
    expect: {
      want: { directories: ['/run/containerd'] },
      keys: ['rules', 'loaded', 'directories'],
      script: ['d /run/containerd 0711 root root -', 'systemd-tmpfiles --create /etc/tmpfiles.d/audit-50-harden.conf'],
      needs: ['command:augenrules'],
    },
  },
  {
    name: 'reads the directories that are made at boot',
    params: { watches: ['/run/containerd/containerd.sock'] },
    given: host({
      directories: '# Watched\nd /run/containerd 0711 root root -\n',
      rules: '-i\n-w /run/containerd/containerd.sock -p rwxa -k docker\n',
      list: ['-w /run/containerd/containerd.sock -p rwxa -k docker'],
    }),
    expect: { action: 'none' },
  },
  {
    name: 'sees rules that the kernel has lost',
    params: { watches: ['/etc/docker'] },
    given: host({ rules: file }),
    expect: {
      keys: ['loaded'],
      notScript: ['50-harden.rules'],
      script: ['augenrules --load'],
      findings: [/^warn: the file is right and yet/],
    },
  },
  {
    name: 'sees that nothing is recorded',
    params: { watches: ['/etc/docker'] },
    given: host({ enabled: 0, rules: file, list: [watch] }),
    expect: { keys: ['enabled'], script: ['auditctl -e 1'] },
  },
  {
    name: 'knows rules in the words of auditctl',
    params: {
      rules: [
        '-a always,exit -F arch=b64 -S settimeofday -S adjtimex -k time-change',
        '-a always,exit -F path=/usr/bin/sudo -F perm=x -F auid!=unset -k priv',
      ],
    },
    given: host({
      list: [
        '-a always,exit -F arch=b64 -S adjtimex,settimeofday -F key=time-change',
        '-a always,exit -S all -F path=/usr/bin/sudo -F perm=x -F auid!=-1 -F key=priv',
      ],
      rules:
        '-i\n-a always,exit -F arch=b64 -S settimeofday -S adjtimex -k time-change\n-a always,exit -F path=/usr/bin/sudo -F perm=x -F auid!=unset -k priv\n',
    }),
    expect: { action: 'none' },
  },
  {
    name: 'locks the rules',
    params: { watches: ['/etc/docker'], immutable: true },
    given: host(),
    expect: {
      keys: ['rules', 'loaded', 'locked'],
      script: [/-k docker\n-e 2\n/],
      notScript: ['auditctl -e'],
      undo: null,
    },
  },
  {
    name: 'refuses to change locked rules',
    params: { watches: ['/etc/docker'] },
    given: host({ enabled: 2 }),
    expect: { findings: [/^refuse: the audit rules of this host are locked/] },
  },
  {
    name: 'writes the file alone where rules are locked',
    params: { watches: ['/etc/docker'], load: false },
    given: host({ enabled: 2 }),
    expect: { keys: ['rules'], notScript: ['augenrules'], undo: null, findings: [] },
  },
  {
    name: 'refuses a container',
    params: { watches: ['/etc/docker'] },
    given:
      '== status\nError - audit support not in kernel\nCannot open netlink audit socket\n== list\n== directories\n',
    expect: {
      findings: [
        /^refuse: the kernel does not let this host ask for audit rules \(Error - audit support not in kernel/,
      ],
    },
  },
  {
    name: 'absent removes the file and its rules',
    params: { state: 'absent' },
    given: host({ rules: file, list: [watch] }),
    expect: { action: 'delete', script: ['rm -f /etc/audit/rules.d/50-harden.rules', 'augenrules --load'], needs: [] },
  },
  { name: 'absent holds', params: { state: 'absent' }, given: host(), expect: { action: 'none' } },
]);

describeInvalid(auditRulesTask, [
  { name: 'nothing to record', params: {}, message: 'watches, or rules' },
  { name: 'a slash at the end', params: { watches: ['/etc/docker/'] }, message: 'without a slash at its end' },
  { name: 'permissions twice', params: { watches: ['/a/b'], permissions: 'rr' }, message: 'some of r, w, x and a' },
  { name: 'a rule that is none', params: { rules: ['-D -x'] }, message: 'starts with -a, -A or -w' },
  {
    name: 'a file that is not read',
    params: { watches: ['/a'], file: '/etc/audit/audit.rules' },
    message: 'augenrules reads',
  },
]);

test.each([
  ['-w /etc/docker/ -p ar -k x', '-w /etc/docker -p ra -k x'],
  ['-a exit,always -F dir=/a/ -F perm=wa -k x', '-w /a -p aw -k x'],
  ['-a always,exit -F arch=b64 -S a,b -k x', '-a always,exit -F arch=b64 -S b -S a -F key=x'],
  ['-a always,exit -F auid>=1000 -F auid!=4294967295 -S open', '-a always,exit -S open -F auid!=unset -F auid>=1000'],
])('%s is %s', (one, other) => {
  expect(canonicalRule(one)).toBe(canonicalRule(other));
});

test.each([
  ['-w /a -p r -k x', '-w /a -p rw -k x'],
  ['-w /a -p r -k x', '-w /b -p r -k x'],
  ['-a always,exit -S open -k x', '-a never,exit -S open -k x'],
  ['-a always,exit -F auid>=1000 -S open', '-a always,exit -F auid>=500 -S open'],
])('%s is not %s', (one, other) => {
  expect(canonicalRule(one)).not.toBe(canonicalRule(other));
});
