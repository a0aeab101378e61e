import { createHash } from 'node:crypto';
import { sudoersTask } from '../../src/tasks/sudoers.ts';
import { describeInvalid, describeTask } from '../support/describe-task.ts';

const HEADER = '# Written by harden; it puts back what is changed here.\n';
const ADMIN = `${HEADER}admin ALL=NOPASSWD: ALL\n`;
const admin = { name: 'admin', user: 'admin', commands: 'ALL', nopassword: true };

function file(content: string, mode = '440', owner = 'root'): string {
  const hash = createHash('sha256').update(content).digest('hex');
  return `${owner} 0 root 0 ${mode} ${Buffer.byteLength(content)} regular file\n\0${hash}\n${content}`;
}

describeTask(sudoersTask, [
  {
    name: 'writes a rule, checked as a part of the whole',
    params: admin,
    given: '',
    expect: {
      before: null,
      want: { content: ADMIN, owner: 'root', group: 'root', mode: '0440' },
      action: 'create',
      script: ['admin ALL=NOPASSWD: ALL', '/etc/sudoers.d/admin', '0440'],
      validate: ['visudo -cf', '@includedir', '/etc/sudoers.d/admin'],
      needs: ['command:visudo', 'user:admin'],
      provides: ['path:/etc/sudoers.d/admin'],
      keeps: ['/etc/sudoers.d/admin'],
      undo: null,
      risk: 'access',
      findings: [],
    },
  },
  {
    name: 'is content with what is there',
    params: admin,
    given: file(ADMIN),
    expect: { action: 'none', findings: [] },
  },
  {
    name: 'shows what differs as text',
    params: admin,
    given: file('admin ALL=(ALL:ALL) ALL\n'),
    expect: { action: 'update', keys: ['content'], before: { content: 'admin ALL=(ALL:ALL) ALL\n' } },
  },
  {
    name: 'minds owner and mode',
    params: admin,
    given: file(ADMIN, '666', 'bob'),
    expect: { keys: ['owner', 'mode'], notScript: ['NOPASSWD'] },
  },
  {
    name: 'writes every part of a rule',
    params: {
      name: 'web',
      group: 'web',
      commands: ['/usr/bin/systemctl restart nginx', '/usr/sbin/nginx -t'],
      runas: 'www-data:adm',
      nopassword: true,
      setenv: true,
      noexec: true,
    },
    given: '',
    expect: {
      want: {
        content: `${HEADER}%web ALL=(www-data:adm) NOPASSWD: SETENV: NOEXEC: /usr/bin/systemctl restart nginx, /usr/sbin/nginx -t\n`,
      },
      needs: ['command:visudo', 'group:web'],
    },
  },
  {
    name: 'does without visudo where that is allowed',
    params: { ...admin, validation: 'detect' },
    given: '',
    expect: { needs: ['user:admin'] },
  },
  {
    name: 'removes',
    params: { name: 'admin', state: 'absent' },
    given: file(ADMIN),
    expect: {
      action: 'delete',
      script: ['rm -f -- /etc/sudoers.d/admin'],
      keeps: ['/etc/sudoers.d/admin'],
      needs: [],
      provides: [],
      risk: 'access',
    },
  },
  { name: 'has nothing to remove', params: { name: 'admin', state: 'absent' }, given: '', expect: { action: 'none' } },
  {
    name: 'warns when it takes away what harden itself came by',
    params: { name: 'admin', state: 'absent' },
    given: file(ADMIN),
    facts: { login: 'admin' },
    expect: { findings: [/^warn: admin is the account that harden logged in with/] },
  },
  {
    name: 'does not warn when the new rule is as good',
    params: admin,
    given: file('admin ALL=(ALL) NOPASSWD: ALL\n'),
    facts: { login: 'admin' },
    expect: { findings: [] },
  },
  {
    name: 'warns of what rules do not mean',
    params: { name: 'x', user: 'bob', commands: ['ALL', '!/bin/sh', '/bin/cat /var/log/*'] },
    given: '',
    expect: { findings: [/^warn: the \* in/, /^warn: commands taken out of ALL/] },
  },
  {
    name: 'says when a directory has its name',
    params: admin,
    given: 'root 0 root 0 755 4096 directory\n\0',
    expect: { error: '/etc/sudoers.d/admin is a directory' },
  },
]);

describeInvalid(sudoersTask, [
  {
    name: 'a file that sudo would ignore',
    params: { ...admin, name: 'admin.conf' },
    message: 'sudo ignores names with `.`',
  },
  { name: 'a backup file', params: { ...admin, name: 'admin~' }, message: 'sudo ignores names' },
  { name: 'another directory', params: { ...admin, name: '../x' }, message: 'not a name for a file' },
  { name: 'everybody', params: { ...admin, user: 'ALL' }, message: 'alias' },
  { name: 'user and group', params: { ...admin, group: 'adm' }, message: 'one of user and group' },
  { name: 'nobody', params: { name: 'x', commands: 'ALL' }, message: 'one of user and group' },
  { name: 'no command', params: { name: 'x', user: 'bob' }, message: 'say what may be run' },
  { name: 'a program without its path', params: { ...admin, commands: 'systemctl' }, message: 'with its whole path' },
  {
    name: 'a second rule in a command',
    params: { ...admin, commands: ['/bin/a\nbob ALL=ALL'] },
    message: 'line break',
  },
  {
    name: 'a second command in a command',
    params: { ...admin, commands: ['/bin/a x, ALL'] },
    message: 'item of the list',
  },
  { name: 'a comment in a command', params: { ...admin, commands: ['/bin/a # x'] }, message: 'hash' },
  { name: 'a line that goes on', params: { ...admin, commands: '/bin/a \\' }, message: 'backslash' },
  { name: 'a strange runas', params: { ...admin, runas: 'a) ALL, (b' }, message: 'user:group' },
]);
