import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunDocument } from '../../src/report/document.ts';
import { harden, hardenJson, hostArgs } from '../e2e/support/harden.ts';
import { bootHost, type LabHost, labUnavailable } from '../lab/lab.ts';
import { type HostState, hostState, linesApart } from './support/host-state.ts';
import { survived } from './support/row.ts';
import { apply } from './support/run.ts';

const unavailable = await labUnavailable();

// A container has no audit of its own in the kernel that it shares.
const PLAYBOOK = ['playbooks/docker-host.yml', '--skip-tags', 'auditd'];

const rollback = (host: LabHost, ...args: readonly string[]) => harden(['rollback', ...args, ...hostArgs(host)]);

describe.skipIf(unavailable)('a part of what was applied', () => {
  let host: LabHost;
  const run = async (playbook: string) => {
    const { exitCode, stderr } = await apply(host, `tasks:\n${playbook}`);
    expect(exitCode, stderr).toBe(0);
    const { stdout } = await harden(['history', '--json', ...hostArgs(host)]);
    return (JSON.parse(stdout) as { hosts: { runs: { id: string }[] }[] }).hosts[0]?.runs[0]?.id ?? '';
  };
  const said = async (command: string) => (await host.exec(command)).stdout;
  beforeAll(async () => {
    host = await bootHost({ setup: 'apt-get -q update && apt-get -qy install acl cron' });
  });
  afterAll(() => host?.stop());

  test('an older run is rolled back alone, and a rollback can be rolled back', async () => {
    await host.exec(
      'echo one >/etc/one; setfacl -m u:admin0:r /etc/one; chown admin0:adm /etc/one; chmod 0640 /etc/one; echo "# mine" >/srv/linked.conf; ln -s /srv/linked.conf /etc/sysctl.d/99-zz-harden.conf',
    );
    const first = await run(
      `  - copy: { dest: /etc/one, content: "two\\n", mode: "0600", owner: root }
  - copy: { dest: /etc/new/deep/file, content: x }
  - user: { name: extra, shell: /bin/bash }
  - hostname: { name: renamed }
  - sysctl: { name: net.ipv4.conf.all.log_martians, value: 1 }
  - cron: { name: job, job: /bin/true }
`.replace(
        '  - copy: { dest: /etc/new',
        '  - file: { path: /etc/new/deep, state: directory }\n  - copy: { dest: /etc/new',
      ),
    );
    const second = await run('  - copy: { dest: /etc/other, content: other }\n  - user: { name: more }\n');
    expect(second).not.toBe(first);
    const back = await rollback(host, first, '--yes');
    expect(back.exitCode, back.stderr).toBe(0);
    const look =
      'cat /etc/one; stat -c "%U:%G %a" /etc/one; getfacl -cp /etc/one | grep admin0; ls -d /etc/new /etc/other 2>/dev/null; getent passwd extra more | cut -d: -f1; ls /home; hostname | grep -x renamed; cat /srv/linked.conf /proc/sys/net/ipv4/conf/all/log_martians; crontab -l 2>/dev/null';
    expect(await said(look)).toBe(
      'one\nadmin0:adm 640\nuser:admin0:r--\n/etc/other\nmore\nadmin0\nadmin1\nmore\n# mine\n0',
    );

    const forth = await rollback(host, '--yes');
    expect(forth.exitCode, forth.stderr).toBe(0);
    expect(forth.stdout).toContain(
      'cannot be taken back: what a rollback took back without files (user extra) is not made again',
    );
    expect(await said(look)).toBe(
      'two\nroot:adm 600\nuser:admin0:r--\t#effective:---\n/etc/new\n/etc/other\nmore\nadmin0\nadmin1\nmore\nrenamed\n# mine\nnet.ipv4.conf.all.log_martians = 1\n1',
    );
    expect((await rollback(host, second, '--yes')).exitCode).toBe(0);
    expect(await said('ls /etc/other 2>/dev/null; getent passwd more; ls /home')).toBe('admin0\nadmin1');
    expect((await rollback(host, first, '--yes')).stdout).toContain('nothing of it stands any more');
    survived({
      section: 'rollback',
      fault: 'an older of two runs rolled back, then the rollback rolled back',
      host: 'the newer run’s files and account stay; the older one’s are as before it, and after the second rollback its files are as it had made them',
      next: 'accounts that the first rollback removed are not made again, and it says so',
    });
  });

  test('what was changed since is not lost without a word', async () => {
    const first = await run(
      '  - copy: { dest: /etc/changed, content: "by harden\\n" }\n  - copy: { dest: /etc/again, content: "first\\n" }\n',
    );
    await host.exec('echo by hand >/etc/changed');
    const second = await run('  - copy: { dest: /etc/again, content: "second\\n" }\n');
    const refused = await rollback(host, first, '--yes');
    expect(refused.exitCode).toBe(1);
    expect(refused.stdout).toContain('changed since then, not by harden: /etc/changed');
    expect(refused.stdout).toContain(`changed since then by ${second}: /etc/again`);
    expect(refused.stderr).toContain('nothing was rolled back');
    expect(refused.stderr).toContain(`Roll back ${second} first, or add --discard-changes`);
    expect(await said('cat /etc/changed /etc/again')).toBe('by hand\nsecond');
    expect((await rollback(host, second, '--yes')).exitCode).toBe(0);
    expect(await said('cat /etc/again')).toBe('first');
    const back = await rollback(host, first, '--yes', '--discard-changes');
    expect(back.exitCode, back.stderr).toBe(0);
    expect(await said('ls /etc/changed /etc/again 2>/dev/null')).toBe('');
    survived({
      section: 'rollback',
      fault: 'a file that was changed by hand, and one that a later run changed, since the run that is rolled back',
      host: 'not touched',
      next: 'refused, naming both; done after the later run’s rollback and with `--discard-changes`',
    });
  });

  test('a file is proved to be as it was, though its mode had gone before its content', async () => {
    await host.exec(
      'chmod 0644 /etc/ssh/sshd_config; echo old >/srv/real; chown admin0 /srv/real; ln -s real /srv/link',
    );
    const look = 'md5sum /etc/ssh/sshd_config; stat -c "%U:%G %a" /etc/ssh/sshd_config /srv/real; cat /srv/real';
    const before = await said(look);
    await run(`  - file: { path: /etc/ssh/sshd_config, mode: "0600" }
  - lineinfile: { path: /etc/ssh/sshd_config, line: "# a line" }
  - file: { path: /srv/link, owner: root, mode: "0640" }
  - copy: { dest: /srv/link, content: new }
`);
    expect(await said(look)).not.toBe(before);
    const back = await rollback(host, '--yes');
    expect(back.exitCode, back.stderr).toBe(0);
    expect(await said(look)).toBe(before);
  });

  test('the home of an account stays when there is something in it', async () => {
    const id = await run('  - user: { name: worker, shell: /bin/bash }\n');
    await host.exec("su worker -c 'echo mine >~/work'");
    const back = await rollback(host, id, '--yes');
    expect(back.exitCode, back.stderr).toBe(0);
    expect(back.stderr).toContain('its home stays, because there are files in it');
    expect(await said('getent passwd worker; ls -A /home/worker')).toBe('work');
    survived({
      section: 'rollback',
      fault: 'the account that a run made has files of its own by now',
      host: 'the account is gone, what came with its home too; its own files stay',
      next: 'the rollback says so',
    });
  });

  test('runs beyond the fiftieth go, the oldest first, whatever the clocks say', async () => {
    await host.exec(`cd /var/lib/harden/runs && for n in $(seq 101 155); do cp -a "$(ls | head -n 1)" 20990101T000000Z-$n; echo $n >20990101T000000Z-$n/number; done
touch -d '2 years ago' 20990101T000000Z-1[1-4]?`);
    const newest = await run('  - copy: { dest: /etc/pruned, content: x }\n');
    const { stdout } = await harden(['history', '--json', ...hostArgs(host)]);
    const runs = (JSON.parse(stdout) as { hosts: { runs: { id: string; number: number }[] }[] }).hosts[0]?.runs ?? [];
    expect(runs[0]).toMatchObject({ id: newest, number: 156 });
    const numbers = runs.map(({ number }) => number);
    // Ten in any case; of those before, what is young: 101 to 109 are, and the fiftieth from above is 107.
    expect(numbers).toEqual([156, 155, 154, 153, 152, 151, 150, 149, 148, 147, 109, 108, 107]);
    expect(await said('stat -c "%U %a" /var/lib/harden; su admin0 -c "ls /var/lib/harden"')).toBe('root 700');
    survived({
      section: 'rollback',
      fault:
        '55 further runs in the journal, most of them two years old, and named after a clock that was in the year 2099',
      host: 'the journal keeps the ten newest, and of the fifty newest those of the last 180 days; root alone can read it',
      next: '`harden history` shows them in the order in which they ran',
    });
  });
});

describe.skipIf(unavailable)('a rollback of the playbook for Docker hosts', () => {
  test('returns everything to what it was, and the plan shows what it showed first', async () => {
    const install = 'apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -qy install ufw unattended-upgrades';
    const host = await bootHost({ docker: true, setup: install });
    try {
      const before = await hostState(host);
      const first = await planned(host);
      await applied(host);
      const afterwards = await hostState(host);
      for (const part of ['files', 'accounts', 'services', 'firewall', 'ssh', 'docker'] as const)
        expect(afterwards[part], part).not.toBe(before[part]);
      expect((await harden(['history', ...hostArgs(host, 'root')])).exitCode).toBe(1);

      const started = performance.now();
      const shown = await harden(['rollback', ...hostArgs(host, 'admin')]);
      expect(shown).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('Add --yes') });
      expect(await hostState(host)).toEqual(afterwards);
      const back = await harden(['rollback', '--yes', ...hostArgs(host, 'admin')]);
      expect(back.exitCode, back.stderr).toBe(0);
      expect(back.stderr).toMatch(/proved/);
      expect(apart(before, await hostState(host))).toEqual({});
      expect(await planned(host)).toEqual(first);
      survived({
        section: 'rollback',
        fault:
          '`playbooks/docker-host.yml` applied as root (root and passwords are out then), and rolled back as the administrator',
        host: 'files, accounts, keys, services, kernel parameters, firewall, sshd and Docker say what they said before',
        next: 'root logs in again, and the plan shows the same changes as the first one',
        seconds: (performance.now() - started) / 1000,
      });
    } finally {
      await host.stop();
    }
  });

  test('leaves packages that came with the run, as was said before', async () => {
    const host = await bootHost({ suite: 'trixie', docker: true });
    try {
      const before = await hostState(host);
      const first = await planned(host);
      const run = await applied(host);
      expect(run.stdout).toContain('a rollback leaves the packages as they are then');
      const started = performance.now();
      const back = await harden(['rollback', '--yes', ...hostArgs(host, 'admin')]);
      expect(back.exitCode, back.stderr).toBe(0);
      expect(back.stdout).toContain('cannot be taken back: a rollback leaves the packages as they are then');
      const { files, services, firewall, ...rest } = apart(before, await hostState(host));
      expect(rest).toEqual({});
      // What came with the packages stays; nothing of what was there is gone or different.
      for (const lines of [files, services, firewall])
        expect(lines?.filter((line) => line.startsWith('-'))).toEqual([]);
      expect((await planned(host)).map(({ name }) => name)).toEqual(
        first.map(({ name }) => name).filter((name) => !/ is there$/.test(name)),
      );
      survived({
        section: 'rollback',
        fault: 'the same on Debian 13, where ufw and unattended-upgrades came with the run',
        host: 'as before, but for the packages and the files that they brought',
        next: 'said before the apply and at the rollback; the plan shows the same tasks, without those that install',
        seconds: (performance.now() - started) / 1000,
      });
    } finally {
      await host.stop();
    }
  });

  async function applied(host: LabHost) {
    const run = await harden([
      'apply',
      ...PLAYBOOK,
      '--yes',
      '-e',
      `admin_key_file=${host.keyFile}.pub`,
      ...hostArgs(host),
    ]);
    expect(run.exitCode, run.stderr).toBe(0);
    return run;
  }

  async function planned(host: LabHost) {
    const { document } = await hardenJson('plan', [...PLAYBOOK, '-e', `admin_key_file=${host.keyFile}.pub`], host);
    return pending(document);
  }
});

function pending(document: RunDocument) {
  return document.hosts.flatMap(({ tasks }) =>
    tasks
      .filter(({ action }) => action !== 'none' && action !== 'skip')
      .map(({ name, action, changes }) => ({ name, action, changes })),
  );
}

/** What differs, by part; a part that does not is left out. */
function apart(before: HostState, after: HostState): Partial<Record<keyof HostState, string[]>> {
  const parts = (Object.keys(before) as (keyof HostState)[]).map(
    (part) => [part, linesApart(before[part], after[part])] as const,
  );
  return Object.fromEntries(parts.filter(([, lines]) => lines.length > 0));
}
