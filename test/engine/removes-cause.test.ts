import { describe, expect, test } from 'vitest';
import type { PlannedTask } from '../../src/engine/plan.ts';
import { planTasks } from '../../src/engine/plan-tasks.ts';
import type { ResolvedTask } from '../../src/engine/resolved-task.ts';
import type { AnyTaskType } from '../../src/engine/task.ts';
import { registry } from '../../src/tasks/index.ts';
import { fakeFiles } from '../support/describe-task.ts';
import { debian12Facts } from '../support/facts.ts';

/** A task and what its probe prints. */
type Row = readonly [type: string, params: unknown, given: string];

function plan(...rows: readonly Row[]): readonly PlannedTask[] {
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
  const needs = tasks.flatMap((task) => task.type.needs?.(task.params, debian12Facts) ?? []);
  return planTasks(tasks, { frames, held: new Set(needs), pending: [], armed: [] }, debian12Facts);
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
