import { debconfTask } from '../../src/tasks/debconf.ts';
import { describeInvalid, describeTask } from '../support/describe-task.ts';

const areas = { name: 'tzdata', question: 'tzdata/Areas', value: 'Europe', vtype: 'select' };
const password = { name: 'slapd', question: 'slapd/password1', value: 'hidden words', vtype: 'password' };
// of another password
const DIGEST = 'c0ffee';

describeTask(debconfTask, [
  {
    name: 'answers a question that nobody has asked yet',
    params: areas,
    given: '',
    expect: {
      before: null,
      action: 'create',
      keys: ['value', 'seen'],
      script: ['tzdata tzdata/Areas select Europe', '| DEBIAN_FRONTEND=noninteractive debconf-set-selections\n'],
      undo: ['unregister', 'debconf-communicate tzdata'],
      findings: [],
      needs: ['command:debconf-set-selections'],
    },
  },
  {
    name: 'is content with the answer',
    params: areas,
    given: 'found\nvalue Europe\nseen\n',
    expect: { action: 'none' },
  },
  {
    name: 'marks a right answer as given',
    params: areas,
    given: 'found\nvalue Europe\n',
    expect: { action: 'update', keys: ['seen'], undo: ['tzdata/Areas', 'Europe', '-u'] },
  },
  {
    name: 'leaves the question to be asked',
    params: { ...areas, unseen: true },
    given: 'found\nvalue Etc\nseen\n',
    expect: { keys: ['value', 'seen'], script: ['debconf-set-selections -u'], undo: ['Etc'], notUndo: ['-u'] },
  },
  {
    name: 'takes true and numbers as text',
    params: { name: 'a-b', question: 'a-b/c', value: true, vtype: 'boolean' },
    given: 'found\nvalue true\nseen\n',
    expect: { action: 'none' },
  },
  {
    name: 'never has a password in state or arguments',
    params: password,
    given: `found\ndigest ${DIGEST}\nseen\n`,
    expect: { before: { digest: DIGEST, seen: true }, keys: ['digest'], script: ['printf'], undo: null },
  },
  {
    name: 'warns of a question that looks misspelled',
    params: { ...areas, question: 'tzdate/Areas' },
    given: '',
    expect: { findings: [/^warn: the question tzdate\/Areas is not known/] },
  },
]);

describeInvalid(debconfTask, [
  { name: 'two lines', params: { ...areas, value: 'a\nb' }, message: 'an answer is one line' },
  { name: 'what debconf takes for two lines', params: { ...areas, value: 'a\\nb' }, message: 'for a line break' },
  { name: 'an unknown kind', params: { ...areas, vtype: 'list' }, message: 'a question is a boolean' },
  { name: 'a boolean of its own', params: { ...areas, vtype: 'boolean', value: 'yes' }, message: 'is true or false' },
  { name: 'a question with a space', params: { ...areas, question: 'a b' }, message: 'one word such as tzdata/Areas' },
  { name: 'a package with a path', params: { ...areas, name: 'a/b' }, message: 'a package name has' },
]);
