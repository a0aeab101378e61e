import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { bootHost, type LabHost, labUnavailable } from '../lab/lab.ts';
import { folder, harden } from './support/harden.ts';

vi.setConfig({ testTimeout: 60_000 });

const unavailable = await labUnavailable();

/** What a person gets wrong: the command's arguments, where DIRECTORY holds the files below and HOST, KEY and KNOWN lead to the host. */
interface Mistake {
  readonly name: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly exit: 1 | 64;
  readonly says: RegExp;
}

const FILES = {
  'good.yml': 'tasks:\n  - file: { path: /srv/bad-input, state: directory }\n',
  'type.yml': 'tasks:\n  - fiel: { path: /srv/x }\n',
  'parameter.yml': 'tasks:\n  - file: { path: /srv/x, stat: directory }\n',
  'mode.yml': 'tasks:\n  - file: { path: /srv/x, mode: 0644 }\n',
  'braces.yml': 'tasks:\n  - file: { path: {{ where }} }\n',
  'variable.yml': 'vars: { home: /srv }\ntasks:\n  - file: { path: "{{hone}}" }\n',
  'tab.yml': 'tasks:\n\t- file: { path: /srv/x }\n',
  'twice.yml': 'tasks:\n  - file: { path: /srv/x, path: /srv/y }\n',
  'two-types.yml': 'tasks:\n  - file: { path: /srv/x }\n    group: { name: ops }\n',
  'include.yml': 'tasks:\n  - include: nothere.yml\n',
  'contrary.yml': 'tasks:\n  - file: { path: /srv/x, state: directory }\n  - file: { path: /srv/x, state: absent }\n',
  'empty.yml': '',
  'list.yml': '- file: { path: /srv/x }\n',
  'handler.yml':
    'tasks:\n  - file: { path: /srv/x, state: directory }\n    notify: relaod\nhandlers:\n  reload: { run: "true" }\n',
  'private.yml':
    'tasks:\n  - authorized_key: { user: root, key: "-----BEGIN OPENSSH PRIVATE KEY-----\\nabc\\n-----END OPENSSH PRIVATE KEY-----" }\n',
  'user.yml': 'tasks:\n  - file: { path: /srv/x, state: directory, owner: nobody-of-this-name }\n',
  'parent.yml': 'tasks:\n  - copy: { dest: /nowhere/not/there/x, content: x }\n',
  'sshd.yml': 'tasks:\n  - sshd: { options: { PermitRootLogon: no } }\n',
  'plan.json': '{"version": 1, "half',
  'hosts.yml': 'hosts:\n  web1: { addres: 192.0.2.1 }\n',
  'hosts-group.yml': 'hosts:\n  web1: {}\ngroups:\n  web: [web1, web2]\n',
  'hosts-tab.yml': 'hosts:\n\tweb1: {}\n',
  'hosts-list.yml': '- web1\n',
  'hosts-good.yml': 'hosts:\n  web1: {}\n',
  'not-a-key': 'no key at all\n',
  'vars.yml': '- a list\n',
} as const;

const on = ['-H', 'HOST', '--identity', 'KEY', '--known-hosts', 'KNOWN'];
const plan = (file: keyof typeof FILES, ...more: readonly string[]) => ['plan', `DIRECTORY/${file}`, ...on, ...more];
const reach = (...args: readonly string[]) => ['plan', 'DIRECTORY/good.yml', '--known-hosts', 'KNOWN', ...args];

const MISTAKES: readonly Mistake[] = [
  { name: 'a task type with a typo', args: plan('type.yml'), exit: 64, says: /type\.yml:2:5: .*`fiel`.*`file`/ },
  { name: 'a parameter with a typo', args: plan('parameter.yml'), exit: 64, says: /parameter\.yml:2:27: .*`state`/ },
  { name: 'a mode without quotes', args: plan('mode.yml'), exit: 64, says: /mode\.yml:2:33: .*"0644"/ },
  { name: 'braces without quotes', args: plan('braces.yml'), exit: 64, says: /braces\.yml:2:\d+: .*quote/i },
  { name: 'a variable with a typo', args: plan('variable.yml'), exit: 64, says: /variable\.yml:3:\d+: .*hone.*home/ },
  { name: 'a tab', args: plan('tab.yml'), exit: 64, says: /tab\.yml:2:1: .*tab/i },
  { name: 'a key twice', args: plan('twice.yml'), exit: 64, says: /twice\.yml:2:\d+: .*`?path`?/ },
  { name: 'two types in a task', args: plan('two-types.yml'), exit: 64, says: /two-types\.yml:\d:\d+: .*group/ },
  { name: 'an include that is not there', args: plan('include.yml'), exit: 64, says: /include\.yml:2:\d+: .*nothere/ },
  { name: 'two tasks that contradict each other', args: plan('contrary.yml'), exit: 64, says: /contrary\.yml:3:\d+: / },
  { name: 'an empty playbook', args: plan('empty.yml'), exit: 64, says: /empty\.yml/ },
  { name: 'a list for a playbook', args: plan('list.yml'), exit: 64, says: /list\.yml:1:1: .*tasks/ },
  { name: 'a handler that is not there', args: plan('handler.yml'), exit: 64, says: /handler\.yml:3:\d+: .*relaod/ },
  { name: 'a private key', args: plan('private.yml'), exit: 64, says: /private\.yml:2:\d+: .*private key/ },
  { name: 'an owner that is not there', args: plan('user.yml'), exit: 1, says: /nobody-of-this-name/ },
  { name: 'a directory that is not there', args: plan('parent.yml'), exit: 1, says: /\/nowhere\/not\/there/ },
  { name: 'an sshd keyword with a typo', args: plan('sshd.yml'), exit: 64, says: /PermitRootLogin/ },
  { name: 'a playbook that is not there', args: ['plan', 'DIRECTORY/no.yml', ...on], exit: 64, says: /does not exist/ },
  { name: 'half a saved plan', args: ['apply', '--yes', 'DIRECTORY/plan.json', ...on], exit: 64, says: /plan\.json/ },
  {
    name: 'a variable file that is a list',
    args: plan('good.yml', '--vars-file', 'DIRECTORY/vars.yml'),
    exit: 64,
    says: /vars\.yml:1:1/,
  },
  { name: 'a tag that no task has', args: plan('good.yml', '-t', 'shh'), exit: 64, says: /shh/ },
  {
    name: 'a host key with a typo in the inventory',
    args: ['plan', 'DIRECTORY/good.yml', '-i', 'DIRECTORY/hosts.yml'],
    exit: 64,
    says: /hosts\.yml:2:\d+: .*addres/,
  },
  {
    name: 'a group member that is not there',
    args: ['plan', 'DIRECTORY/good.yml', '-i', 'DIRECTORY/hosts-group.yml'],
    exit: 64,
    says: /hosts-group\.yml:4:\d+: .*web2/,
  },
  {
    name: 'a tab in the inventory',
    args: ['plan', 'DIRECTORY/good.yml', '-i', 'DIRECTORY/hosts-tab.yml'],
    exit: 64,
    says: /hosts-tab\.yml:2:1: .*tab/i,
  },
  {
    name: 'a list for an inventory',
    args: ['plan', 'DIRECTORY/good.yml', '-i', 'DIRECTORY/hosts-list.yml'],
    exit: 64,
    says: /hosts-list\.yml:1:1: /,
  },
  {
    name: 'an inventory that is not there',
    args: ['plan', 'DIRECTORY/good.yml', '-i', 'DIRECTORY/no.yml'],
    exit: 64,
    says: /does not exist/,
  },
  {
    name: 'a pattern that matches nothing',
    args: ['plan', 'DIRECTORY/good.yml', '-i', 'DIRECTORY/hosts-good.yml', '-l', 'web2'],
    exit: 64,
    says: /web2/,
  },
  { name: 'no host at all', args: ['plan', 'DIRECTORY/good.yml'], exit: 64, says: /-H/ },
  { name: 'a port that is none', args: reach('-H', 'host:99999'), exit: 64, says: /99999/ },
  {
    name: 'a host that has no address',
    args: reach('-H', 'nosuch.invalid'),
    exit: 1,
    says: /no host named nosuch\.invalid/,
  },
  { name: 'a port where nothing listens', args: reach('-H', 'root@127.0.0.1:1'), exit: 1, says: /refused/ },
  {
    name: 'a host that is not known',
    args: ['plan', 'DIRECTORY/good.yml', '-H', 'HOST', '--identity', 'KEY', '--known-hosts', '/dev/null'],
    exit: 1,
    says: /--accept-new/,
  },
  {
    name: 'a key that opens nothing',
    args: reach('-H', 'HOST', '--identity', 'DIRECTORY/wrong'),
    exit: 1,
    says: /Tried: .*wrong/,
  },
  {
    name: 'a key file that is not there',
    args: reach('-H', 'HOST', '--identity', 'DIRECTORY/no'),
    exit: 1,
    says: /does not exist/,
  },
  {
    name: 'a key file that is none',
    args: reach('-H', 'HOST', '--identity', 'DIRECTORY/not-a-key'),
    exit: 1,
    says: /not-a-key/,
  },
  {
    name: 'a public key for a private one',
    args: reach('-H', 'HOST', '--identity', 'KEY.pub'),
    exit: 1,
    says: /public key/,
  },
  {
    name: 'a user who is not there',
    args: reach('-H', 'NOBODY', '--identity', 'KEY'),
    exit: 1,
    says: /login was refused/,
  },
  { name: 'no sudo password', args: reach('-H', 'ADMIN1', '--identity', 'KEY'), exit: 1, says: /--ask-become-pass/ },
  {
    name: 'a wrong sudo password',
    args: reach('-H', 'ADMIN1', '--identity', 'KEY'),
    env: { HARDEN_BECOME_PASSWORD: 'wrong' },
    exit: 1,
    says: /did not accept/,
  },
  { name: 'a command with a typo', args: ['paln'], exit: 64, says: /plan/ },
  { name: 'an option with a typo', args: plan('good.yml', '--jsn'), exit: 64, says: /--json/ },
  { name: 'a number that is none', args: plan('good.yml', '--forks', 'many'), exit: 64, says: /whole number/ },
  { name: 'apply with nobody to ask', args: ['apply', 'DIRECTORY/good.yml', ...on], exit: 64, says: /--yes/ },
];

// The log of the logins themselves is sshd's business.
const FINGERPRINT = `find / -xdev \\( -path /proc -o -path /sys -o -path /run -o -path /dev -o -path /var/log -o -path /var/lib/systemd \\) -prune -o -printf '%p %y %u %g %m %s %T@ %l\\n' | sort; ls -Ad /run/*harden* 2>/dev/null`;

describe.skipIf(unavailable)('a mistake gets one clear paragraph, and the host stays as it is', () => {
  let host: LabHost;
  let directory: string;
  let before: string;

  beforeAll(async () => {
    host = await bootHost();
    directory = await folder(FILES);
    await execa('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(directory, 'wrong')]);
    // A login writes what it writes (motd, systemd's own) before anything is compared.
    await harden(fill(['plan', 'DIRECTORY/good.yml', ...on]));
    before = (await host.exec(FINGERPRINT)).stdout;
  });
  afterAll(() => host?.stop());

  function fill(args: readonly string[]): string[] {
    const { address, port, keyFile, knownHostsFile } = host;
    return args.map((arg) =>
      arg
        .replace('DIRECTORY', directory)
        .replace('HOST', `root@${address}:${port}`)
        .replace('ADMIN1', `admin1@${address}:${port}`)
        .replace('NOBODY', `nobody-of-this-name@${address}:${port}`)
        .replace('KEY', keyFile)
        .replace('KNOWN', knownHostsFile),
    );
  }

  for (const { name, args, env, exit, says } of MISTAKES) {
    test(name, async () => {
      const ran = await harden(fill(args), env ? { env } : {});
      const told = ran.stderr.split('\n').filter((line) => !/: connecting$|^1 host: /.test(line));
      expect(told.join('\n')).toMatch(says);
      expect(ran.exitCode).toBe(exit);
      expect(told.length, ran.stderr).toBeLessThanOrEqual(2);
      expect(ran.stderr).not.toMatch(/^\s+at |bug in harden|undefined|\[object/m);
    });
  }

  test('nothing of the host has changed', async () => {
    expect((await host.exec(FINGERPRINT)).stdout).toBe(before);
  });
});
