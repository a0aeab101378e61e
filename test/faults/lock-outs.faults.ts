import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bootHost, type LabHost, labUnavailable } from '../lab/lab.ts';
import { survived } from './support/row.ts';
import { accessState, apply, GUARD_SECONDS, isQuiet, plan } from './support/run.ts';

const unavailable = await labUnavailable();

interface LockOut {
  readonly fault: string;
  readonly tasks: string;
  /** refused: at plan, with nothing changed. undone: by the host. */
  readonly outcome: 'refused' | 'undone';
  readonly says: RegExp;
  /** Who logs in; root where it is left out. */
  readonly user?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Runs on the host before. */
  readonly setup?: string;
  readonly handlers?: string;
  /** Other keys that are offered before the right one. */
  readonly wrongKeys?: number;
}

const OTHER_KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ5bC0eF0wYk1mTqS1m1m1m1m1m1m1m1m1m1m1m1m1m1 nobody@nowhere';
const RELOAD = 'handlers:\n  reload: { run: systemctl reload ssh }\n';

const LOCK_OUTS: readonly LockOut[] = [
  {
    fault: '`AllowUsers` names somebody else',
    tasks: '- sshd: { options: { AllowUsers: somebody } }',
    outcome: 'refused',
    says: /lock out root/,
  },
  {
    fault: '`DenyUsers` names the login',
    tasks: '- sshd: { options: { DenyUsers: root } }',
    outcome: 'refused',
    says: /lock out root/,
  },
  {
    fault: '`DenyGroups` names a group of the login',
    tasks: '- sshd: { options: { DenyGroups: admin0 } }',
    user: 'admin0',
    outcome: 'refused',
    says: /lock out admin0.* by its groups/,
  },
  {
    fault: '`AllowGroups` names a group that the login is not in',
    tasks: '- sshd: { options: { AllowGroups: games } }',
    outcome: 'refused',
    says: /lock out root.* by its groups/,
  },
  {
    fault: '`PermitRootLogin no`, and nobody else may become root',
    tasks: '- sshd: { options: { PermitRootLogin: no } }',
    outcome: 'refused',
    says: /no way in/,
  },
  {
    fault: '`ListenAddress` elsewhere',
    tasks: '- sshd: { options: { ListenAddress: 127.0.0.1 } }',
    outcome: 'refused',
    says: /no longer listen on/,
  },
  {
    fault: '`KexAlgorithms` that harden does not speak',
    tasks: '- sshd: { options: { KexAlgorithms: sntrup761x25519-sha512@openssh.com } }',
    outcome: 'refused',
    says: /speaks none of these/,
  },
  {
    fault: '`PubkeyAuthentication no`',
    tasks: '- sshd: { options: { PubkeyAuthentication: no } }',
    outcome: 'undone',
    says: /fresh login did not work/,
  },
  {
    fault: '`AuthenticationMethods` asks for a password too',
    tasks: '- sshd: { options: { AuthenticationMethods: "publickey,password" } }',
    outcome: 'undone',
    says: /fresh login did not work/,
  },
  {
    fault: '`UsePAM no` where the login’s password is locked',
    setup: 'usermod -L root || passwd -l root',
    tasks: '- sshd: { options: { UsePAM: no } }',
    outcome: 'refused',
    says: /locked/,
  },
  {
    fault: '`MaxAuthTries 1`, and the right key is the third one offered',
    tasks: '- sshd: { options: { MaxAuthTries: 1 } }',
    wrongKeys: 2,
    outcome: 'undone',
    says: /fresh login did not work/,
  },
  {
    fault: 'a drop-in with `DenyUsers *`, by `copy`',
    tasks: '- copy: { dest: /etc/ssh/sshd_config.d/deny.conf, content: "DenyUsers *\\n" }\n    notify: reload',
    handlers: RELOAD,
    outcome: 'undone',
    says: /fresh login did not work/,
  },
  {
    fault: 'a drop-in that sshd cannot read, by `copy`',
    tasks: '- copy: { dest: /etc/ssh/sshd_config.d/bad.conf, content: "PermitRootLogin maybe\\n" }',
    outcome: 'refused',
    says: /not valid/,
  },
  {
    fault: 'the key file emptied, by `copy`',
    tasks: '- copy: { dest: /root/.ssh/authorized_keys, content: "" }',
    outcome: 'undone',
    says: /fresh login did not work/,
  },
  {
    fault: 'another key alone, by `authorized_key` with `exclusive`',
    tasks: `- authorized_key: { user: root, key: "${OTHER_KEY}", exclusive: true }`,
    outcome: 'undone',
    says: /fresh login did not work/,
  },
  {
    fault: '`.ssh` removed',
    tasks: '- file: { path: /root/.ssh, state: absent }',
    outcome: 'undone',
    says: /fresh login did not work/,
  },
  {
    fault: 'the home is writable for a group that others are in',
    // Debian's sshd trusts a group that has no other member.
    setup: 'usermod -a -G admin0 games',
    tasks: '- file: { path: /home/admin0, mode: "0775" }',
    user: 'admin0',
    outcome: 'undone',
    says: /fresh login did not work/,
  },
  {
    fault: 'the home belongs to somebody else',
    tasks: '- file: { path: /root, owner: games }',
    outcome: 'undone',
    says: /fresh login did not work/,
  },
  {
    fault: 'a sudoers file with a mistake',
    tasks: '- copy: { dest: /etc/sudoers.d/zz, content: "admin0 ALL=(ALL NOPASSWD: ALL\\n", mode: "0440" }',
    user: 'admin0',
    outcome: 'refused',
    says: /not valid/,
  },
  {
    fault: 'a sudoers rule that takes sudo away',
    tasks: '- copy: { dest: /etc/sudoers.d/zz, content: "admin0 ALL=(ALL) !ALL\\n", mode: "0440" }',
    user: 'admin0',
    outcome: 'undone',
    says: /fresh login did not work.*: sudo on /,
  },
  {
    fault: 'sudo asks for a password that harden does not have',
    tasks:
      '- lineinfile: { path: /etc/sudoers.d/zz, line: "admin0 ALL=(ALL) PASSWD: ALL", create: true, mode: "0440" }',
    user: 'admin0',
    outcome: 'undone',
    says: /asks for a password/,
  },
  {
    fault: 'the login leaves the group sudo',
    tasks: '- user: { name: admin1, groups: [], append: false }',
    user: 'admin1',
    env: { HARDEN_BECOME_PASSWORD: 'lab-secret' },
    outcome: 'refused',
    says: /could not become root/,
  },
  {
    fault: 'the login’s password is locked, and its sudo asks for it',
    tasks: '- user: { name: admin1, password_lock: true }',
    user: 'admin1',
    env: { HARDEN_BECOME_PASSWORD: 'lab-secret' },
    outcome: 'refused',
    says: /its sudo asks for the password/,
  },
  {
    fault: 'the login shell is nologin',
    tasks: '- user: { name: root, shell: /usr/sbin/nologin }',
    outcome: 'refused',
    says: /nobody could log in/,
  },
  {
    fault: 'the login shell is nologin, by `lineinfile` in /etc/passwd',
    tasks: '- lineinfile: { path: /etc/passwd, regexp: "^root:", line: "root:x:0:0:root:/root:/usr/sbin/nologin" }',
    outcome: 'undone',
    says: /fresh login did not work/,
  },
  {
    fault: 'the account has expired',
    tasks: '- user: { name: admin0, expires: "2001-01-01" }',
    user: 'admin0',
    outcome: 'refused',
    says: /closed since/,
  },
  {
    fault: 'the login’s account is removed',
    tasks: '- user: { name: admin0, state: absent }',
    user: 'admin0',
    outcome: 'refused',
    says: /not removed/,
  },
  {
    fault: '/etc/nologin',
    tasks: '- copy: { dest: /etc/nologin, content: "closed\\n" }',
    user: 'admin0',
    outcome: 'undone',
    says: /fresh login did not work/,
  },
  {
    fault: 'a PAM file that lets nobody in',
    tasks:
      '- copy: { dest: /etc/pam.d/sshd, content: "auth required pam_deny.so\\naccount required pam_deny.so\\nsession required pam_deny.so\\n" }',
    outcome: 'undone',
    says: /fresh login did not work/,
  },
  {
    fault: 'a PAM file for sudo that names no module',
    tasks: '- copy: { dest: /etc/pam.d/sudo, content: "account required pam_nothing.so\\n" }',
    user: 'admin0',
    outcome: 'undone',
    says: /fresh login did not work/,
  },
  {
    fault: '/etc/hosts.deny shuts sshd',
    tasks: '- copy: { dest: /etc/hosts.deny, content: "ALL: ALL\\n" }',
    outcome: 'undone',
    says: /fresh login did not work/,
  },
  {
    fault: 'sshd stopped',
    tasks: '- service: { name: ssh, state: stopped }',
    outcome: 'undone',
    says: /fresh login did not work/,
  },
  {
    fault: 'sshd disabled: the lock-out would come with the next boot',
    tasks: '- service: { name: ssh, enabled: false }',
    outcome: 'refused',
    says: /next boot/,
  },
  {
    fault: 'openssh-server removed',
    tasks: '- apt: { name: openssh-server, state: absent }',
    outcome: 'refused',
    says: /the way in/,
  },
  {
    fault: 'ufw enabled without a rule for ssh',
    tasks: '- ufw: { default: { incoming: deny }, state: enabled }',
    outcome: 'refused',
    says: /shut port 22/,
  },
  {
    fault: '`Port` moved, and the firewall is closed there',
    setup: 'ufw allow 22/tcp && ufw --force enable',
    tasks: '- sshd: { options: { Port: 2222 } }',
    outcome: 'undone',
    says: /fresh login on port 2222 did not work/,
  },
];

describe.skipIf(unavailable)('nobody is locked out', () => {
  let host: LabHost;

  beforeAll(async () => {
    host = await bootHost({ setup: 'apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -qy install ufw' });
  });
  afterAll(() => host?.stop());

  for (const { fault, tasks, outcome, says, user, env, setup, handlers = '', wrongKeys = 0 } of LOCK_OUTS) {
    test(fault, async () => {
      if (setup) expect((await host.exec(setup)).exitCode).toBe(0);
      const options = { ...(user ? { user } : {}), ...(env ? { env } : {}) };
      const firstArgs = await otherKeys(wrongKeys);
      const before = await accessState(host);
      const playbook = `tasks:\n  ${tasks}\n${handlers}`;
      const run = await apply(host, playbook, { ...options, firstArgs });
      expect(run.stderr).toMatch(says);
      expect(run.exitCode).toBe(1);
      expect(await accessState(host)).toBe(before);
      expect(await isQuiet(host)).toBe(true);
      if (outcome === 'refused') expect(run.stderr).not.toMatch(/: applying \d/);
      else {
        expect(run.stderr).toMatch(/undone it/);
        expect(run.stderr).toMatch(/is as before, and a login works again/);
        expect(run.seconds).toBeLessThan(GUARD_SECONDS + 60);
      }
      const again = await plan(host, 'tasks:\n  - file: { path: /etc/hostname }\n', options);
      expect(again.exitCode, again.stderr).toBe(0);
      survived({
        section: 'lock-out',
        fault,
        host: outcome === 'refused' ? 'not touched' : 'as before, undone by itself',
        next: outcome === 'refused' ? 'refused at plan' : 'the old login works',
        seconds: run.seconds,
      });
    });
  }

  async function otherKeys(count: number): Promise<string[]> {
    const { execa } = await import('execa');
    const { folder } = await import('../e2e/support/harden.ts');
    const directory = await folder({});
    const args: string[] = [];
    for (let at = 0; at < count; at++) {
      await execa('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', `${directory}/key${at}`]);
      args.push('--identity', `${directory}/key${at}`);
    }
    return args;
  }
});
