import { expect, test } from 'vitest';
import { rebootTask } from '../../src/tasks/reboot.ts';
import { describeInvalid, describeTask } from '../support/describe-task.ts';

describeTask(rebootTask, [
  { name: 'is not needed', params: {}, given: '', expect: { before: { needed: 'no' }, action: 'none', findings: [] } },
  {
    name: 'is needed, and says why',
    params: {},
    given: 'needed /run/reboot-required is there: linux-image-amd64 \n',
    expect: {
      before: { needed: '/run/reboot-required is there: linux-image-amd64 ' },
      keys: ['needed'],
      script: ['systemd-run --quiet --collect --on-active=2', 'systemctl reboot'],
      undo: null,
      risk: 'none',
      findings: [],
    },
  },
  {
    name: 'is refused where harden runs on the host itself',
    params: { unless: 'false' },
    given: 'needed not: false\n',
    facts: { ssh: null },
    expect: { findings: [/^refuse: harden runs on this host itself/] },
  },
]);

describeInvalid(rebootTask, [
  { name: 'no time at all', params: { reboot_timeout: 1 }, message: 'no host boots within that time' },
  { name: 'an empty command', params: { unless: ' ' }, message: 'write a command that succeeds' },
]);

test('waits for what the tasks before it change, and as long as it was told', () => {
  expect(rebootTask.awaits?.(rebootTask.params.parse({}))).toMatch(/may need one/);
  const params = rebootTask.params.parse({ reboot_timeout: 30 });
  const change = { action: 'update', before: { needed: 'x' }, after: { needed: 'no' }, keys: ['needed'] } as const;
  expect(rebootTask.reboots?.(params, change)).toBe(30);
});
