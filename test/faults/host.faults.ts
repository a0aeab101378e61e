import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { harden, hostArgs } from '../e2e/support/harden.ts';
import { bootHost, type LabHost, labUnavailable } from '../lab/lab.ts';
import { waitFor } from '../lab/wait-for.ts';
import { REPOSITORY, STATUS } from './support/repository.ts';
import { survived } from './support/row.ts';
import { accessState, apply, isQuiet, plan, startApply, type Timed } from './support/run.ts';

const unavailable = await labUnavailable();

describe.skipIf(unavailable)('what happens to a host', () => {
  let host: LabHost;
  const said = async (command: string) => {
    const { stdout } = await host.exec(command);
    return stdout;
  };
  const command = (name: string, ...args: readonly string[]) => harden([name, ...args, ...hostArgs(host)]);

  beforeAll(async () => {
    host = await bootHost({ setup: REPOSITORY });
  });
  afterAll(() => host?.stop());
  afterEach(async () => {
    for (const path of ['/etc/ssh', '/var/lib/harden', '/usr/share/plainpkg']) await host.exec(`umount ${path}`);
  });

  /** The next apply ends in proof, and then nothing differs. */
  async function finishes(playbook: string): Promise<Timed> {
    const next = await apply(host, playbook);
    expect(next.exitCode, next.stderr).toBe(0);
    expect(next.stderr).toMatch(/proved/);
    expect((await plan(host, playbook)).exitCode).toBe(0);
    expect(await isQuiet(host)).toBe(true);
    return next;
  }

  test('the disk is full while a file is written', async () => {
    await host.exec('mkdir -p /srv/small && mount -t tmpfs -o size=200k tmpfs /srv/small && echo old >/srv/small/file');
    const playbook = `tasks:\n  - copy: { dest: /srv/small/file, content: "${'x'.repeat(400_000)}" }\n`;
    const failed = await apply(host, playbook);
    expect(failed.exitCode).toBe(1);
    expect(failed.stderr).toMatch(
      /\/srv\/small\/file could not be written and is as it was \(\d+ KiB free on \/srv\/small\)/,
    );
    expect(await said('cat /srv/small/file; ls -A /srv/small')).toBe('old\nfile');
    await host.exec('mount -o remount,size=2m /srv/small');
    expect((await plan(host, playbook)).stderr).toMatch(/did not come to its end/);
    await finishes(playbook);
    survived({
      section: 'host',
      fault: 'the disk is full while a file is written',
      host: 'the old file, whole, and nothing beside it',
      next: 'this one ends with 1 and says which file and how much room; with room, the next one ends in proof',
      seconds: failed.seconds,
    });
  });

  test('the disk is full while apt unpacks', async () => {
    await host.exec('mkdir -p /usr/share/plainpkg && mount -t tmpfs -o size=64k tmpfs /usr/share/plainpkg');
    const playbook = 'tasks:\n  - apt: { name: plainpkg }\n';
    const failed = await apply(host, playbook);
    expect(failed.exitCode).toBe(1);
    expect(failed.stderr).toMatch(/No space left on device/);
    expect(await said(`${STATUS} plainpkg`)).not.toBe('installed');
    await host.exec('umount /usr/share/plainpkg');
    await finishes(playbook);
    expect(await said(`${STATUS} plainpkg; dpkg --audit`)).toBe('installed');
    survived({
      section: 'host',
      fault: 'the disk is full while apt unpacks',
      host: 'the package is not installed, and dpkg knows it',
      next: 'this one ends with 1 and dpkg’s words; with room, the next one ends in proof',
      seconds: failed.seconds,
    });
  });

  test('the disk is full while the journal is written', async () => {
    await host.exec(
      `mkdir -p /var/lib/harden && mount -t tmpfs -o size=800k tmpfs /var/lib/harden && head -c 900000 /dev/urandom >/srv/large && echo old >/srv/file`,
    );
    const tooLarge = await apply(host, 'tasks:\n  - copy: { dest: /srv/large, content: small }\n');
    expect(tooLarge.exitCode).toBe(1);
    expect(tooLarge.stderr).toMatch(/\/srv\/large could not be kept for a rollback, so nothing was changed/);
    expect(await said('stat -c %s /srv/large')).toBe('900000');

    const fill = 'head -c 2000000 /dev/zero >/var/lib/harden/filler; [ -s /var/lib/harden/filler ]';
    const playbook = `tasks:
  - copy: { dest: /srv/first, content: x }
  - command: { cmd: "${fill}", creates: /var/lib/harden/filler }
  - copy: { dest: /srv/file, content: new }
`;
    const failed = await apply(host, playbook);
    expect(failed.exitCode).toBe(1);
    expect(failed.stderr).toMatch(
      /the journal cannot be written, so nothing was changed: 0 KiB free on \/var\/lib\/harden/,
    );
    expect(await said('cat /srv/first /srv/file')).toBe('xold');
    const shown = JSON.parse((await command('history', '--json')).stdout) as {
      hosts: { runs: { steps: { state: string }[] }[] }[];
    };
    expect(shown.hosts[0]?.runs[0]?.steps.map(({ state }) => state).slice(0, 2)).toEqual(['done', 'done']);

    const still = await apply(host, playbook);
    expect(still.exitCode).toBe(1);
    expect(still.stderr).toMatch(/the journal cannot be written on this host: .*0 KiB free on \/var\/lib\/harden/);
    expect(still.stderr).toMatch(/free space/);
    expect(await said('cat /srv/file')).toBe('old');

    await host.exec('head -c 1 /dev/zero >/var/lib/harden/filler');
    await finishes(playbook);
    await host.exec('umount /var/lib/harden');
    survived({
      section: 'host',
      fault:
        'the disk is full while the journal is written: before the run, in its midst, and for a file that is larger than what is free',
      host: 'nothing is changed that could not be kept; steps that were done are on record as done',
      next: 'says how much room there is and where; with room, the next one ends in proof',
      seconds: failed.seconds,
    });
  });

  test('the disk is full when the guard must undo', async () => {
    await host.exec(`mkdir -p /mnt/disk /var/lib/harden && mount -t tmpfs -o size=1500k tmpfs /mnt/disk && cp -a /etc/ssh /mnt/disk/ssh && mkdir /mnt/disk/harden
mount --bind /mnt/disk/ssh /etc/ssh && mount --bind /mnt/disk/harden /var/lib/harden`);
    const before = await accessState(host);
    const undone = await apply(
      host,
      `tasks:
  - copy: { dest: /etc/ssh/sshd_config.d/deny.conf, content: "DenyUsers *\\n" }
    notify: reload
  - lineinfile: { path: /etc/ssh/sshd_config, line: "# changed" }
  - command: { cmd: "head -c 4000000 /dev/zero >/mnt/disk/filler || [ -s /mnt/disk/filler ]" }
handlers:
  reload: { run: systemctl reload ssh }
`,
    );
    expect(undone.exitCode).toBe(1);
    expect(undone.stderr).toMatch(/is as before, and a login works again/);
    expect(Number(await said('stat -c %s /mnt/disk/filler'))).toBeGreaterThan(500_000);
    expect(await accessState(host)).toBe(before);
    await host.exec('rm /mnt/disk/filler; umount /etc/ssh /var/lib/harden; systemctl reload ssh');
    survived({
      section: 'host',
      fault: 'every way in is shut, and the disk is full when the guard must undo it',
      host: 'as before, undone by itself: the guard had set room aside (on the disk of /var/lib)',
      next: 'the old login works',
      seconds: undone.seconds,
    });
  });

  test("dpkg's lock is held for a minute", async () => {
    const hold = host.exec(
      `perl -MFcntl -e 'open(my $f, ">>", "/var/lib/dpkg/lock-frontend"); my $lock = pack("s s x4 q q l", F_WRLCK, 0, 0, 0, 0); fcntl($f, F_SETLK, $lock) or die; open(my $m, ">", "/run/held"); close $m; sleep 60'`,
    );
    await waitFor(
      async () => ((await said('ls /run/held')) ? true : undefined),
      30_000,
      () => 'the lock was not taken',
    );
    const run = await finishes('tasks:\n  - apt: { name: otherpkg }\n');
    expect(run.seconds).toBeGreaterThan(40);
    expect((await hold).exitCode).toBe(0);
    expect(await said(`${STATUS} otherpkg`)).toBe('installed');
    survived({
      section: 'host',
      fault: 'another program holds dpkg’s lock for 60 s',
      host: 'as the playbook says',
      next: 'this one waits, installs when the lock is free, and ends in proof',
      seconds: run.seconds,
    });
  });

  test('dpkg is killed half-way', async () => {
    await host.exec('touch /srv/slow');
    const playbook = 'tasks:\n  - apt: { name: slowpkg }\n';
    const running = await startApply(host, playbook);
    await waitFor(
      async () =>
        (await said(`${STATUS} slowpkg; pgrep -f slowpkg.postinst`)).match(/half-configured\n?\d/) ? true : undefined,
      60_000,
      () => 'the installation did not begin',
    );
    const started = performance.now();
    await host.exec('kill -9 $(pgrep -x dpkg); kill -9 $(pgrep -f slowpkg.postinst)');
    const failed = await running.process;
    const seconds = (performance.now() - started) / 1000;
    expect(failed.exitCode).toBe(1);
    expect(failed.stderr).toMatch(/dpkg/);
    expect(await said(`${STATUS} slowpkg`)).toBe('half-configured');
    const planned = await plan(host, playbook);
    expect(planned.stderr).toMatch(/did not come to its end: it stopped in "apt slowpkg"/);
    expect(planned.stdout).toMatch(/half-configured/);
    await finishes(playbook);
    expect(await said(`${STATUS} slowpkg; dpkg --audit`)).toBe('installed');
    survived({
      section: 'host',
      fault: 'dpkg and its script are killed while a package is configured (`dpkg --configure -a` is due)',
      host: 'the package is half-configured',
      next: 'this one ends with 1; the plan says where it stopped and in what state the package is, and the next one finishes what dpkg left and ends in proof',
      seconds,
    });
  });

  test('a second harden at the same time', async () => {
    const slow = 'tasks:\n  - command: { cmd: "touch /srv/running; sleep 20", creates: /srv/running }\n';
    const first = await startApply(host, slow);
    await waitFor(
      async () => ((await said('ls /srv/running')) ? true : undefined),
      30_000,
      () => 'the first run did not begin',
    );
    const planned = await plan(host, 'tasks:\n  - copy: { dest: /srv/second, content: x }\n');
    expect(planned.stderr).toMatch(/another run \(.*applying \S+playbook\.yml\) is under way, and is at "/);
    expect(planned.stderr).not.toMatch(/did not come to its end/);
    const second = await apply(host, 'tasks:\n  - copy: { dest: /srv/second, content: x }\n');
    expect(second.exitCode).toBe(1);
    expect(second.stderr).toMatch(
      /another run is at work on this host: \S+@\S+ from \S+ since \d{4}-\d\d-\d\dT\S+, applying \S+playbook\.yml/,
    );
    expect(await said('ls /srv/second 2>/dev/null')).toBe('');
    const ended = await first.process;
    expect(ended.exitCode, ended.stderr).toBe(0);
    await finishes('tasks:\n  - copy: { dest: /srv/second, content: x }\n');
    survived({
      section: 'host',
      fault: 'a second harden at the same time',
      host: 'changed by the first alone',
      next: 'the second ends at once with 1 and says who is at work, since when and with which playbook; it succeeds afterwards',
      seconds: second.seconds,
    });
  });

  test('sshd and all its sessions are killed in mid-run', async () => {
    const playbook = `tasks:
  - copy: { dest: /srv/before, content: x }
  - command: { cmd: "touch /srv/killing; sleep 6; touch /srv/slept", creates: /srv/slept }
  - copy: { dest: /srv/after, content: x }
    notify: mark
handlers:
  mark: { run: touch /srv/marked }
`;
    const running = await startApply(host, playbook);
    await waitFor(
      async () => ((await said('ls /srv/killing')) ? true : undefined),
      30_000,
      () => 'the run did not begin',
    );
    const started = performance.now();
    await host.exec('kill -9 $(pgrep sshd)');
    const failed = await running.process;
    const seconds = (performance.now() - started) / 1000;
    expect(failed.exitCode).toBe(1);
    expect(failed.stderr).toMatch(/connection|ended|lost/i);
    await waitFor(
      async () => ((await said('ls /srv/slept')) ? true : undefined),
      30_000,
      () => 'the running step did not end',
    );
    expect(await said('ls /srv/after 2>/dev/null; systemctl restart ssh; systemctl is-active ssh')).toBe('active');
    await finishes(playbook);
    expect(await said('ls /srv/after /srv/marked')).toBe('/srv/after\n/srv/marked');
    survived({
      section: 'host',
      fault: 'sshd and all its sessions are killed in mid-run',
      host: 'the running step has ended, no other began',
      next: 'this one ends with 1; the next one does the rest, handler included, and ends in proof',
      seconds,
    });
  });

  test('the journal is corrupt', async () => {
    const text = (word: string) =>
      `tasks:\n  - copy: { dest: /srv/corrupt, content: ${word} }\n  - copy: { dest: /srv/${word}, content: x }\n`;
    for (const word of ['one', 'two', 'three', 'four']) await apply(host, text(word));
    const ids = await runIds();
    const [four, three, two, one] = ids.slice(0, 4) as [string, string, string, string];
    await host.exec(`cd /var/lib/harden/runs
printf '\\000\\000garbage' >${four}/run.json; head -c 4096 /dev/zero >${four}/0000/step.json; : >${four}/undo.sh
printf '{"id":' >${three}/run.json; head -c 100 /dev/zero >${three}/0000/state; head -c 300 /dev/urandom >${three}/number
rm -r ${two}/run.json ${two}/0000/step.json; echo x >${two}/0001/kept/1/path-; : >${two}/0001/kept/1/path
rm -r ${one}/0000/kept; echo x >${one}/0000/kept
echo file >not-a-run; mkdir 'odd name' empty; head -c 2000 /dev/urandom >empty/run.json; ln -s /etc/shadow empty/step; mkdir -p 'odd name/0000'`);
    for (const [name, ...args] of [
      ['history'],
      ['history', '--json'],
      ['show', four],
      ['show', three],
      ['show', two],
      ['show', 'odd'],
      ['show', 'empty', '--json'],
    ] as const) {
      const ran = await command(name, ...args);
      expect(ran.exitCode, `${name} ${args.join(' ')}: ${ran.stderr}`).toBe(0);
      expect(ran.stderr).not.toMatch(/bug in harden/);
    }
    expect((await command('show', two)).stdout).toMatch(/its record is damaged/);
    expect(await said('cat /srv/corrupt')).toBe('four');

    // What is left of the records suffices, or says that it does not.
    const back = await command('rollback', four, '--yes');
    expect(back.exitCode, back.stderr).toBe(0);
    expect(await said('cat /srv/corrupt; ls /srv/four 2>/dev/null')).toBe('three');
    expect((await command('rollback', two, '--yes')).stderr).toContain(
      'nothing was rolled back: changed since that run',
    );
    const emptied = await command('rollback', two, '--yes', '--discard-changes');
    expect(emptied.exitCode, emptied.stderr).toBe(1);
    expect(emptied.stdout).toContain('what it had kept is damaged in the journal, and cannot be put back');
    expect(emptied.stderr).toContain('rolled back but for what was damaged in the journal: step 0001');
    expect(await said('cat /srv/corrupt; echo; cat /srv/two')).toBe('one\nx');
    const apart = await command('rollback', one, '--yes', '--discard-changes');
    expect(apart.exitCode).toBe(1);
    expect(apart.stderr).toContain('rolled back but for what was damaged in the journal: step 0000');
    expect(await said('cat /srv/corrupt; ls /srv/one 2>/dev/null; ls -d /etc /srv /root')).toBe('one/etc\n/root\n/srv');

    await finishes(text('five'));
    const pending = await said(
      'mkdir -p /var/lib/harden/pending; head -c 500 /dev/urandom >/var/lib/harden/pending/reload-x-12345678; echo made',
    );
    expect(pending).toBe('made');
    const due = await apply(host, text('six'));
    expect(due.exitCode).toBe(1);
    expect(due.stderr).toMatch(/\/var\/lib\/harden\/pending\/reload-x-12345678 is damaged[\s\S]*remove the file/);
    await host.exec('rm /var/lib/harden/pending/reload-x-12345678');
    // A guard that was cut off in its undo, and whose script is gone: said once, and not for ever in the way.
    await host.exec(`cd /var/lib/harden/runs/${three} && : >fired && : >undo.sh`);
    const moved = await apply(host, text('six'));
    expect(moved.exitCode).toBe(1);
    expect(moved.stderr).toMatch(/the plan is old: the host was just undoing what .* could not prove/);
    await finishes(text('six'));
    await host.exec('rm -rf /var/lib/harden && echo file >/var/lib/harden');
    const none = await apply(host, text('seven'));
    expect(none.exitCode).toBe(1);
    expect(none.stderr).toMatch(/the journal cannot be written on this host: .*\/var\/lib\/harden/);
    await host.exec('rm /var/lib/harden');
    await finishes(text('seven'));
    survived({
      section: 'host',
      fault:
        'the journal is corrupt: records cut off, full of zeros or of noise, gone, or files where directories were; a pending handler and a guard likewise',
      host: 'as it was',
      next: '`history` and `show` say which records are damaged, `rollback` uses what is left; where an apply cannot go on, it names the file and what to do, and then ends in proof',
    });
  });

  async function runIds(): Promise<readonly string[]> {
    const { stdout } = await command('history', '--json');
    return ((JSON.parse(stdout) as { hosts: { runs: { id: string }[] }[] }).hosts[0]?.runs ?? []).map(({ id }) => id);
  }
});
