import { assertTask } from '../../src/tasks/assert.ts';
import { describeInvalid, describeTask } from '../support/describe-task.ts';

describeTask(assertTask, [
  {
    name: 'facts that hold',
    params: { that: { 'facts.os.id': ['debian', 'ubuntu'], 'facts.os.version': 12, 'facts.systemd': true } },
    given: '',
    expect: { action: 'none', findings: [] },
  },
  {
    name: 'facts that do not hold',
    params: { that: { 'facts.os.id': 'ubuntu', 'facts.arch': ['x86_64', 'aarch64'] } },
    given: '',
    expect: { findings: [/^refuse: does not hold: facts.os.id is debian, not ubuntu /] },
  },
  {
    name: 'a list holds what it has',
    params: { that: { 'facts.os.like': 'rhel' }, fail_msg: 'Wrong family' },
    given: '',
    expect: { findings: [/^refuse: Wrong family \(facts.os.like is /] },
  },
  {
    name: 'a fact that is none',
    params: { that: { 'facts.os.name.x': 1, 'facts.os': 2 } },
    given: '',
    expect: { findings: [/facts\.os\.name\.x is no fact.*; facts\.os is no fact/] },
  },
  {
    name: 'commands that succeed',
    params: { that: ['true', 'test -d /'] },
    given: '',
    expect: { before: { failed: [] }, action: 'none', findings: [] },
  },
  {
    name: 'a command that fails',
    params: { that: ['true', 'docker info'], fail_msg: 'No Docker' },
    given: '1\n',
    expect: {
      before: { failed: ['docker info'] },
      keys: ['failed'],
      script: ['exit 1'],
      findings: [/^refuse: No Docker \(docker info\) If a task before it brings that about, write at: turn/],
    },
  },
  {
    name: 'one that is judged in its turn',
    params: { that: 'docker info', at: 'turn' },
    given: '0\n',
    expect: { findings: [/^refuse: does not hold: docker info $/] },
  },
  {
    name: 'one of several lines',
    params: { that: 'cd /\ntest -e /nope\n', at: 'turn' },
    given: '0\n',
    expect: { findings: [/^refuse: does not hold: cd \/\ntest -e \/nope $/] },
  },
]);

describeInvalid(assertTask, [
  { name: 'a variable', params: { that: { admin: 'bob' } }, message: /Invalid/ },
  { name: 'nothing', params: { that: [] }, message: 'name at least one condition' },
  { name: 'an expression of Ansible', params: { that: "ansible_os_family == 'Debian'" }, message: /Invalid/ },
]);
