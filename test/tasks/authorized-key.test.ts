import { authorizedKeyTask } from '../../src/tasks/authorized-key/index.ts';
import { fingerprint, parsePublicKeys } from '../../src/tasks/authorized-key/public-key.ts';
import { describeInvalid, describeTask } from '../support/describe-task.ts';

const ONE = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINq9wuWZ/782y36KeG9127CB9rHM0R/0yFsVXDqmYfut one';
const TWO = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBuBMnbbTMRNj0ALNvB9xQ68BP/p/m2bb8+PFHm+DDwu two';
const [one, two] = parsePublicKeys(`${ONE}\n${TWO}`).map(fingerprint);
const oneLabel = `ssh-ed25519 ${one} one`;
const twoLabel = `ssh-ed25519 ${two} two`;

interface Place {
  readonly home?: string;
  readonly dir?: string | undefined;
  readonly file?: string | undefined;
}

function host(
  content: string,
  {
    home = '1001:bob:1001:755:directory',
    dir = '1001:bob:1001:700:directory',
    file = '1001:bob:1001:600:regular file',
  }: Place = {},
): string {
  const stats = [[home, 'home'] as const, [dir, 'dir'] as const, [file, 'file'] as const];
  const lines = stats.filter(([stat]) => stat !== '').map(([stat, what]) => `${stat}:${what}\n`);
  return `1001:1001:/home/bob\n${lines.join('')}\n${content}`;
}

const NOTHING = host('', { dir: '', file: '' });
const CENTRAL: Place = { dir: '0:root:0:755:directory', file: '0:root:0:644:regular file' };

describeTask(authorizedKeyTask, [
  {
    name: 'gives a new user a key',
    params: { user: 'bob', key: ONE },
    given: '',
    expect: {
      before: null,
      want: { keys: [oneLabel], owner: 'bob', mode: '0600', directory_mode: '0700' },
      action: 'create',
      script: [
        'getent passwd bob',
        'harden_enter "${home%/}/.ssh/authorized_keys"',
        'mkdir -m 0700 "$harden_private/new"',
        ONE,
      ],
      needs: ['user:bob'],
      risk: 'none',
      findings: [],
      keeps: [],
      undo: null,
    },
  },
  {
    name: 'takes the key from a file of the operator',
    params: { user: 'bob', key_file: '~/.ssh/id.pub' },
    files: { '~/.ssh/id.pub': `${ONE}\n` },
    given: NOTHING,
    expect: { action: 'update', keys: ['keys', 'owner', 'mode', 'directory_mode'], want: { keys: [oneLabel] } },
  },
  {
    name: 'is content with what is there, whatever its comment',
    params: { user: 'bob', key: ONE.replace(' one', ' another comment') },
    given: host(`# my keys\n\n${TWO}\n${ONE}\n`),
    expect: {
      before: { keys: [twoLabel, oneLabel], mode: '0600', directory_mode: '0700' },
      action: 'none',
      findings: [],
    },
  },
  {
    name: 'adds to the keys that are there',
    params: { user: 'bob', key: `${ONE}\n${TWO}` },
    given: host(`${TWO}\n`),
    expect: {
      keys: ['keys'],
      want: { keys: [twoLabel, oneLabel] },
      risk: 'none',
      notUndo: ['put\t'],
    },
  },
  {
    name: 'tightens modes',
    params: { user: 'bob', key: ONE },
    given: host(`${ONE}\n`, { dir: '1001:bob:1001:775:directory', file: '0:root:0:664:regular file' }),
    expect: {
      keys: ['owner', 'mode', 'directory_mode'],
      before: { owner: 'root', mode: '0664', directory_mode: '0775' },
      script: ['chmod 0700 .', 'mode=0600'],
      undo: ['chmod 00775 .'],
    },
  },
  {
    name: 'leaves no other key with exclusive, and puts them back on undo',
    params: { user: 'bob', key: ONE, exclusive: true },
    given: host(`junk\n${TWO}\n${ONE}\n`),
    expect: {
      before: { keys: ['(no key, 4 characters)', twoLabel, oneLabel] },
      keys: ['keys'],
      want: { keys: [oneLabel] },
      script: ['-v exclusive=1'],
      keeps: ['/home/bob/.ssh/authorized_keys'],
      risk: 'access',
    },
  },
  {
    name: 'sets options and comment',
    params: { user: 'bob', key: ONE, key_options: 'restrict,from="10.0.0.0/8"', comment: 'new one' },
    given: host(`no-pty ${ONE}\n`),
    expect: {
      keys: ['keys'],
      want: { keys: [`restrict,from="10.0.0.0/8" ssh-ed25519 ${one} new one`] },
      script: [`restrict,from="10.0.0.0/8" ${ONE.replace(/ one$/, '')} new one`],
      risk: 'access',
    },
  },
  {
    name: 'leaves options that it does not speak of',
    params: { user: 'bob', key: ONE },
    given: host(`from="10.0.0.0/8" ${ONE}\n`),
    expect: { action: 'none' },
  },
  {
    name: 'takes options out of the key itself',
    params: { user: 'bob', key: `restrict ${ONE}` },
    given: host(`${ONE}\n`),
    expect: { want: { keys: [`restrict ${oneLabel}`] }, risk: 'access' },
  },
  {
    name: 'leaves two lines of one key, each with options of its own',
    params: { user: 'bob', key: ONE },
    given: host(`from="10.0.0.0/8" ${ONE}\nfrom="192.0.2.0/24" ${ONE}\n`),
    expect: { keys: [] },
  },
  {
    name: 'leaves one line of a key where it says what its options are',
    params: { user: 'bob', key: ONE, key_options: 'restrict' },
    given: host(`from="10.0.0.0/8" ${ONE}\n${TWO}\nfrom="192.0.2.0/24" ${ONE}\n`),
    expect: { keys: ['keys'], script: [`restrict ${ONE}`] },
  },
  {
    name: 'takes every line of a key away',
    params: { user: 'bob', key: ONE, state: 'absent' },
    given: host(`from="10.0.0.0/8" ${ONE}\n${TWO}\nfrom="192.0.2.0/24" ${ONE}\n`),
    expect: { keys: ['keys'], want: { keys: [twoLabel] } },
  },
  {
    name: 'makes one of a key that is there twice',
    params: { user: 'bob', key: ONE },
    given: host(`${ONE}\n${TWO}\n${ONE}\n`),
    expect: { keys: ['keys'], want: { keys: [oneLabel, twoLabel] } },
  },
  {
    name: 'takes a key away',
    params: { user: 'bob', key: ONE, state: 'absent' },
    given: host(`${ONE}\n${TWO}\n`, { file: '1001:bob:1001:640:regular file' }),
    expect: {
      keys: ['keys'],
      want: { keys: [twoLabel] },
      script: ['\u0001drop\u0001', 'mode=0640'],
      needs: [],
      risk: 'access',
      findings: [],
    },
  },
  {
    name: 'has nothing to take from a user who is not there',
    params: { user: 'bob', key: ONE, state: 'absent' },
    given: '',
    expect: { action: 'none' },
  },
  {
    name: 'leaves the account that harden came with a key',
    params: { user: 'bob', key: ONE, state: 'absent' },
    given: host(`${ONE}\n`),
    facts: { login: 'bob' },
    expect: { findings: [/^refuse: .*no key would open it/] },
  },
  {
    name: 'says when a key of the account that harden came with goes',
    params: { user: 'bob', key: ONE, exclusive: true },
    given: host(`${TWO}\n`),
    facts: { login: 'bob' },
    expect: { findings: [/^warn: .*a key of it changes or goes/], risk: 'access' },
  },
  {
    name: 'says when the home lets others write',
    params: { user: 'bob', key: ONE },
    given: host(`${ONE}\n`, { home: '1001:bob:1001:777:directory' }),
    expect: { action: 'none', findings: [/^warn: sshd ignores the keys of bob.*chmod go-w \/home\/bob/] },
  },
  {
    name: "says when a group that is not the user's own can write the home",
    params: { user: 'bob', key: ONE },
    given: host(`${ONE}\n`, { home: '1001:bob:100:775:directory' }),
    expect: { findings: [/^warn: sshd ignores/] },
  },
  {
    name: "does not mind the user's own group",
    params: { user: 'bob', key: ONE },
    given: host(`${ONE}\n`, { home: '1001:bob:1001:775:directory' }),
    expect: { findings: [] },
  },
  {
    name: 'says when the home is another one’s',
    params: { user: 'bob', key: ONE },
    given: host(`${ONE}\n`, { home: '1002:UNKNOWN:1002:755:directory' }),
    expect: { findings: [/^warn: .*the home \/home\/bob belongs to 1002/] },
  },
  {
    name: 'leaves the modes of a directory that is root’s',
    params: { user: 'bob', key: ONE },
    given: host(`${TWO}\n`, CENTRAL),
    expect: { keys: ['keys'], script: ['mode=0644'], notScript: ['|| chmod'] },
  },
  {
    name: 'writes another file',
    params: { user: 'bob', key: ONE, path: '/etc/ssh/keys/bob' },
    given: host('', { dir: '0:root:0:755:directory', file: '' }),
    expect: {
      keys: ['keys'],
      script: ['harden_enter /etc/ssh/keys/bob'],
      notScript: ['mkdir'],
      needs: ['user:bob', 'path:/etc/ssh/keys'],
      provides: ['path:/etc/ssh/keys/bob'],
      notUndo: ['rmdir'],
    },
  },
  {
    name: 'follows no link of the user',
    params: { user: 'bob', key: ONE },
    given: host('', { dir: '1001:bob:1001:777:symbolic link', file: '0:root:0:600:regular file' }),
    expect: { error: '/home/bob/.ssh is a symbolic link' },
  },
  {
    name: 'follows no link to a file',
    params: { user: 'bob', key: ONE },
    given: host('', { file: '1001:bob:1001:777:symbolic link' }),
    expect: { error: '/home/bob/.ssh/authorized_keys is a symbolic link' },
  },
  {
    name: 'does not write what is a third one’s',
    params: { user: 'bob', key: ONE },
    given: host('', { dir: '1002:eve:1002:755:directory' }),
    expect: { error: '/home/bob/.ssh belongs to eve and not to bob' },
  },
  {
    name: 'does not work as root where others can write',
    params: { user: 'bob', key: ONE },
    given: host('', { dir: '0:root:0:777:directory' }),
    expect: { error: '/home/bob/.ssh belongs to root, and others can write it (0777)' },
  },
  {
    name: 'does not wait for a fifo',
    params: { user: 'bob', key: ONE },
    given: host('', { file: '1001:bob:1001:600:fifo' }),
    expect: { error: 'is no file but a fifo' },
  },
  {
    name: 'does not take a private key for a public one',
    params: { user: 'bob', key_file: 'id' },
    files: { id: '-----BEGIN OPENSSH PRIVATE KEY-----\nsecret\n-----END OPENSSH PRIVATE KEY-----\n' },
    given: '',
    expect: { error: /^id: this is a private key.*\.pub\) *$/ },
  },
  {
    name: 'takes options once',
    params: { user: 'bob', key_file: 'id.pub', key_options: 'restrict' },
    files: { 'id.pub': `no-pty ${ONE}` },
    given: '',
    expect: { error: 'id.pub: its keys have options of their own' },
  },
]);

describeInvalid(authorizedKeyTask, [
  { name: 'no key', params: { user: 'bob' }, message: 'one of key and key_file' },
  { name: 'two sources', params: { user: 'bob', key: ONE, key_file: 'a' }, message: 'one of key and key_file' },
  {
    name: 'a private key',
    params: { user: 'bob', key: '-----BEGIN RSA PRIVATE KEY-----\nsecret' },
    message: /^this is a private key[^\n]*$/,
  },
  { name: 'half a key', params: { user: 'bob', key: ONE.slice(0, 50) }, message: 'damaged' },
  {
    name: 'options twice',
    params: { user: 'bob', key: `no-pty ${ONE}`, key_options: 'restrict' },
    message: 'not in both',
  },
  {
    name: 'options that end',
    params: { user: 'bob', key: ONE, key_options: 'restrict ssh-rsa AAAA' },
    message: 'separated by commas',
  },
  { name: 'a comment of two lines', params: { user: 'bob', key: ONE, comment: `x\n${TWO}` }, message: 'one line' },
  {
    name: 'exclusive and absent',
    params: { user: 'bob', key: ONE, exclusive: true, state: 'absent' },
    message: 'exclusive goes with',
  },
  { name: 'a relative path', params: { user: 'bob', key: ONE, path: '%h/keys' }, message: 'absolute path' },
]);
