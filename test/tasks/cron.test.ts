import { cronTask } from '../../src/tasks/cron/index.ts';
import { describeInvalid, describeTask } from '../support/describe-task.ts';

const prune = { name: 'prune', job: 'docker image prune -af', hour: 4, minute: 30 };
const backup = { name: 'backup', job: '/bin/backup', special_time: 'daily', user: 'backup', cron_file: 'backup' };

describeTask(cronTask, [
  {
    name: 'sees that crontab refuses the user',
    params: prune,
    given: 'denied\n',
    expect: { keys: ['entry'], findings: [/^refuse: crontab takes no table of root: .*cron.allow/] },
  },
  {
    name: 'sees a job that stands though crontab does not show it',
    params: { name: 'prune', state: 'absent' },
    given: 'denied\nentry 30 4 * * * x\n',
    expect: { action: 'delete', findings: [/^refuse: crontab takes no table/] },
  },
  {
    name: 'has nothing to take out where none is, whoever may',
    params: { name: 'prune', state: 'absent' },
    given: 'denied\n',
    expect: { action: 'none', findings: [] },
  },
  {
    name: 'adds an entry to a crontab',
    params: prune,
    given: '',
    expect: {
      before: null,
      want: { entry: '30 4 * * * docker image prune -af' },
      action: 'create',
      script: ['crontab -u root -l', 'crontab -u root - <'],
      undo: null,
      keeps: ['/var/spool/cron/crontabs/root'],
      needs: ['command:crontab', 'user:root'],
      findings: [],
    },
  },
  {
    name: 'is content with the entry',
    params: prune,
    given: 'entry 30 4 * * * docker image prune -af\n',
    expect: { action: 'none' },
  },
  {
    name: 'has the user in a file of its own',
    params: backup,
    given: 'entry @weekly backup /bin/backup\n',
    expect: {
      action: 'update',
      want: { entry: '@daily backup /bin/backup' },
      script: ['/etc/cron.d/backup'],
      notScript: ['crontab -u', 'rm -f -- /etc'],
      undo: null,
      keeps: ['/etc/cron.d/backup'],
      needs: ['command:crontab', 'path:/etc/cron.d', 'user:backup'],
    },
  },
  {
    name: 'turns an entry off',
    params: { ...prune, disabled: true },
    given: 'entry 30 4 * * * docker image prune -af\n',
    expect: { want: { entry: '#30 4 * * * docker image prune -af' }, keys: ['entry'] },
  },
  {
    name: 'fills in a line that is missing below its name',
    params: prune,
    given: 'entry \n',
    expect: { before: { entry: '' }, action: 'update' },
  },
  {
    name: 'removes an entry, and puts it back on undo',
    params: { name: 'prune', state: 'absent' },
    given: 'entry 30 4 * * * docker image prune -af\n',
    expect: { action: 'delete', undo: null, keeps: ['/var/spool/cron/crontabs/root'], needs: [] },
  },
  {
    name: 'removes the file that the last entry leaves',
    params: { ...backup, state: 'absent' },
    given: 'entry @daily backup /bin/backup\n',
    expect: { action: 'delete', script: ['[ -s /etc/cron.d/backup ] || rm -f -- /etc/cron.d/backup'] },
  },
  {
    name: 'knows words, lists, ranges and steps',
    params: { ...prune, minute: '*/5', hour: '8-18/2', day: '1,15', month: 'JAN-mar', weekday: 'mon,7' },
    given: '',
    expect: { want: { entry: '*/5 8-18/2 1,15 jan-mar mon,7 docker image prune -af' } },
  },
  {
    name: 'warns of a percent sign',
    params: { ...prune, job: 'date +%F' },
    given: '',
    expect: { findings: [/^warn: cron takes a %/] },
  },
  {
    name: 'does not mind one that is written for cron',
    params: { ...prune, job: 'date +\\%F' },
    given: '',
    expect: { findings: [] },
  },
]);

describeInvalid(cronTask, [
  { name: 'no job', params: { name: 'x' }, message: 'say what runs: job' },
  { name: 'minute 60', params: { ...prune, minute: 60 }, message: 'not a minute as cron knows it: 0 to 59' },
  { name: 'a range backwards', params: { ...prune, weekday: 'fri-mon' }, message: 'not a weekday' },
  { name: 'a step of nothing', params: { ...prune, hour: '4/2' }, message: 'not an hour' },
  { name: 'a word that is no month', params: { ...prune, month: 'foo' }, message: 'jan to dec' },
  {
    name: 'both kinds of time',
    params: { ...prune, special_time: 'daily' },
    message: 'write one or the other',
  },
  { name: 'a file that cron ignores', params: { ...backup, cron_file: 'a.b' }, message: 'cron ignores others' },
  { name: 'two lines', params: { ...prune, job: 'a\nb' }, message: 'a job is one line' },
]);
