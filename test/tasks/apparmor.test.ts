import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { apparmorTask, enforceInFile } from '../../src/tasks/apparmor.ts';
import { describeInvalid, describeTask } from '../support/describe-task.ts';

// Debian 12
const loaded = `loaded docker-default (enforce)
loaded /{,usr/}sbin/dhclient (enforce)
loaded /usr/lib/NetworkManager/nm-dhcp-helper (enforce)
loaded lsb_release (enforce)
loaded nvidia_modprobe (enforce)
loaded nvidia_modprobe//kmod (enforce)
`;
const dhclient = `file sbin.dhclient
boot enforce
profile /usr/lib/NetworkManager/nm-dhcp-helper
profile /{,usr/}sbin/dhclient
`;
const lsb = 'file lsb_release\nboot enforce\nprofile lsb_release\n';

const profile = (name: string, mode: string) => ({ profiles: [{ name, mode }] });

describeTask(apparmorTask, [
  { name: 'on is on', params: {}, given: 'kernel Y\n', expect: { action: 'none', findings: [], needs: [] } },
  {
    name: 'refuses a kernel without AppArmor',
    params: {},
    given: 'kernel \n',
    expect: { keys: ['kernel'], findings: [/^refuse: AppArmor is off in the running kernel/] },
  },
  {
    name: 'leaves enforced profiles alone',
    params: profile('sbin.dhclient', 'enforce'),
    given: `kernel Y\n${dhclient}${loaded}`,
    expect: { action: 'none', needs: ['command:apparmor_parser', 'path:/etc/apparmor.d/sbin.dhclient'] },
  },
  {
    name: 'complain is a link and a reload',
    params: profile('lsb_release', 'complain'),
    given: `kernel Y\n${lsb}${loaded}`,
    expect: {
      keys: ['lsb_release', 'lsb_release at boot'],
      script: [
        /ln -s \.\.\/lsb_release \/etc\/apparmor\.d\/force-complain\/lsb_release\napparmor_parser -q -r -W \/etc\/apparmor\.d\/lsb_release/,
      ],
      keeps: [
        '/etc/apparmor.d/lsb_release',
        '/etc/apparmor.d/disable/lsb_release',
        '/etc/apparmor.d/force-complain/lsb_release',
      ],
      undo: ['apparmor_parser -q -r -W /etc/apparmor.d/lsb_release'],
      findings: [],
    },
  },
  {
    name: 'a profile is taken out of the kernel before the link that would make the parser pass over it',
    params: profile('lsb_release', 'disabled'),
    given: `kernel Y\n${lsb}${loaded}`,
    expect: { script: [/apparmor_parser -R [^\n]*\nln -s \.\.\/lsb_release \/etc\/apparmor\.d\/disable\/lsb_release/] },
  },
  {
    name: 'enforce takes links and flags away',
    params: profile('lsb_release', 'enforce'),
    given: `kernel Y\nfile lsb_release\nboot complain\nprofile lsb_release\n${loaded.replace('lsb_release (enforce)', 'lsb_release (complain)')}`,
    expect: {
      keys: ['lsb_release', 'lsb_release at boot'],
      script: [
        'rm -f /etc/apparmor.d/disable/lsb_release /etc/apparmor.d/force-complain/lsb_release',
        'apparmor_parser -q -r -W',
      ],
    },
  },
  {
    name: 'what is loaded otherwise than at boot is loaded anew',
    params: profile('lsb_release', 'enforce'),
    given: `kernel Y\n${lsb}${loaded.replace('loaded lsb_release (enforce)\n', '')}`,
    expect: {
      before: { lsb_release: 'disabled' },
      keys: ['lsb_release'],
      keeps: [],
      undo: ['apparmor_parser -R'],
      findings: [/^warn: programs that run already/],
    },
  },
  {
    name: 'a file with profiles in two modes',
    params: profile('sbin.dhclient', 'enforce'),
    given: `kernel Y\n${dhclient}${loaded.replace('helper (enforce)', 'helper (complain)')}`,
    expect: { before: { 'sbin.dhclient': 'complain and enforce' }, keys: ['sbin.dhclient'] },
  },
  {
    name: 'refuses a file that cannot be parsed',
    params: profile('broken', 'enforce'),
    given: `kernel Y\nfile broken\nboot enforce\n${loaded}`,
    expect: { findings: [/^refuse: apparmor_parser cannot read \/etc\/apparmor\.d\/broken/] },
  },
]);

describeInvalid(apparmorTask, [
  { name: 'off', params: { state: 'disabled' }, message: 'does not switch AppArmor off' },
  {
    name: 'a program for a file',
    params: profile('/usr/sbin/tcpdump', 'enforce'),
    message: 'name a file under /etc/apparmor.d',
  },
]);

test.each([
  ['profile a flags=(complain) {', 'profile a {'],
  ['profile a flags=(attach_disconnected, complain) {', 'profile a flags=(attach_disconnected) {'],
  ['profile a flags=(complain,attach_disconnected) {', 'profile a flags=(attach_disconnected) {'],
  ['/usr/bin/a flags=(attach_disconnected) { # complain', '/usr/bin/a flags=(attach_disconnected) { # complain'],
  ['# profile a flags=(complain) {', '# profile a flags=(complain) {'],
])('enforced: %s', (old, wanted) => {
  const { stdout } = spawnSync('sh', ['-c', `old=-\n${enforceInFile}`], {
    input: `${old}\n`,
    encoding: 'utf8',
  });
  expect(stdout).toBe(`${wanted}\n`);
});
