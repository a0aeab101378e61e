import { gitTask } from '../../src/tasks/git/index.ts';
import { describeInvalid, describeTask } from '../support/describe-task.ts';

const A = 'a'.repeat(40);
const B = 'b'.repeat(40);
const repo = 'https://git.example.org/tool.git';
const at = (version: string) => ({ repo, dest: '/opt/tool/', version });

/** What the probe prints of a clone. */
function clone(head: string, wanted: string, modified = '', origin = repo): string {
  return `repo ${origin}\nhead ${head}\nwanted ${wanted}\n${modified}`;
}

describeTask(gitTask, [
  {
    name: 'a new clone of a tag',
    params: at('v1.2'),
    given: '',
    expect: {
      before: null,
      want: { repo, version: 'v1.2' },
      action: 'create',
      script: [
        'git init -q /opt/tool\n',
        '--depth=1 --no-tags origin +refs/tags/v1.2:refs/tags/v1.2',
        'core.hooksPath=/dev/null',
        'umask 022',
      ],
      notScript: ['--force'],
      needs: ['command:git', 'path:/opt', 'package:ca-certificates'],
      provides: ['path:/opt/tool'],
      keeps: ['/opt/tool'],
      undo: null,
      findings: [],
    },
  },
  {
    name: 'the tag is checked out',
    params: at('v1.2'),
    given: clone(A, A),
    expect: { before: { version: 'v1.2', head: A }, action: 'none' },
  },
  {
    name: 'another commit is checked out',
    params: at(B),
    given: clone(A, ''),
    expect: {
      before: { version: A },
      keys: ['version'],
      script: [`fetch -q --depth=1 --no-tags origin ${B}`, '--unshallow'],
      undo: [`--detach ${A}\n`],
      keeps: [],
    },
  },
  {
    name: 'all of the history',
    params: { ...at(B), depth: 0 },
    given: clone(A, ''),
    expect: { script: ['git fetch -q --tags origin'], notScript: ['--depth'] },
  },
  {
    name: 'another address',
    params: at('v1.2'),
    given: clone(A, A, '', 'https://old.example/tool.git'),
    expect: { keys: ['repo'], undo: ['remote.origin.url https://old.example/tool.git'] },
  },
  {
    name: 'an interrupted clone is finished',
    params: at('v1.2'),
    given: clone('', '', '', ''),
    expect: { before: { version: '', head: '' }, keys: ['repo', 'version'], undo: null },
  },
  {
    name: 'changes by hand are in the way',
    params: at('v1.2'),
    given: clone(A, B, ' M run.sh\nD  lib/x.sh\n'),
    expect: {
      before: { modified: ['run.sh', 'lib/x.sh'] },
      keys: ['version'],
      findings: [/refuse: .*changed by hand: run\.sh, lib\/x\.sh.*force: true/],
    },
  },
  {
    name: 'changes by hand are told',
    params: at('v1.2'),
    given: clone(A, A, ' M run.sh\n'),
    expect: { action: 'none', findings: [/warn: .*changed by hand: run\.sh/] },
  },
  {
    name: 'changes by hand are thrown away, when asked',
    params: { ...at('v1.2'), force: true },
    given: clone(A, A, ' M run.sh\n'),
    expect: { keys: ['modified'], script: ['checkout -q --force --detach'], findings: [] },
  },
  {
    name: 'a tag by an address that anybody can answer for',
    params: { ...at('v1.2'), repo: 'http://git.example.org/tool.git' },
    given: '',
    expect: { findings: [/warn: the address is not encrypted/], needs: ['command:git', 'path:/opt'] },
  },
  {
    name: 'something else stands there',
    params: at('v1.2'),
    given: 'occupied\n',
    expect: { error: /exists and is not a git clone/ },
  },
  { name: 'a clone of somebody else', params: at('v1.2'), given: 'foreign app\n', expect: { error: /belongs to app/ } },
]);

describeInvalid(gitTask, [
  {
    name: 'a password in the address',
    params: { ...at('v1'), repo: 'https://u:p@x.example/r.git' },
    message: 'passwords do not belong',
  },
  { name: 'a command as an address', params: { ...at('v1'), repo: 'ext::sh -c id' }, message: 'write https://' },
  { name: 'an option as an address', params: { ...at('v1'), repo: '--upload-pack=id' }, message: 'write https://' },
  { name: 'an option as a version', params: at('--force'), message: 'a commit or the name of a tag' },
  { name: 'a short commit', params: at('ff26d67'), message: 'the whole id' },
]);
