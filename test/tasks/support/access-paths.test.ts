import { expect, test } from 'vitest';
import { touchesAccess } from '../../../src/tasks/support/access-paths.ts';

test.each([
  '/etc/ssh/sshd_config',
  '/etc/ssh/sshd_config.d/00-x.conf',
  '/etc/sudoers',
  '/etc/sudoers.d/admin',
  '/etc/pam.d/sshd',
  '/etc/passwd',
  '/etc/ufw/after.rules',
  '/etc/security/access.conf',
  '/etc/systemd/network/10-x.network',
  '/etc/systemd/system/ssh.service.d/x.conf',
  '/etc/systemd/system/ssh.socket',
  '/etc/systemd/system/sockets.target.wants/ssh.socket',
  '/root/.ssh',
  '/home/admin',
  '/home/admin/.ssh',
  '/home/admin/.ssh/authorized_keys',
  '/srv/people/anna/.ssh/authorized_keys',
  '/etc',
  '/',
])('%s can cut a login off', (path) => {
  expect(touchesAccess(path)).toBe(true);
});

test.each([
  '/etc/sshfs.conf',
  '/etc/sudoers.old',
  '/etc/passwd-',
  '/etc/docker/daemon.json',
  '/etc/systemd/system/docker.service.d/x.conf',
  '/etc/issue.net',
  '/home/admin/notes.txt',
  '/var/lib/docker',
  '/usr/local/bin/ssh-report',
])('%s cannot', (path) => {
  expect(touchesAccess(path)).toBe(false);
});
