import { hostnameTask } from '../../src/tasks/hostname.ts';
import { describeInvalid, describeTask } from '../support/describe-task.ts';

const named = (name: string, more = 'in_hosts\n'): string => `name ${name}\nat_boot ${name}\n${more}`;

describeTask(hostnameTask, [
  {
    name: 'names the host, now and at boot',
    params: { name: 'web-1' },
    given: named('debian', ''),
    expect: {
      before: { name: 'debian', at_boot: 'debian', in_hosts: false },
      action: 'update',
      keys: ['name', 'at_boot', 'in_hosts'],
      script: [/127\.0\.1\.1[\s\S]*\/etc\/hostname[\s\S]*\nhostname -- web-1\n$/],
      undo: ['hostname -- debian'],
      keeps: ['/etc/hostname', '/etc/hosts'],
      findings: [],
    },
  },
  { name: 'is content with the name', params: { name: 'web-1' }, given: named('web-1'), expect: { action: 'none' } },
  {
    name: 'adds what resolves it alone',
    params: { name: 'web-1' },
    given: named('web-1', ''),
    expect: { keys: ['in_hosts'], script: ['127.0.1.1'], notScript: ['hostname --'], undo: null },
  },
  {
    name: 'leaves /etc/hosts alone when told so',
    params: { name: 'web-1', hosts: false },
    given: named('debian', ''),
    expect: { keys: ['name', 'at_boot'], notScript: ['127.0.1.1'] },
  },
  {
    name: 'sees a name that will be another after a boot',
    params: { name: 'web-1' },
    given: 'name web-1\nat_boot debian\nin_hosts\n',
    expect: { keys: ['at_boot'], notScript: ['hostname --'] },
  },
  {
    name: 'gives a whole name its short form too',
    params: { name: 'db-1.example.org' },
    given: named('debian', ''),
    expect: { script: ["names='db-1.example.org db-1'"] },
  },
  {
    name: 'warns where cloud-init has the last word',
    params: { name: 'web-1' },
    given: named('web-1', 'in_hosts\ncloud\n'),
    expect: { findings: [/^warn: cloud-init sets its own host name/] },
  },
]);

describeInvalid(hostnameTask, [
  { name: 'an underscore', params: { name: 'web_1' }, message: 'letters, digits and inner hyphens' },
  { name: 'a hyphen at the end', params: { name: 'web-' }, message: 'letters, digits and inner hyphens' },
  { name: 'a name too long', params: { name: 'a'.repeat(65) }, message: 'at most 64 characters' },
]);
