import { describe, expect, test } from 'vitest';
import { passwordFingerprint } from '../../src/tasks/user/crypt-hash.ts';
import { userTask } from '../../src/tasks/user/index.ts';
import { describeInvalid, describeTask } from '../support/describe-task.ts';

// of the password "example"
const HASH = '$6$saltsaltsalt$ERIdLNfY1NyWnVkxbgBC8Jl92OhOrPLq5L8KHRQqY7xkMOOTAbuOI3VhUoTGErKyKGJ8CBu3Xo3hMUyU6Gdqt0';
const OLD = '$y$j9T$F5Jx5fExrKuPp53xLKQ..1$X3DX6M94c7o.9agCG9G317fhZg9SqC.5i5rd.RhAtQ7';

interface Account {
  readonly name?: string;
  readonly uid?: number;
  readonly groups?: string;
  readonly shadow?: string;
  readonly shell?: string;
  readonly more?: string;
}

function account({
  name = 'admin',
  uid = 1001,
  groups = name,
  shadow = '!',
  shell = '/bin/bash',
  more = '+home:\n',
}: Account = {}): string {
  return `${name}:x:${uid}:${uid}:An admin:/home/${name}:${shell}\n+groups:${groups}\n+shadow:${name}:${shadow}:20000:0:99999:7:::\n${more}`;
}

describeTask(userTask, [
  {
    name: 'makes an administrator',
    params: { name: 'admin', comment: 'admin user', shell: '/bin/bash', groups: ['sudo', 'adm'], password_hash: HASH },
    given: '',
    expect: {
      before: null,
      action: 'create',
      keys: ['name', 'comment', 'shell', 'groups', 'password_hash'],
      script: [
        'set -- -g admin',
        'set -- -U',
        `useradd "$@" -m -G adm,sudo -c 'admin user' -s /bin/bash admin`,
        `admin '${HASH}' | chpasswd -e`,
      ],
      undo: ['userdel admin'],
      notUndo: ['userdel -r'],
      needs: ['group:sudo', 'group:adm', 'path:/bin/bash'],
      provides: ['user:admin', 'group:admin', 'path:/home/admin'],
      findings: [],
      risk: 'none',
    },
  },
  {
    name: 'makes a system user without a home',
    params: { name: 'agent', system: true, create_home: false, group: 'daemon', uid: 900, home: '/nonexistent' },
    given: '',
    expect: {
      script: ['set -- -g daemon', 'useradd "$@" -M -r -u 900 -d /nonexistent agent'],
      needs: ['group:daemon'],
      provides: ['user:agent'],
      keys: ['name', 'uid', 'group', 'home'],
    },
  },
  {
    name: 'is content with what is there',
    params: {
      name: 'admin',
      comment: 'An admin',
      groups: ['sudo', 'adm'],
      password_hash: HASH,
      password_lock: false,
      expires: 'never',
    },
    given: account({ groups: 'admin adm sudo', shadow: HASH }),
    expect: {
      before: {
        uid: 1001,
        group: 'admin',
        groups: ['adm', 'sudo'],
        home: '/home/admin',
        create_home: true,
        password_lock: false,
      },
      action: 'none',
      findings: [],
    },
  },
  {
    name: 'takes a locked hash for the hash that it is',
    params: { name: 'admin', password_hash: HASH, password_lock: true },
    given: account({ shadow: `!${HASH}` }),
    expect: { action: 'none' },
  },
  {
    name: 'puts the user into these groups and no others',
    params: { name: 'admin', groups: ['adm', 'admin'] },
    given: account({ groups: 'admin lxd sudo' }),
    expect: {
      keys: ['groups'],
      want: { groups: ['adm'] },
      script: ['usermod -G adm admin'],
      undo: ['usermod -G lxd,sudo admin'],
      risk: 'access',
    },
  },
  {
    name: 'finds a group that `id` calls by the name of another with the same number',
    params: { name: 'admin', groups: ['adm', 'web'] },
    given: account({ groups: 'admin adm www\n+gids:1001 4 3000\n+group:adm:x:4:admin\n+group:web:x:3000:admin' }),
    expect: { action: 'none', before: { groups: ['adm', 'web'] } },
  },
  {
    name: 'leaves the other groups with append',
    params: { name: 'admin', groups: ['docker'], append: true },
    given: account({ groups: 'admin sudo', shadow: OLD }),
    expect: {
      script: ['usermod -G docker,sudo admin'],
      findings: [/^warn: the group docker is as good as root for admin/],
    },
  },
  {
    name: 'takes every other group away',
    params: { name: 'admin', groups: [] },
    given: account({ groups: 'admin sudo' }),
    expect: { script: ["usermod -G '' admin"] },
  },
  {
    name: 'changes each attribute with one usermod',
    params: {
      name: 'admin',
      uid: 2001,
      group: 'users',
      comment: 'x',
      home: '/srv/admin',
      move_home: true,
      shell: '/bin/sh',
      expires: '2031-05-06',
    },
    given: account(),
    expect: {
      keys: ['uid', 'group', 'comment', 'home', 'shell', 'expires'],
      script: ['usermod -u 2001 -g users -c x -d /srv/admin -s /bin/sh -e 2031-05-06 -m admin'],
      undo: [
        'usermod -d /home/admin -m admin',
        "usermod -u 1001 -g admin -c 'An admin' -d /home/admin -s /bin/bash -e '' admin",
      ],
      needs: ['group:users', 'path:/bin/sh', 'path:/srv'],
      findings: [/files of admin outside its home stay with the number 1001/],
      risk: 'access',
    },
  },
  {
    name: 'never shows a hash, and keeps the old one in the journal alone',
    params: { name: 'admin', password_hash: HASH },
    given: account({ shadow: OLD }),
    expect: {
      keys: ['password_hash'],
      before: { password_hash: passwordFingerprint(OLD) },
      want: { password_hash: passwordFingerprint(HASH) },
      script: ['getent shadow admin >"$harden_step/shadow"', 'chpasswd -e'],
      notScript: [OLD, 'usermod'],
      undo: ['"$harden_step/shadow"', 'chpasswd -e'],
      notUndo: [OLD, HASH],
    },
  },
  {
    name: 'sets the password of a new user only, with on_create',
    params: { name: 'admin', password_hash: HASH, update_password: 'on_create' },
    given: account({ shadow: OLD }),
    expect: { action: 'none' },
  },
  {
    name: 'locks again after a new hash',
    params: { name: 'admin', password_hash: HASH, password_lock: true },
    given: account({ shadow: `!${OLD}` }),
    expect: { keys: ['password_hash'], script: [/chpasswd -e\nusermod -L admin$/] },
  },
  {
    name: 'unlocks',
    params: { name: 'admin', password_lock: false },
    given: account({ shadow: `!${OLD}` }),
    expect: { keys: ['password_lock'], script: ['usermod -U admin'], findings: [] },
  },
  {
    name: 'has nothing to unlock without a password',
    params: { name: 'admin', password_lock: false },
    given: account({ shadow: '!' }),
    expect: { findings: [/^refuse: admin has no password that could be unlocked/] },
  },
  {
    name: 'counts * and ! as locked and as no password',
    params: { name: 'admin', password_lock: true },
    given: account({ shadow: '*' }),
    expect: { action: 'none', before: { password_hash: 'none', password_lock: true } },
  },
  {
    name: 'tells an empty password from none',
    params: { name: 'admin', password_lock: true },
    given: account({ shadow: '' }),
    expect: { before: { password_hash: 'empty', password_lock: false }, keys: ['password_lock'] },
  },
  {
    name: 'reads the day on which an account closes',
    params: { name: 'admin', expires: '2030-01-02' },
    given: account().replace('7:::', '7::21916:'),
    expect: { action: 'none', before: { expires: '2030-01-02' } },
  },
  {
    name: 'makes the missing home of an old user when asked',
    params: { name: 'admin', create_home: true },
    given: account({ more: '' }),
    expect: { keys: ['create_home'], script: ['mkhomedir_helper admin'], risk: 'none' },
  },
  {
    name: 'does not mind a missing home otherwise',
    params: { name: 'admin' },
    given: account({ more: '' }),
    expect: { action: 'none' },
  },
  {
    name: 'warns of sudo without a password',
    params: { name: 'admin', groups: ['sudo'] },
    given: account(),
    expect: { findings: [/^warn: admin has no password, and sudo asks the members of sudo for one/] },
  },
  {
    name: 'says nothing of it where a rule of the playbook asks for none',
    params: { name: 'admin', groups: ['sudo'] },
    given: account(),
    effects: [{ administrator: { user: 'admin', able: true, withoutPassword: true } }],
    expect: { findings: [] },
  },
  {
    name: 'removes, ending what still runs, and can bring the account back',
    params: { name: 'admin', state: 'absent' },
    given: account({ groups: 'admin adm', shadow: OLD }),
    expect: {
      action: 'delete',
      script: [
        'getent shadow admin >"$harden_step/shadow"',
        'usermod -e 1 admin',
        'loginctl terminate-user admin',
        'userdel  admin',
      ],
      notScript: [OLD],
      undo: ["useradd -M -N -o -g 1001 -u 1001 -G adm -c 'An admin' -d /home/admin -s /bin/bash admin", 'chage -d'],
      notUndo: [OLD],
      risk: 'access',
      provides: [],
      needs: [],
      findings: [/^warn: whatever admin still runs is ended/],
    },
  },
  {
    name: 'removes the home too',
    params: { name: 'admin', state: 'absent', remove: true },
    given: account(),
    expect: { script: ['userdel -r admin'], undo: ['useradd -m'] },
  },
  {
    name: 'removes a second root without ending what root runs',
    params: { name: 'toor', state: 'absent' },
    given: account({ name: 'toor', uid: 0, groups: 'root' }),
    expect: { script: ['userdel -f toor'], notScript: ['kill', 'terminate-user'], findings: [] },
  },
  {
    name: "does not remove a second root's home",
    params: { name: 'toor', state: 'absent', remove: true },
    given: account({ name: 'toor', uid: 0 }),
    expect: { findings: [/^refuse: toor has root's number 0/] },
  },
  { name: 'has nothing to remove', params: { name: 'games', state: 'absent' }, given: '', expect: { action: 'none' } },
  {
    name: 'does not remove root',
    params: { name: 'root', state: 'absent' },
    given: account({ name: 'root', uid: 0 }),
    facts: { login: 'admin' },
    expect: { findings: [/^refuse: root is not removed/] },
  },
  {
    name: 'does not remove whom it logged in as',
    params: { name: 'admin', state: 'absent' },
    given: account(),
    facts: { login: 'admin' },
    expect: { findings: [/^refuse: admin is the account that harden logged in with/] },
  },
  {
    name: 'does not close the door behind itself',
    params: { name: 'admin', shell: '/usr/sbin/nologin', expires: '2020-01-01', password_lock: true },
    given: account({ shadow: OLD, more: '+home:\n+sudoers:admin\n' }),
    facts: { login: 'admin' },
    expect: {
      findings: [
        /^refuse: .*shell \/usr\/sbin\/nologin/,
        /^refuse: .*closed since 2020-01-01/,
        /^warn: .*if its sudo asks/,
      ],
    },
  },
  {
    name: 'does not lock the password that its own sudo asks for',
    params: { name: 'admin', password_lock: true },
    given: account({ shadow: OLD, more: '+home:\n+sudoers:%sudo\n' }),
    facts: { login: 'admin' },
    passwordAsked: true,
    expect: { findings: [/^refuse: .*its sudo asks for the password: locked, it could not become root/] },
  },
  {
    name: 'leaves its own account a way to root',
    params: { name: 'admin', groups: ['adm'] },
    given: account({ groups: 'admin sudo', more: '+home:\n+sudoers:root\n+sudoers:%sudo\n' }),
    facts: { login: 'admin' },
    expect: { findings: [/^refuse: .*without the group sudo it could not become root/] },
  },
  {
    name: 'sees the other rule that its own account has',
    params: { name: 'admin', groups: ['adm'] },
    given: account({ groups: 'admin sudo', more: '+home:\n+sudoers:root\n+sudoers:%sudo\n+sudoers:admin\n' }),
    facts: { login: 'admin' },
    expect: { findings: [] },
  },
  {
    name: 'counts on the rule that an earlier task gives it',
    params: { name: 'admin', groups: ['adm'] },
    given: account({ groups: 'admin sudo', more: '+home:\n+sudoers:root\n+sudoers:%sudo\n' }),
    facts: { login: 'admin' },
    pending: ['path:/etc/sudoers.d/admin'],
    expect: { findings: [] },
  },
  {
    name: 'does not renumber an account that runs something',
    params: { name: 'admin', uid: 2001 },
    given: account({ more: '+home:\n+process:4711\n' }),
    expect: { error: 'cannot be changed while it runs something: process 4711 End it first: kill 4711' },
  },
  {
    name: 'says how a login is ended',
    params: { name: 'admin', uid: 2001 },
    given: account({ more: '+home:\n+process:4711 /user.slice/user-1001.slice/session-3.scope\n' }),
    expect: { error: 'process 4711 of a login End the login first: loginctl terminate-user admin' },
  },
  {
    name: 'says which services are to be stopped',
    params: { name: 'admin', uid: 2001 },
    given: account({
      more: '+home:\n+process:12 /system.slice/app.service\n+process:13 /system.slice/app.service\n+process:14 /system.slice/system-db.slice/db@1.service/sub\n',
    }),
    expect: {
      error:
        'process 12 of app.service, db@1.service Stop it in a task before this one: service: { name: app.service, state: stopped }, service: { name: db@1.service, state: stopped }',
    },
  },
  {
    name: 'does not take the number of another',
    params: { name: 'alice', uid: 1001 },
    given: '+owner:admin\n',
    expect: { error: 'uid 1001 is that of the user admin' },
  },
  {
    name: 'does not move a home over another',
    params: { name: 'admin', home: '/srv/a', move_home: true },
    given: account({ more: '+home:\n+taken:\n' }),
    expect: { error: 'the home of admin cannot be moved to /srv/a' },
  },
]);

describe('user deletes', () => {
  test('says what cannot be taken back', () => {
    const params = userTask.params.parse({ name: 'admin', state: 'absent', remove: true });
    const before = userTask.read(account(), params);
    const change = { action: 'delete', before, after: null, keys: [] } as const;
    expect(userTask.irreversible?.(params, change)).toBe('the home /home/admin of admin and its mail are deleted');
  });
});

const hint = /mkpasswd.*openssl passwd -6/;
describeInvalid(userTask, [
  {
    name: 'a password in clear',
    params: { name: 'a', password_hash: 'correct horse' },
    message: /not a crypt hash.*openssl passwd -6/,
  },
  { name: 'MD5', params: { name: 'a', password_hash: '$1$abc$0123456789012345678901' }, message: hint },
  { name: 'DES', params: { name: 'a', password_hash: 'abJnggxhB/yWI' }, message: hint },
  { name: 'a hash that lost its end', params: { name: 'a', password_hash: HASH.slice(0, -4) }, message: 'cut off' },
  { name: 'a hash with a line break', params: { name: 'a', password_hash: `${HASH}\nroot:x` }, message: 'cut off' },
  { name: 'a lock as hash', params: { name: 'a', password_hash: '!' }, message: 'password_lock: true' },
  { name: 'a colon in the comment', params: { name: 'a', comment: 'a:b' }, message: 'colon' },
  {
    name: 'a line break in the comment',
    params: { name: 'a', comment: 'a\nroot::0:0' },
    message: 'control characters',
  },
  { name: 'a relative home', params: { name: 'a', home: 'home/a' }, message: 'absolute path' },
  { name: 'a day that does not exist', params: { name: 'a', expires: '2027-02-30' }, message: 'not a day' },
  { name: 'append without groups', params: { name: 'a', append: true }, message: 'write groups too' },
  { name: 'move_home without home', params: { name: 'a', move_home: true }, message: 'write home too' },
  { name: 'remove of one who stays', params: { name: 'a', remove: true }, message: 'state: absent' },
]);

test('a refused hash appears in no message', () => {
  const { error } = userTask.params.safeParse({ name: 'a', password_hash: 'hunter2-hunter2' });
  expect(JSON.stringify(error?.issues)).not.toContain('hunter2');
});
