import { timezoneTask } from '../../src/tasks/timezone.ts';
import { describeInvalid, describeTask } from '../support/describe-task.ts';

const paris = { name: 'Europe/Paris' };

describeTask(timezoneTask, [
  {
    name: 'links the zone, and says it where Debian 12 has it too',
    params: paris,
    given: 'target /usr/share/zoneinfo/Etc/UTC\nfile Etc/UTC\nknown\n',
    expect: {
      before: { name: 'Etc/UTC', in_etc_timezone: 'Etc/UTC' },
      keys: ['name', 'in_etc_timezone'],
      script: ['ln -sf /usr/share/zoneinfo/Europe/Paris', '>/etc/timezone'],
      keeps: ['/etc/localtime', '/etc/timezone'],
      handlers: ['restart cron'],
      findings: [],
    },
  },
  {
    name: 'makes no /etc/timezone where there is none',
    params: paris,
    given: 'target ../usr/share/zoneinfo/Etc/UTC\nknown\n',
    expect: { before: { name: 'Etc/UTC' }, keys: ['name'], notScript: ['/etc/timezone'] },
  },
  {
    name: 'is content with the zone',
    params: paris,
    given: 'target /usr/share/zoneinfo/Europe/Paris\nfile Europe/Paris\nknown\n',
    expect: { action: 'none', findings: [] },
  },
  {
    name: 'corrects a file that says otherwise',
    params: paris,
    given: 'target /usr/share/zoneinfo/Europe/Paris\nfile Etc/UTC\nknown\n',
    expect: { keys: ['in_etc_timezone'], notScript: ['ln -sf'] },
  },
  {
    name: 'links over a copy',
    params: paris,
    given: 'copy\nknown\n',
    expect: { before: { name: 'a copy' }, keys: ['name'] },
  },
  {
    name: 'takes nothing for UTC',
    params: paris,
    given: 'known\n',
    expect: { before: { name: 'UTC' }, keys: ['name'] },
  },
  {
    name: 'refuses a zone that the host does not know',
    params: { name: 'Europe/Atlantis' },
    given: 'target /usr/share/zoneinfo/Etc/UTC\n',
    expect: { findings: [/^refuse: this host knows no time zone Europe\/Atlantis/] },
  },
]);

describeInvalid(timezoneTask, [
  { name: 'a way out', params: { name: '../../etc/passwd' }, message: 'a time zone is written like Europe/Paris' },
  { name: 'an offset in words', params: { name: 'GMT +1' }, message: 'a time zone is written like Europe/Paris' },
]);
