import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import { hostKeyAlgorithms } from '../../src/remote/host-key-algorithms.ts';
import { effectOfOptions, listensOn, unsatisfiable, whyTurnedAway } from '../../src/tasks/sshd/access.ts';
import { sshdTask } from '../../src/tasks/sshd/index.ts';
import { nodeSshAlgorithms } from '../../src/tasks/sshd/node-ssh-algorithms.ts';
import { settings } from '../../src/tasks/sshd/options.ts';
import { debian12Facts, describeInvalid, describeTask } from '../support/describe-task.ts';

const EFFECTIVE = {
  port: ['22'],
  listenaddress: ['[::]:22', '0.0.0.0:22'],
  usepam: ['yes'],
  logingracetime: ['120'],
  maxauthtries: ['6'],
  permitrootlogin: ['without-password'],
  pubkeyauthentication: ['yes'],
  passwordauthentication: ['yes'],
  kbdinteractiveauthentication: ['no'],
  x11forwarding: ['yes'],
  authenticationmethods: ['any'],
};

interface Host {
  effective?: Readonly<Record<string, readonly string[]>>;
  wanted?: readonly string[];
  lines?: readonly string[];
  extra?: string;
  dropIn?: string;
}

/** What the probe prints on a Debian 12 host, with some of it otherwise. */
function host({ effective = {}, wanted = [], lines = [], extra = '', dropIn = '' }: Host): string {
  const dump = Object.entries({ ...EFFECTIVE, ...effective }).flatMap(([keyword, values]) =>
    values.map((value) => `${keyword} ${value}`),
  );
  const files = ['/etc/ssh/sshd_config:12:Include /etc/ssh/sshd_config.d/*.conf', ...lines];
  return `# effective\n${dump.join('\n')}\n# wanted\n${wanted.join('\n')}\n# lines\n${files.join('\n')}\n${extra}# drop-in\n${dropIn}`;
}

const DROP_IN = '/etc/ssh/sshd_config.d/00-harden.conf';
const HEADER = sshdTask
  .want({ options: { UseDNS: 'no' }, file: DROP_IN }, debian12Facts, null)!
  .content!.toString()
  .split('\n')[0]!;
const admin = { login: 'admin' };

describeTask(sshdTask, [
  {
    name: 'an option that differs goes to the drop-in, in the words of the playbook',
    params: { options: { passwordauthentication: false, LoginGraceTime: '2m' } },
    given: host({ wanted: ['passwordauthentication no', 'logingracetime 120'] }),
    expect: {
      before: { PasswordAuthentication: 'yes', LoginGraceTime: '120', content: '', include: true },
      keys: ['PasswordAuthentication', 'content'],
      want: { content: `${HEADER}\nPasswordAuthentication no\nLoginGraceTime 2m\n`, include: true },
      script: ['mkdir -p -m 0755 /etc/ssh/sshd_config.d', DROP_IN, 'PasswordAuthentication no'],
      notScript: ['Include'],
      validate: ['passwordauthentication no', 'logingracetime 120', 'sshd -T'],
      findings: [],
      needs: ['command:sshd'],
      risk: 'access',
      keeps: [DROP_IN],
      handlers: ['reload ssh'],
      undo: ['systemctl reload ssh'],
    },
  },
  {
    name: 'what holds already needs no drop-in, however it is spelled',
    params: { options: { PermitRootLogin: 'prohibit-password', LoginGraceTime: '2m' } },
    given: host({ wanted: ['permitrootlogin without-password', 'logingracetime 120'] }),
    expect: { action: 'none' },
  },
  {
    name: 'a drop-in with other text is written anew although its options hold',
    params: { options: { UsePAM: true } },
    given: host({ wanted: ['usepam yes'], dropIn: 'UsePAM yes\nX11Forwarding yes\n' }),
    expect: { keys: ['content'] },
  },
  {
    name: 'the drop-in as it was written is no change',
    params: { options: { UsePAM: true } },
    given: host({ wanted: ['usepam yes'], dropIn: `${HEADER}\nUsePAM yes\n` }),
    expect: { action: 'none' },
  },
  {
    name: 'a main file without Include gets it, and is kept',
    params: { options: { X11Forwarding: 'no' } },
    given: host({ wanted: ['x11forwarding no'] }).replace(/.*Include.*\n/, ''),
    expect: {
      keys: ['X11Forwarding', 'content', 'include'],
      // a comment that shows the line is not the line
      script: ["if ! grep -qxF 'Include /etc/ssh/sshd_config.d/*.conf' /etc/ssh/sshd_config; then"],
      // lines that stand there several times differ as well
      validate: [/^\{ printf '%s\n' 'Include/m, 'comm -3 wanted held'],
      keeps: [DROP_IN, '/etc/ssh/sshd_config'],
    },
  },
  {
    name: 'lists: a line each, commas, or spaces, as the keyword takes them',
    params: { options: { Port: [22, 2222], Ciphers: ['aes256-ctr', 'aes128-ctr'], AllowUsers: ['root', 'bob'] } },
    given: host({
      wanted: ['port 22', 'port 2222', 'ciphers aes256-ctr,aes128-ctr', 'allowusers root', 'allowusers bob'],
    }),
    expect: {
      want: {
        Port: ['22', '2222'],
        AllowUsers: ['root', 'bob'],
        content: `${HEADER}\nPort 22\nPort 2222\nCiphers aes256-ctr,aes128-ctr\nAllowUsers root bob\n`,
      },
      findings: [],
    },
  },
  {
    name: 'a keyword that sshd -T does not print is read from the files, drop-ins first',
    params: { options: { DebianBanner: 'no' } },
    given: host({
      lines: ['/etc/ssh/sshd_config:20:DebianBanner yes', '/etc/ssh/sshd_config.d/50-x.conf:1:DebianBanner No'],
    }),
    expect: { action: 'none', before: { DebianBanner: 'no' } },
  },
  {
    name: 'a Match block that says otherwise is told',
    params: { options: { PasswordAuthentication: 'no' } },
    given: host({
      wanted: ['passwordauthentication no'],
      lines: [
        '/etc/ssh/sshd_config:90:Match User backup',
        '/etc/ssh/sshd_config:91:  PasswordAuthentication yes',
        '/etc/ssh/sshd_config:92:Match all',
        '/etc/ssh/sshd_config:93:PasswordAuthentication yes',
      ],
    }),
    expect: {
      findings: [/^warn: for `Match User backup`, \/etc\/ssh\/sshd_config:91 still sets PasswordAuthentication yes/],
    },
  },
  {
    name: 'AllowUsers without the login is refused',
    params: { options: { AllowUsers: 'alice b*' } },
    given: host({ wanted: ['allowusers alice', 'allowusers b*'] }),
    facts: admin,
    expect: { findings: [/^refuse: this would lock out admin.*AllowUsers alice b\*/] },
  },
  {
    name: 'AllowUsers without root is fine where root is said to stay out',
    params: { options: { AllowUsers: 'admin', PermitRootLogin: 'no' } },
    given: host({ wanted: ['allowusers admin', 'permitrootlogin no'] }),
    expect: { findings: [] },
  },
  {
    name: 'DenyUsers with the login is refused',
    params: { options: { DenyUsers: 'adm*@10.0.0.0/8' } },
    given: host({ wanted: ['denyusers adm*@10.0.0.0/8'] }),
    facts: admin,
    expect: { findings: [/^refuse: this would lock out admin.*DenyUsers/] },
  },
  {
    name: 'AllowGroups without a group of the login is refused',
    params: { options: { AllowGroups: 'ssh' } },
    given: host({ wanted: ['allowgroups ssh'], extra: '# groups\nadmin sudo\n' }),
    facts: admin,
    effects: [{ member: { user: 'bob', groups: ['ssh'], only: false } }],
    expect: { findings: [/^refuse: this would lock out admin.*by its groups: AllowGroups ssh/] },
  },
  {
    name: 'AllowGroups with a group that the playbook brings the login into is fine',
    params: { options: { AllowGroups: 'ssh' } },
    given: host({ wanted: ['allowgroups ssh'], extra: '# groups\nadmin sudo\n' }),
    facts: admin,
    effects: [{ member: { user: 'admin', groups: ['ssh'], only: false } }],
    expect: { findings: [] },
  },
  {
    name: 'DenyGroups with a group that the playbook may take the login out of is a remark',
    params: { options: { DenyGroups: 'sudo' } },
    given: host({ wanted: ['denygroups sudo'], extra: '# groups\nadmin sudo\n' }),
    facts: admin,
    effects: [{ member: { user: 'admin', groups: ['wheel'], only: true } }],
    expect: { findings: [/^warn: this would lock out admin/] },
  },
  {
    name: 'AllowGroups with a group of the login is fine',
    params: { options: { AllowGroups: ['ssh', 'su?o'] } },
    given: host({ wanted: ['allowgroups ssh', 'allowgroups su?o'], extra: '# groups\nadmin sudo\n' }),
    facts: admin,
    expect: { findings: [] },
  },
  {
    name: 'no way left to prove who one is',
    params: { options: { PubkeyAuthentication: 'no', PasswordAuthentication: 'no' } },
    given: host({ wanted: ['pubkeyauthentication no', 'passwordauthentication no'] }),
    facts: admin,
    expect: { findings: [/^refuse: nobody could log in any more: keys, passwords/] },
  },
  {
    name: 'AuthenticationMethods that ask for what is off',
    params: { options: { PasswordAuthentication: 'no', AuthenticationMethods: 'publickey,password' } },
    given: host({ wanted: ['passwordauthentication no', 'authenticationmethods publickey,password'] }),
    facts: admin,
    expect: { findings: [/^refuse: nobody.*AuthenticationMethods publickey,password/] },
  },
  {
    name: 'ListenAddress without the address that the run came in by',
    params: { options: { ListenAddress: '127.0.0.1' } },
    given: host({ wanted: ['listenaddress 127.0.0.1:22'] }),
    facts: admin,
    expect: { findings: [/^refuse: sshd would no longer listen on 192\.0\.2\.20/] },
  },
  {
    name: 'another port is allowed, with a remark',
    params: { options: { Port: 2222 } },
    given: host({ wanted: ['port 2222'] }),
    facts: admin,
    expect: {
      findings: [/^warn: sshd will no longer listen on port 22/],
      script: [/Port 2222\n# Until .*\nPort 22\n/],
      closing: [/Port 2222\n'/, /sshd -t/, /reload ssh/],
    },
  },
  {
    name: 'a port beside the old one closes nothing',
    params: { options: { Port: [22, 2222] } },
    given: host({ wanted: ['port 22', 'port 2222'] }),
    expect: { closing: null, notScript: ['Until'], findings: [] },
  },
  {
    name: 'a port that ssh.socket owns is refused',
    params: { options: { Port: [22, 2222] } },
    given: host({ wanted: ['port 22', 'port 2222'], extra: '# socket\n' }),
    facts: admin,
    expect: { findings: [/^refuse: systemd’s ssh.socket owns the port/] },
  },
  {
    name: 'MaxAuthTries 0',
    params: { options: { MaxAuthTries: 0 } },
    given: host({ wanted: ['maxauthtries 0'] }),
    facts: admin,
    expect: { findings: [/^refuse: MaxAuthTries 0/] },
  },
  {
    name: 'UsePAM no with a locked password',
    params: { options: { UsePAM: 'no' } },
    given: host({ wanted: ['usepam no'], extra: '# locked\n' }),
    facts: admin,
    expect: { findings: [/^refuse: the password of admin is locked/] },
  },
  {
    name: 'algorithms that Node’s ssh does not speak',
    params: { options: { KexAlgorithms: 'sntrup761x25519-sha512@openssh.com', MACs: 'umac-128-etm@openssh.com' } },
    given: host({
      effective: { ciphers: ['aes256-ctr'] },
      wanted: ['kexalgorithms sntrup761x25519-sha512@openssh.com', 'macs umac-128-etm@openssh.com'],
    }),
    facts: admin,
    expect: { findings: [/^refuse: .*KexAlgorithms.*--connection openssh/, /^refuse: .*MACs/] },
  },
  {
    name: 'a name that this sshd does not know is told with those that it does',
    params: { options: { UseDNS: 'no', KexAlgorithms: ['mlkem768x25519-sha256', 'curve25519-sha256'] } },
    given:
      '# effective\nport 22\n# wanted\nUnsupported KEX algorithm "mlkem768x25519-sha256"\n/dev/stdin line 2: Bad SSH2 KexAlgorithms \'x\'.\n# refused\n# known kexalgorithms\ncurve25519-sha256\necdh-sha2-nistp256\n# lines\n# drop-in\n',
    expect: { error: /does not know mlkem768x25519-sha256 \(KexAlgorithms\).*curve25519-sha256, ecdh/ },
  },
  {
    name: 'a value that this sshd refuses is told with its option',
    params: { options: { UseDNS: 'no', LoginGraceTime: '3x' } },
    given: '# effective\nport 22\n# wanted\n/dev/stdin line 2: invalid time value.\n# refused\n# lines\n# drop-in\n',
    expect: { error: 'LoginGraceTime: invalid time value.' },
  },
]);

describeInvalid(sshdTask, [
  {
    name: 'an unknown keyword',
    params: { options: { PermitRotLogin: 'no' } },
    message: 'Did you mean `PermitRootLogin`?',
  },
  {
    name: 'an old name',
    params: { options: { ChallengeResponseAuthentication: 'no' } },
    message: '`KbdInteractiveAuthentication`',
  },
  {
    name: 'an option without effect',
    params: { options: { UsePrivilegeSeparation: 'yes' } },
    message: 'no longer does anything',
  },
  { name: 'a Match block', params: { options: { Match: 'all' } }, message: 'a block of its own' },
  { name: 'a keyword twice', params: { options: { UsePAM: 'no', usepam: 'yes' } }, message: 'twice' },
  { name: 'two lines in a value', params: { options: { Banner: 'none\nPermitRootLogin yes' } }, message: 'one line' },
  { name: 'an empty list', params: { options: { AllowUsers: [] } }, message: 'an empty list' },
  { name: 'no options', params: { options: {} }, message: 'at least one' },
  {
    name: 'a file that sshd does not read',
    params: { options: { UsePAM: 'yes' }, file: '/etc/ssh/sshd_config.d/a' },
    message: 'NAME.conf',
  },
]);

test('a transport of OpenSSH speaks more than Node’s', () => {
  const params = sshdTask.params.parse({ options: { KexAlgorithms: 'sntrup761x25519-sha512@openssh.com' } });
  const before = sshdTask.read(host({ wanted: ['kexalgorithms sntrup761x25519-sha512@openssh.com'] }), params);
  const change = { action: 'update', before, after: before, keys: ['KexAlgorithms'] } as const;
  expect(sshdTask.findings!(change, params, { facts: debian12Facts, before, transport: 'openssh' })).toEqual([]);
  expect(sshdTask.findings!(change, params, { facts: debian12Facts, before })).toHaveLength(1);
});

test('the table of Node’s algorithms is that of the ssh2 in use', () => {
  const constants = createRequire(import.meta.url)('ssh2/lib/protocol/constants.js') as Record<
    string,
    readonly string[]
  >;
  expect([...nodeSshAlgorithms.kexalgorithms!].sort()).toEqual([...constants.DEFAULT_KEX!].sort());
  expect([...nodeSshAlgorithms.ciphers!].sort()).toEqual([...constants.DEFAULT_CIPHER!].sort());
  expect([...nodeSshAlgorithms.macs!].sort()).toEqual([...constants.DEFAULT_MAC!].sort());
  expect(constants.DEFAULT_SERVER_HOST_KEY).toEqual(expect.arrayContaining([...nodeSshAlgorithms.hostkeyalgorithms!]));
  expect(nodeSshAlgorithms.hostkeyalgorithms).toBe(hostKeyAlgorithms);
});

test.each([
  { options: { PermitRootLogin: 'No' }, user: 'root', reason: 'PermitRootLogin no' },
  { options: { PermitRootLogin: 'prohibit-password' }, user: 'root', reason: undefined },
  { options: { AllowUsers: ['alice', 'bob@192.0.2.*'] }, user: 'bob', reason: undefined },
  { options: { AllowUsers: 'alice' }, user: 'bob', reason: 'AllowUsers alice' },
  { options: { AllowUsers: 'a.c' }, user: 'abc', reason: 'AllowUsers a.c' },
  { options: { DenyGroups: 'sudo' }, user: 'bob', reason: 'DenyGroups sudo' },
  { options: { AllowGroups: 'docker' }, user: 'bob', reason: 'AllowGroups docker' },
])('$options turns $user away: $reason', ({ options, user, reason }) => {
  const effect = effectOfOptions(settings(options));
  expect(whyTurnedAway(effect, { user, groups: ['bob', 'sudo'] })).toBe(reason);
});

test.each([
  { listen: ['0.0.0.0:22'], address: '192.0.2.1', on: true },
  { listen: ['0.0.0.0:22'], address: '2001:db8::1', on: false },
  { listen: ['[::]:22'], address: '192.0.2.1', on: false },
  { listen: ['[2001:db8::1]:22'], address: '2001:db8::1', on: true },
  { listen: ['192.0.2.1:2222'], address: '192.0.2.1', on: true },
  { listen: ['host.example'], address: '192.0.2.1', on: true },
])('listening on $listen takes $address: $on', ({ listen, address, on }) => {
  expect(listensOn({ listenAddresses: listen }, address)).toBe(on);
});

test('one list of methods that can be satisfied is enough', () => {
  const off = { passwordAuthentication: 'no' };
  expect(unsatisfiable({ ...off, authenticationMethods: ['publickey,password', 'publickey'] })).toBeUndefined();
  expect(unsatisfiable({ ...off, authenticationMethods: ['any'] })).toBeUndefined();
});

test('the engine hears of root, passwords and ports, and of nothing that is left open', () => {
  const access = (options: Record<string, unknown>) => sshdTask.access!(sshdTask.params.parse({ options }));
  expect(access({ permitrootlogin: 'No', Port: [22, '2222'] })).toStrictEqual({
    sshd: { permitRootLogin: 'no', ports: [22, 2222] },
  });
  expect(access({ PasswordAuthentication: false })).toMatchObject({ sshd: { passwordAuthentication: 'no' } });
});

test.each(['HostKeyAlgorithms', 'PubkeyAcceptedAlgorithms'])(
  '%s that harden itself does not speak are refused, and never recommended',
  (name) => {
    for (const algorithm of ['ssh-rsa', 'ssh-dss', 'sk-ssh-ed25519@openssh.com']) {
      const params = sshdTask.params.parse({ options: { [name]: algorithm } });
      const before = sshdTask.read(host({ wanted: [`${name.toLowerCase()} ${algorithm}`] }), params);
      const change = { action: 'update', before, after: before, keys: [name] } as const;
      const [finding] = sshdTask.findings!(change, params, { facts: debian12Facts, before });
      expect(finding).toMatchObject({ level: 'refuse', message: expect.stringContaining('could not log in any more') });
      expect(finding?.hint).not.toMatch(/ssh-rsa|ssh-dss/);
    }
  },
);
