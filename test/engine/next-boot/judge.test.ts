import { expect, test } from 'vitest';
import { readAcceptedBy } from '../../../src/engine/next-boot/accepted-by.ts';
import { judgeDisk } from '../../../src/engine/next-boot/judge.ts';

const SSH = { program: 'sshd', unit: 'ssh.service', starts: ['ssh.service'] };
const home = '/home/admin';
const jobs = (...names: readonly string[]) => names.map((name) => `job ${name}\n`).join('');
const BEFORE = `${jobs('ssh.service', 'networking.service', 'nftables.service', 'cron.service')}net networking.service\nnet nftables.service\nnet systemd-networkd.service\ntarget graphical.target\n`;
const units = (now: string, changed = '/etc/systemd/system/x.service') =>
  `== kept\n== units\n${changed}\n== before\n${BEFORE}== now\n${now}`;

test.each<[string, string, { failures?: readonly RegExp[]; network?: readonly RegExp[]; remarks?: readonly RegExp[] }]>(
  [
    ['nothing changed', '== kept\n', {}],
    ['nothing was kept', '', { remarks: [/could not be kept/] }],
    ['a unit that has nothing to do with it goes', units(BEFORE.replace('job cron.service\n', '')), {}],
    [
      'the server is not started',
      units(BEFORE.replace('job ssh.service\n', '').replace('graphical', 'rescue')),
      { failures: [/not start ssh\.service any more \(it ends in rescue\.target\)/] },
    ],
    [
      'what brings the network up is not started',
      units(BEFORE.replace('job networking.service\n', '')),
      { network: [/not start networking\.service/] },
    ],
    [
      'the firewall is not started',
      units(BEFORE.replace('job nftables.service\n', '')),
      { remarks: [/no firewall by nftables\.service/] },
    ],
    [
      'a unit of the network is edited',
      units(BEFORE, '/etc/systemd/system/networking.service.d/x.conf'),
      { network: [/networking\.service\.d\/x\.conf is not as before/] },
    ],
    ['one more is started', units(`${BEFORE}job wg-quick@wg0.service\nnet wg-quick@wg0.service\n`), {}],
    ['no target at all', units('target nowhere.target\n'), { failures: [/would not find what to start/] }],
    [
      'systemd tells nothing',
      '== kept\n== units\n/etc/x\n== before\ntarget \n== now\ntarget \n',
      { remarks: [/not judged/] },
    ],
    [
      'a file of the network',
      '== kept\n== files\n/etc/netplan/50-cloud-init.yaml\n',
      { network: [/netplan\/50-cloud-init\.yaml is not as before/] },
    ],
  ],
)('%s', (_name, output, { failures = [], network = [], remarks = [] }) => {
  const verdict = judgeDisk(output, SSH, { home });
  const match = (all: readonly RegExp[]) => all.map((one) => expect.stringMatching(one));
  expect(verdict).toEqual({ failures: match(failures), network: match(network), remarks: match(remarks) });
});

test('a server that the boot did not start before either is no failure of the run', () => {
  const now = BEFORE.replace('job ssh.service\n', '');
  expect(judgeDisk(units(now), { ...SSH, starts: ['dropbear.service'] }, { home }).failures).toEqual([]);
});

test('socket and service stand for each other', () => {
  const by = { program: 'sshd', unit: 'ssh.service', socket: 'ssh.socket', starts: ['ssh.socket', 'ssh.service'] };
  const now = `${BEFORE.replace('job ssh.service\n', '')}job ssh.socket\n`;
  const both = BEFORE.replace('job ssh.service', 'job ssh.socket\njob ssh.service');
  const output = `== kept\n== units\n/etc/x\n== before\n${both}== now\n${now}`;
  expect(judgeDisk(output, by, { home }).failures).toEqual([]);
});

test.each<[string, RegExp | undefined]>([
  ['R /root/.ssh', /\/root\/\.ssh/],
  ['R! /home/admin/.ssh - - - -', /\/home\/admin\/\.ssh/],
  ['r /home/*/.ssh/authorized_keys', /authorized_keys/],
  ['z /home 0000 root root', /\/home/],
  ['f /etc/nologin', /nologin/],
  ['L+ /usr/sbin/sshd - - - - /bin/false', /sshd/],
  ['Z / 0700', / \/ /],
  ['D "/run/sshd" 0700 nobody', /run\/sshd/],
  ['d %t/x 0700', undefined],
  ['R %h/.ssh', /\/root\/\.ssh/],
  ['R /srv/%m', /%m/],
  ['d /run/containerd 0711 root root -', undefined],
  ['d /var/cache/app 0700 app app 10d', undefined],
  ['z /dev/kvm 0660 root kvm', undefined],
  ['R /srv/old', undefined],
])('tmpfiles.d: %s', (line, expected) => {
  const { failures } = judgeDisk(`== kept\n== tmpfiles\n${line}\n`, SSH, { home });
  expect(failures).toEqual(expected === undefined ? [] : [expect.stringMatching(expected)]);
});

const MOUNTS = 'mounted /dev/vda1 / ext4 rw 0 0\nmounted /dev/vdb /srv ext4 rw 0 0\nmounted tmpfs /tmp tmpfs rw 0 0\n';
test.each<[string, string, RegExp | undefined]>([
  ['was a /srv ext4 defaults 0 0', 'now a /srv ext4 defaults 0 0', undefined],
  ['', 'now /dev/vdb /srv ext4 defaults 0 2', undefined],
  ['', 'now /dev/vdc /data ext4 defaults 0 2', /not mounted now: should that fail/],
  ['', 'now /dev/vdc /data ext4 defaults,nofail 0 2', undefined],
  ['', 'now /dev/vdc /data ext4 noauto 0 2', undefined],
  ['', 'now tmpfs /home/admin/.ssh tmpfs nofail 0 0', /would be hidden/],
  ['', 'now tmpfs /home tmpfs nofail 0 0', /would be hidden/],
  ['', 'now tmpfs / tmpfs defaults 0 0', /is mounted there now/],
  ['', 'now /swapfile none swap sw 0 0', undefined],
  ['', 'now # a remark', undefined],
  ['was /dev/vda1 / ext4 defaults 0 1', 'now # gone', /does not mount \/ any more/],
])('fstab: %s -> %s', (was, now, expected) => {
  const { failures, remarks } = judgeDisk(`== kept\n== fstab\n${was}\n${now}\n${MOUNTS}`, SSH, { home });
  expect([...failures, ...remarks]).toEqual(expected === undefined ? [] : [expect.stringMatching(expected)]);
});

test.each([
  ['program sshd\nservice ssh.service\n', { program: 'sshd', unit: 'ssh.service', starts: ['ssh.service'] }],
  [
    'program sshd-session\nsocket ssh.socket yes \n',
    { program: 'sshd', unit: 'ssh@.service', socket: 'ssh.socket', starts: ['ssh.socket', 'ssh@.service'] },
  ],
  [
    'program sshd\nservice ssh.service\nsocket ssh.socket no ssh.service\n',
    { program: 'sshd', unit: 'ssh.service', socket: 'ssh.socket', starts: ['ssh.socket', 'ssh.service'] },
  ],
  [
    'program dropbear\nservice dropbear.service\n',
    { program: 'dropbear', unit: 'dropbear.service', starts: ['dropbear.service'] },
  ],
  [
    'program tailscaled\nservice tailscaled.service\n',
    { program: 'tailscaled', unit: 'tailscaled.service', starts: ['tailscaled.service'] },
  ],
  ['program \n', { program: '', unit: undefined, starts: [] }],
])('who let the login in: %j', (output, expected) => {
  expect(readAcceptedBy(output)).toEqual(expected);
});
