import { describe, expect, test } from 'vitest';
import { accessAfter, accessRefusals } from '../../src/engine/access.ts';
import type { PlannedTask } from '../../src/engine/plan.ts';
import type { AnyTaskType } from '../../src/engine/task.ts';
import { registry } from '../../src/tasks/index.ts';
import { debian12Facts } from '../support/facts.ts';

const ROOT_OUT = { sshd: { options: { PermitRootLogin: 'no', PasswordAuthentication: 'no' } } };
const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ5bC0eF0wYk1mTqS1m1m1m1m1m1m1m1m1m1m1m1m1m1 admin@laptop';
const SUDO = { sudoers: { name: 'admin', user: 'admin', commands: 'ALL', nopassword: true } };
const KEYED = { authorized_key: { user: 'admin', key: KEY } };
const MEMBER = { user: { name: 'admin', groups: ['sudo'], append: true } };

/** The tasks as a plan has them, each with a change to all that it speaks of. */
function planned(tasks: readonly Readonly<Record<string, unknown>>[]): PlannedTask[] {
  return tasks.map((task, index) => {
    const [name, given] = Object.entries(task)[0]!;
    const type = registry.get(name) as AnyTaskType;
    const params = type.params.parse(given) as never;
    return {
      task: {
        ...{ index, name, type, params, id: type.id(params), at: { file: 'p.yml', line: index + 1, column: 1 } },
        ...{ tags: [], notify: [], sensitive: false },
      },
      action: 'update',
      change: { action: 'update', before: {}, after: {}, keys: ['PermitRootLogin', 'PasswordAuthentication'] },
      findings: [],
      notifies: [],
      risk: true,
    };
  });
}

describe('root and passwords are shut out by a run as root', () => {
  test.each([
    ['nobody else is spoken of', [ROOT_OUT], /no task leaves an administrator with a key and sudo/],
    ['an administrator has sudo and no key', [SUDO, ROOT_OUT], /admin may use sudo but gets no key/],
    ['an administrator is in the group sudo and has no key', [MEMBER, ROOT_OUT], /gets no key/],
    ['somebody has a key and no sudo', [KEYED, ROOT_OUT], /no task leaves an administrator/],
    [
      'the administrator may run one program alone',
      [KEYED, { sudoers: { name: 'admin', user: 'admin', commands: '/usr/bin/docker' } }, ROOT_OUT],
      /no task leaves an administrator/,
    ],
    [
      'the rule of the administrator is removed',
      [KEYED, { sudoers: { name: 'admin', user: 'admin', state: 'absent' } }, ROOT_OUT],
      /no task leaves an administrator/,
    ],
    [
      'the key is another’s',
      [SUDO, { authorized_key: { user: 'backup', key: KEY } }, ROOT_OUT],
      /admin may use sudo but gets no key/,
    ],
  ])('%s: refused, at the task that shuts root out', (_, tasks, message) => {
    const refusals = accessRefusals(planned(tasks), debian12Facts);
    expect([...refusals.keys()]).toEqual([tasks.length - 1]);
    expect(refusals.get(tasks.length - 1)).toMatchObject({ level: 'refuse', message: expect.stringMatching(message) });
    expect(accessAfter(planned(tasks), debian12Facts).user).toBeUndefined();
  });

  test.each([
    ['a rule of sudoers', [SUDO, KEYED, ROOT_OUT]],
    ['the group sudo', [MEMBER, KEYED, ROOT_OUT]],
    ['tasks behind it', [ROOT_OUT, KEYED, SUDO]],
  ])('an administrator has a key and sudo by %s: goes, and that one is who must prove the way in', (_, tasks) => {
    expect(accessRefusals(planned(tasks), debian12Facts).size).toBe(0);
    expect(accessAfter(planned(tasks), debian12Facts)).toEqual({ user: 'admin', port: undefined });
  });

  test('a run as the administrator needs no other', () => {
    expect(accessRefusals(planned([ROOT_OUT]), { ...debian12Facts, login: 'admin' }).size).toBe(0);
  });
});
