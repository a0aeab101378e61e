import { groupTask } from '../../src/tasks/group.ts';
import { describeInvalid, describeTask } from '../support/describe-task.ts';

describeTask(groupTask, [
  {
    name: 'makes a group',
    params: { name: 'deploy' },
    given: '',
    expect: {
      before: null,
      action: 'create',
      keys: ['name'],
      script: ['groupadd  deploy'],
      undo: ['groupdel deploy'],
      risk: 'none',
    },
  },
  {
    name: 'makes a system group with its number',
    params: { name: 'metrics', gid: 2200, system: true },
    given: '',
    expect: { action: 'create', script: ['groupadd -r -g 2200 metrics'] },
  },
  {
    name: 'is content with what is there',
    params: { name: 'metrics', gid: 2200 },
    given: 'metrics:x:2200:bob,alice\n',
    expect: { before: { gid: 2200, members: ['alice', 'bob'] }, action: 'none', findings: [] },
  },
  {
    name: 'does not mind the number when none is given',
    params: { name: 'metrics', system: true },
    given: 'metrics:x:2200:\n',
    expect: { action: 'none' },
  },
  {
    name: 'renumbers, and says whose files stay behind',
    params: { name: 'metrics', gid: 2201 },
    given: 'metrics:x:2200:\n',
    expect: {
      action: 'update',
      keys: ['gid'],
      script: ['groupmod -g 2201 metrics'],
      undo: ['groupmod -g 2200 metrics'],
      findings: [/^warn: files of gid 2200 stay/],
      risk: 'access',
    },
  },
  {
    name: 'refuses a number that another group has',
    params: { name: 'metrics', gid: 27 },
    given: 'metrics:x:2200:\nsudo:x:27:admin\n',
    expect: { error: 'gid 27 is that of the group sudo' },
  },
  {
    name: 'removes, and puts the members back on undo',
    params: { name: 'games', state: 'absent' },
    given: 'games:x:60:bob,alice\n',
    expect: {
      action: 'delete',
      script: ['groupdel games'],
      undo: ['groupadd -g 60 games', 'gpasswd -M alice,bob games'],
      findings: [/^warn: alice, bob will lose/],
      risk: 'access',
      provides: [],
    },
  },
  {
    name: 'has nothing to remove',
    params: { name: 'games', state: 'absent' },
    given: '',
    expect: { action: 'none' },
  },
  {
    name: 'does not remove a primary group',
    params: { name: 'bob', state: 'absent' },
    given: 'bob:x:1001:\n+primary:bob\n+primary:backup\n',
    expect: { action: 'delete', findings: [/^refuse: bob is the primary group of bob, backup/] },
  },
  {
    name: 'may go after the user of its name',
    params: { name: 'bob', state: 'absent' },
    given: 'bob:x:1001:\n+primary:bob\n',
    expect: { findings: [/^warn: the group bob goes with the user bob alone/] },
  },
  {
    name: 'does not remove the group of root',
    params: { name: 'root', state: 'absent' },
    given: 'root:x:0:\n+primary:root\n',
    expect: { findings: [/^refuse: root is the group of root/] },
  },
]);

describeInvalid(groupTask, [
  { name: 'a number as name', params: { name: '1000' }, message: 'not the name of an account' },
  { name: 'an option as name', params: { name: '-r' }, message: 'not the name of an account' },
  { name: 'a negative gid', params: { name: 'a', gid: -1 }, message: /Too small|expected/ },
  { name: 'an unknown key', params: { name: 'a', members: ['b'] }, message: /Unrecognized key/ },
]);
