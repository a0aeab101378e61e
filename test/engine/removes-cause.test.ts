import { describe, expect, test } from 'vitest';
import type { PlannedTask } from '../../src/engine/plan.ts';
import { planTasks } from '../../src/engine/plan-tasks.ts';
import type { ResolvedTask } from '../../src/engine/resolved-task.ts';
import type { AnyTaskType } from '../../src/engine/task.ts';
import type { Facts } from '../../src/remote/facts.ts';
import { registry } from '../../src/tasks/index.ts';
import { fakeFiles } from '../support/describe-task.ts';
import { debian12Facts } from '../support/facts.ts';

/** A task and what its probe prints. */
type Row = readonly [type: string, params: unknown, given: string];

function plan(...rows: readonly Row[]): readonly PlannedTask[] {
  return planIn(debian12Facts, undefined, ...rows);
}

/** `held`: the needs that hold; by default all. */
function planIn(facts: Facts, held: readonly string[] | undefined, ...rows: readonly Row[]): readonly PlannedTask[] {
  const tasks = rows.map(([name, given], index): ResolvedTask => {
    const type = registry.get(name) as AnyTaskType;
    const parsed = type.params.parse(given);
    const params = type.load ? type.load(parsed, fakeFiles({})) : parsed;
    const at = { file: 'p.yml', line: index + 1, column: 1 };
    const id = type.id(params);
    return { index, name: `${name} ${id}`, type, params, id, at, tags: [], notify: [], sensitive: false };
  });
  const frames = new Map(
    rows.map(([, , stdout], index) => [
      index,
      { exitCode: 0, stdout: Buffer.from(stdout), stderr: Buffer.alloc(0), milliseconds: 0 },
    ]),
  );
  const needs = tasks.flatMap((task) => task.type.needs?.(task.params, facts) ?? []);
  return planTasks(tasks, { frames, held: new Set(held ?? needs), pending: [], armed: [] }, facts);
}

const file = 'root 0 root 0 644 30 regular file\n\0';
const directory = 'root 0 root 0 755 4096 directory\n\0';
const sysctl: Row = [
  'sysctl',
  { name: 'kernel.kptr_restrict', value: 2 },
  'writable\t/proc/sys/kernel/kptr_restrict\n/proc/sys/kernel/kptr_restrict:0\nfile\t/etc/sysctl.d/zz-local.conf\nline\t/etc/sysctl.d/zz-local.conf\t1\tkernel.kptr_restrict = 0\n',
];
const gone = (path: string): Row => ['file', { path, state: 'absent' }, file];
const command = (cmd: string): Row => ['command', { cmd }, ''];
const move: Row = [
  'user',
  { name: 'app', home: '/srv/app', move_home: true },
  'app:x:990:990::/var/lib/app:/usr/sbin/nologin\n+groups:app\n+shadow:app:!:20000::::::\n+home:\n+process:812 /system.slice/app.service\n',
];
const chrony: Row = ['apt', { name: 'chrony=4.3-3' }, 'P|hi |chrony|amd64|4.3-2|chrony|\npolicy:\n'];
const module: Row = ['modprobe', { name: 'cramfs', state: 'disabled' }, 'loaded no\nline /etc/modules:cramfs\n'];
const copied: Row = ['copy', { dest: '/srv/site', content: 'x' }, directory];
const stopped: Row = [
  'service',
  { name: 'app', state: 'stopped' },
  'Id=app.service\nLoadState=loaded\nActiveState=active\nSubState=running\nUnitFileState=enabled\nNeedDaemonReload=no\nTriggeredBy=\n',
];

const settled: readonly (readonly [what: string, earlier: Row, later: Row])[] = [
  [
    'a line of another file',
    [
      'lineinfile',
      { path: '/etc/sysctl.d/zz-local.conf', regexp: 'kptr', state: 'absent' },
      `${file}kernel.kptr_restrict = 0\n`,
    ],
    sysctl,
  ],
  ['a whole file', gone('/etc/sysctl.d/zz-local.conf'), sysctl],
  ['a file in another way', ['copy', { dest: '/etc/sysctl.d/zz-local.conf', content: '' }, file], sysctl],
  ['a line, by a command', command('sed -i /kptr/d /etc/sysctl.d/zz-local.conf'), sysctl],
  [
    'what loads a module',
    ['lineinfile', { path: '/etc/modules', regexp: '^cramfs', state: 'absent' }, `${file}cramfs\n`],
    module,
  ],
  ['the service of an account', stopped, move],
  ['the service of an account, by a command', command('systemctl stop app'), move],
  ['a hold', command('apt-mark unhold chrony'), chrony],
  ['a directory where a file is to be', ['file', { path: '/srv/site', state: 'absent' }, directory], copied],
];

describe('a refusal whose cause an earlier task takes away is known after apply', () => {
  test.each(settled)('%s', (_what, earlier, later) => {
    expect(plan(later)[0]?.findings).toEqual([expect.objectContaining({ level: 'refuse' })]);
    const [first, second] = plan(earlier, later);
    expect(first?.change).toBeDefined();
    expect(second).toMatchObject({ findings: [], unknown: expect.stringContaining(first!.task.name) });
  });
});

const stands: readonly (readonly [what: string, earlier: Row, later: Row])[] = [
  ['another file goes', gone('/etc/sysctl.d/zz-other.conf'), sysctl],
  ['the file is gone already', ['file', { path: '/etc/sysctl.d/zz-local.conf', state: 'absent' }, ''], sysctl],
  [
    'the same type writes its own file',
    ['sysctl', { name: 'vm.swappiness', value: 1 }, 'writable\t/proc/sys/vm/swappiness\n/proc/sys/vm/swappiness:60\n'],
    sysctl,
  ],
  ['a command speaks of something else', command('update-grub'), sysctl],
  ['another service stops', ['service', { name: 'web', state: 'stopped' }, stopped[2].replaceAll('app', 'web')], move],
  ['another package is released', command('apt-mark unhold nginx'), chrony],
  [
    'what would lock out',
    command('true root'),
    [
      'user',
      { name: 'root', state: 'absent' },
      'root:x:0:0::/root:/bin/bash\n+groups:root\n+shadow:root:*:20000::::::\n',
    ],
  ],
];

describe('a refusal stands where', () => {
  test.each(stands)('%s', (_what, earlier, later) => {
    const second = plan(earlier, later)[1];
    expect(second?.unknown).toBeUndefined();
    expect(second?.findings).toContainEqual(expect.objectContaining({ level: 'refuse' }));
  });
});

describe('what a container cannot have', () => {
  const rules: Row = ['audit_rules', { watches: ['/etc/docker'] }, ''];
  const auditd: Row = ['apt', { name: 'auditd' }, ''];
  const inContainer = { ...debian12Facts, virtualization: 'lxc', container: true, audit: false, apparmor: false };

  test('is refused at plan, whatever is installed before', () => {
    const planned = planIn(inContainer, ['command:apt-get'], auditd, rules)[1];
    expect(planned).toMatchObject({
      action: 'none',
      findings: [{ level: 'refuse', message: expect.stringContaining('is a container (lxc)') }],
    });
  });

  test('waits for its package on a machine', () => {
    expect(planIn(debian12Facts, ['command:apt-get'], auditd, rules)[1]?.unknown).toContain('apt auditd');
  });

  test('AppArmor profiles too, and a file of rules that is not loaded is none of it', () => {
    const profile: Row = ['apparmor', { profiles: [{ name: 'usr.bin.man', mode: 'enforce' }] }, ''];
    expect(planIn(inContainer, [], profile)[0]?.findings[0]?.message).toContain('without AppArmor');
    const written: Row = ['audit_rules', { watches: ['/etc/docker'], load: false }, ''];
    expect(planIn(inContainer, ['command:apt-get'], auditd, written)[1]?.unknown).toBeDefined();
  });
});

describe('what other tasks of the playbook, before or behind, mean for one', () => {
  const among = (
    type: string,
    params: unknown,
    before: unknown,
    others: Readonly<Record<string, readonly unknown[]>>,
  ) => {
    const task = registry.get(type) as AnyTaskType;
    const p = task.params.parse(params);
    const tasksOf = (other: string) =>
      (others[other] ?? []).map((each) => (registry.get(other) as AnyTaskType).params.parse(each));
    const change = { action: 'update', before, after: {}, keys: ['loaded'] } as const;
    return (task.findings?.(change, p, { facts: debian12Facts, before, tasksOf }) ?? [])
      .filter(({ level }) => level === 'refuse')
      .map(({ message }) => message);
  };
  const daemon = { docker_daemon: [{ options: { iptables: false } }] };

  test('ufw_docker beside a docker_daemon without iptables', () => {
    expect(among('ufw_docker', {}, null, daemon)).toEqual([expect.stringContaining('sets iptables: false')]);
    expect(among('ufw_docker', {}, null, { docker_daemon: [{ options: { icc: false } }] })).toEqual([]);
    expect(among('ufw_docker', { state: 'disabled' }, null, daemon)).toEqual([]);
  });

  test('forwarding and modules that Docker needs, where Docker comes with the playbook', () => {
    const off = { name: 'net.ipv4.ip_forward', value: 0 };
    const module = { name: 'overlay', state: 'disabled' };
    const brings = { apt: [{ name: 'docker.io' }] };
    expect(among('sysctl', off, {}, brings)).toEqual([expect.stringContaining('closes every published port')]);
    expect(among('sysctl', off, {}, { apt: [{ name: 'docker.io', state: 'absent' }] })).toEqual([]);
    expect(among('modprobe', module, {}, brings)).toEqual(['Docker does not work without overlay']);
    expect(among('modprobe', module, {}, {})).toEqual([]);
  });
});
