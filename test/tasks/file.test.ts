import { fileTask } from '../../src/tasks/file/index.ts';
import { describeInvalid, describeTask } from '../support/describe-task.ts';

const directory = 'root 0 root 0 755 4096 directory\n\0';
const regular = 'anna 1000 adm 4 640 12 regular file\n\0';
const link = 'root 0 root 0 777 5 symbolic link\nother\0';

describeTask(fileTask, [
  {
    name: 'makes a directory with its parents',
    params: { path: '/srv/a/b/', state: 'directory', owner: 'anna', group: 'adm', mode: '2750' },
    given: '',
    expect: {
      before: null,
      want: { state: 'directory', owner: 'anna', group: 'adm', mode: '2750' },
      action: 'create',
      script: ['chown -- anna:adm .', 'chmod 02750 .'],
      needs: ['user:anna', 'group:adm'],
      provides: ['path:/srv/a/b'],
      keeps: ['/srv/a/b'],
      undo: null,
      risk: 'none',
    },
  },
  {
    name: 'changes the mode of a directory without keeping all that is in it',
    params: { path: '/etc/docker', state: 'directory', mode: '0700' },
    given: directory,
    expect: { action: 'update', keys: ['mode'], keeps: [], undo: ['chmod 00755'], notUndo: ['chown'] },
  },
  {
    name: 'is content with what holds, numbers included',
    params: { path: '/etc/x', state: 'file', owner: 1000, group: 'adm', mode: '0640' },
    given: regular,
    expect: { before: { owner: '1000', group: 'adm' }, action: 'none', needs: ['path:/etc/x', 'group:adm'] },
  },
  {
    name: 'asks for nothing but attributes where no state is given',
    params: { path: '/run/docker.sock', group: 'docker', mode: '0660' },
    given: 'root 0 root 0 666 0 socket\n\0',
    expect: {
      before: { state: 'file', mode: '0666' },
      keys: ['group', 'mode'],
      undo: ['chown -- :root', 'chmod 00666'],
      script: ['chown -- :docker', 'chmod 00660'],
      findings: [],
    },
  },
  {
    name: 'makes an empty file',
    params: { path: '/var/log/x', state: 'touch', mode: '0600' },
    given: '',
    expect: { action: 'create', keys: ['state', 'mode'], script: ["printf %s ''"], needs: ['directory:/var/log'] },
  },
  {
    name: 'makes a link',
    params: { path: '/etc/localtime', state: 'link', src: '/usr/share/zoneinfo/Etc/UTC' },
    given: '',
    expect: {
      action: 'create',
      script: ['ln -s -- /usr/share/zoneinfo/Etc/UTC "$harden_private/new"', 'chown -h -- 0:0 "$harden_private/new"'],
    },
  },
  {
    name: 'points a link elsewhere, its owner as before',
    params: { path: '/srv/l', state: 'link', src: 'new' },
    given: 'anna 1000 adm 4 777 5 symbolic link\nother\0',
    expect: {
      before: { src: 'other' },
      keys: ['src'],
      script: ['chown -h -- anna:adm "$harden_private/new"'],
      findings: [],
    },
  },
  {
    name: 'puts no link in the place of a file',
    params: { path: '/srv/l', state: 'link', src: 'new' },
    given: regular,
    expect: { findings: [/refuse: \/srv\/l is there and is a file, not a link With force: true/] },
  },
  {
    name: 'puts a link in the place of a file by force',
    params: { path: '/srv/l', state: 'link', src: 'new', force: true },
    given: regular,
    expect: { findings: [], keeps: ['/srv/l'], keys: ['state', 'src'] },
  },
  {
    name: 'puts nothing in the place of a directory, not even by force',
    params: { path: '/srv/l', state: 'link', src: 'new', force: true },
    given: directory,
    expect: { findings: [/refuse: \/srv\/l is there and is a directory/] },
  },
  {
    name: 'puts no directory in the place of a file',
    params: { path: '/srv/l', state: 'directory' },
    given: regular,
    expect: { findings: [/refuse: \/srv\/l is there and is a file, not a directory/] },
  },
  {
    name: 'removes a link, not what it points to',
    params: { path: '/srv/l', state: 'absent' },
    given: link,
    expect: {
      before: { state: 'link', src: 'other' },
      action: 'delete',
      script: ['rm -rf --one-file-system -- "./$harden_name"'],
      keeps: ['/srv/l'],
      provides: [],
    },
  },
  {
    name: 'has nothing to remove',
    params: { path: '/srv/l', state: 'absent' },
    given: '',
    expect: { action: 'none' },
  },
  {
    name: 'knows that the mode of a home can cut a login off',
    params: { path: '/home/anna', mode: '0750' },
    given: directory,
    expect: { risk: 'access' },
  },
]);

describeInvalid(fileTask, [
  { name: 'a link to nothing', params: { path: '/a', state: 'link' }, message: 'state: link and src' },
  { name: 'src without a link', params: { path: '/a', src: 'b' }, message: 'state: link and src' },
  { name: 'the mode of a link', params: { path: '/a', state: 'link', src: 'b', mode: '0644' }, message: 'no mode' },
  { name: 'the owner of nothing', params: { path: '/a', state: 'absent', owner: 'x' }, message: 'what is absent' },
  { name: 'the end of the system', params: { path: '/', state: 'absent' }, message: 'never removed' },
  { name: 'the end of /etc/', params: { path: '//etc/./', state: 'absent' }, message: 'never removed' },
  { name: 'an unquoted mode', params: { path: '/a', mode: 420 }, message: 'must be quoted' },
]);
