import { templateTask } from '../../src/tasks/template.ts';
import { describeInvalid, describeTask } from '../support/describe-task.ts';

describeTask(templateTask, [
  {
    name: 'writes what the template renders to',
    params: { src: 'motd.hbs', dest: '/etc/', owner: 'root', mode: '0644' },
    files: { 'motd.hbs': 'Ask {{admin}} & co.\n' },
    vars: { admin: '<anna>' },
    given: '',
    expect: {
      want: { content: 'Ask <anna> & co.\n', owner: 'root', mode: '0644' },
      action: 'create',
      script: ["printf %s 'Ask <anna> & co.\n'"],
      provides: ['path:/etc/motd'],
      needs: ['directory:/etc'],
    },
  },
  {
    name: 'fails on a variable that is not there',
    params: { src: 'motd.hbs', dest: '/etc/motd' },
    files: { 'motd.hbs': '{{nobody}}' },
    given: '',
    expect: { error: 'nobody' },
  },
  {
    name: 'refuses a daemon.json that would be no JSON',
    params: { src: 'd.hbs', dest: '/etc/docker/daemon.json' },
    files: { 'd.hbs': '{{#if icc}}{{/if}}{' },
    given: '',
    expect: { error: 'would not be JSON' },
  },
]);

describeInvalid(templateTask, [
  { name: 'an empty src', params: { src: '', dest: '/a' }, message: /./ },
  { name: 'a relative dest', params: { src: 'x', dest: 'a' }, message: 'not an absolute path' },
]);
