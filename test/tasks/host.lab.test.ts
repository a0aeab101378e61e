import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cronTask } from '../../src/tasks/cron/index.ts';
import { debconfTask } from '../../src/tasks/debconf.ts';
import { hostnameTask } from '../../src/tasks/hostname.ts';
import { mountTask } from '../../src/tasks/mount/index.ts';
import { systemdTimerTask } from '../../src/tasks/systemd-timer/index.ts';
import { timezoneTask } from '../../src/tasks/timezone.ts';
import { bootHost, type LabHost, labUnavailable, said as saidOn } from '../lab/lab.ts';
import { converge } from './support/on-host.ts';

const unavailable = await labUnavailable();
const left = { left: [] };

describe.skipIf(unavailable !== undefined).each(['bookworm', 'trixie'] as const)(
  `a host's own settings on %s${unavailable ? ` (left out: ${unavailable})` : ''}`,
  (suite) => {
    let host: LabHost;
    beforeAll(async () => {
      const setup = 'apt-get -q update >/dev/null && apt-get -q -y install cron >/dev/null';
      host = await bootHost({ suite, setup });
    }, 600_000);
    afterAll(() => host?.stop());

    const said = (command: string) => saidOn(host, command);

    test('its name holds now and at boot, and resolves', async () => {
      const named = { name: 'db-1.example.org' };
      expect(await converge(host, hostnameTask, named)).toEqual({ action: 'update', ...left });
      expect(await said('hostname; cat /etc/hostname; getent hosts db-1')).toMatch(
        /^db-1\.example\.org\ndb-1\.example\.org\n127\.0\.1\.1 +db-1\.example\.org db-1$/,
      );
      expect(await converge(host, hostnameTask, named)).toEqual({ action: 'none', ...left });
      await host.exec("sed -i '/^127.0.1.1/s/$/ shop # asked  by sudo/' /etc/hosts");
      expect(await converge(host, hostnameTask, { name: 'web-1' })).toEqual({ action: 'update', ...left });
      expect(await said("grep '^127.0.1.1' /etc/hosts")).toBe('127.0.1.1\tweb-1 shop # asked  by sudo');
    });

    test('its time zone is that of its programs', async () => {
      expect(await converge(host, timezoneTask, { name: 'Europe/Paris' })).toEqual({ action: 'update', ...left });
      expect(await said('date -d 2026-07-01 +%Z; timedatectl show -p Timezone --value')).toBe('CEST\nEurope/Paris');
      expect(await converge(host, timezoneTask, { name: 'Europe/Paris' })).toEqual({ action: 'none', ...left });
    });

    test('an answer is there before its package asks, and a password is one that nobody else reads', async () => {
      const keep = { name: 'postfix', question: 'postfix/mailname', value: 'web-1.example.org', vtype: 'string' };
      expect(await converge(host, debconfTask, keep)).toEqual({ action: 'create', ...left });
      expect(await said('echo get postfix/mailname | debconf-communicate postfix')).toBe('0 web-1.example.org');
      expect(await converge(host, debconfTask, { ...keep, value: 'mail.example.org' })).toEqual({
        action: 'update',
        ...left,
      });
      expect(await said('debconf-show postfix')).toBe('* postfix/mailname: mail.example.org');
      expect(await converge(host, debconfTask, { ...keep, value: 'mail.example.org' })).toEqual({
        action: 'none',
        ...left,
      });
      const secret = { name: 'slapd', question: 'slapd/password1', value: "it's $HOME \\d secret", vtype: 'password' };
      expect(await converge(host, debconfTask, secret)).toEqual({ action: 'create', ...left });
      expect(await said('echo get slapd/password1 | debconf-communicate slapd')).toBe("0 it's $HOME \\d secret");
      expect(await converge(host, debconfTask, { ...secret, value: 'another' })).toEqual({ action: 'update', ...left });
    });

    test('a crontab has its entry beside the others, and cron takes it', async () => {
      await said(
        `printf '%s\n' '# mine' '5 5 * * * /bin/mine' '#Ansible: old' '0 0 * * * /bin/old' | crontab -u admin0 -`,
      );
      const old = {
        name: 'old',
        user: 'admin0',
        job: 'printf \'%s\\n\' "\\%d" >/tmp/out',
        hour: '*/2',
        weekday: 'mon-fri',
      };
      expect(await converge(host, cronTask, old)).toEqual({ action: 'update', ...left });
      expect(await said('crontab -u admin0 -l')).toBe(
        `# mine\n5 5 * * * /bin/mine\n# harden: old\n* */2 * * mon-fri printf '%s\\n' "\\%d" >/tmp/out`,
      );
      expect(await converge(host, cronTask, old)).toEqual({ action: 'none', ...left });
      expect(await converge(host, cronTask, { ...old, disabled: true })).toEqual({ action: 'update', ...left });
      expect(await converge(host, cronTask, { name: 'old', user: 'admin0', state: 'absent' })).toEqual({
        action: 'delete',
        ...left,
      });
      expect(await said('crontab -u admin0 -l')).toBe('# mine\n5 5 * * * /bin/mine');
      expect(await converge(host, cronTask, { name: 'new', job: '/bin/true', special_time: 'daily' })).toEqual({
        action: 'create',
        ...left,
      });
      expect(await converge(host, cronTask, { name: 'new', state: 'absent' })).toEqual({ action: 'delete', ...left });
      expect((await host.exec('crontab -l')).stderr).toMatch(/no crontab for root/);
    });

    test('a file of /etc/cron.d runs its job, and goes with its last entry', async () => {
      const mark = { name: 'mark', job: 'touch /tmp/cron-ran', user: 'admin0', cron_file: 'marks' };
      expect(await converge(host, cronTask, mark)).toEqual({ action: 'create', ...left });
      expect(await said('cat /etc/cron.d/marks; stat -c "%U %a" /etc/cron.d/marks')).toBe(
        '# harden: mark\n* * * * * admin0 touch /tmp/cron-ran\nroot 644',
      );
      await said(
        'systemctl restart cron; for i in $(seq 90); do [ ! -e /tmp/cron-ran ] || exit 0; sleep 1; done; exit 1',
      );
      expect(await said('stat -c %U /tmp/cron-ran')).toBe('admin0');
      expect(await converge(host, cronTask, { ...mark, state: 'absent' })).toEqual({ action: 'delete', ...left });
      expect((await host.exec('ls /etc/cron.d/marks')).exitCode).not.toBe(0);
    }, 120_000);

    test('a timer runs its command as its user, confined to its places', async () => {
      await said('mkdir /srv/marks && chown admin0 /srv/marks');
      const mark = {
        name: 'mark',
        exec_start: [
          "/bin/sh -c 'id -un >/srv/marks/who; touch /usr/evil || touch /srv/evil || echo shut >>/srv/marks/who'",
        ],
        user: 'admin0',
        on_calendar: ['*-*-* 00:00:00', 'Sun 04:30'],
        read_write_paths: ['/srv/marks'],
      };
      expect(await converge(host, systemdTimerTask, mark)).toEqual({ action: 'create', ...left });
      expect(
        await said(
          'systemctl is-active mark.timer; systemctl is-enabled mark.timer; systemctl start mark.service; cat /srv/marks/who',
        ),
      ).toBe('active\nenabled\nadmin0\nshut');
      expect(await said('systemctl list-timers --no-legend mark.timer')).toContain('mark.service');
      expect(await converge(host, systemdTimerTask, mark)).toEqual({ action: 'none', ...left });
      expect(await converge(host, systemdTimerTask, { ...mark, on_calendar: 'Mon 03:00', enabled: false })).toEqual({
        action: 'update',
        ...left,
      });
      expect(await converge(host, systemdTimerTask, { name: 'mark', state: 'absent' })).toEqual({
        action: 'delete',
        ...left,
      });
      expect(await said('systemctl show -p LoadState --value mark.timer mark.service')).toBe('not-found\n\nnot-found');
    });

    test.each([
      [{ on_calendar: 'sometimes' }, /sometimes/],
      [{ exec_start: '/bin/nothing-there', on_calendar: 'daily' }, /nothing-there is not executable/],
    ])('a timer that systemd would not take is refused before: %j', async (params, message) => {
      const { failure } = await converge(host, systemdTimerTask, { name: 'bad', exec_start: '/bin/true', ...params });
      expect(failure).toMatch(message);
      expect((await host.exec('ls /etc/systemd/system/bad.*')).exitCode).not.toBe(0);
    });

    test('a mount holds now and at boot, and never hides what is there', async () => {
      const mount = { path: '/srv/ram', src: 'tmpfs', fstype: 'tmpfs', opts: 'nosuid,nodev,size=1m' };
      expect(await converge(host, mountTask, mount)).toEqual({ action: 'update', ...left });
      expect(await said('findmnt -no FSTYPE,OPTIONS /srv/ram; grep -c /srv/ram /etc/fstab')).toMatch(
        /^tmpfs .*nosuid,nodev.*\n1$/,
      );
      expect(await converge(host, mountTask, { ...mount, opts: 'nosuid,nodev,noexec,size=1m' })).toMatchObject(left);
      expect(await said('findmnt -no OPTIONS /srv/ram')).toContain('noexec');
      expect(await converge(host, mountTask, { path: '/srv/ram', state: 'absent' })).toMatchObject(left);
      expect((await host.exec('findmnt /srv/ram')).exitCode).not.toBe(0);
    });
  },
);
