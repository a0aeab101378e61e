import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { labUnavailable, said as saidOn } from '../lab/lab.ts';
import { bootVm, type LabVm } from '../lab/vm.ts';
import { folder, harden, hostArgs } from './support/harden.ts';

// Under software emulation, on a machine that has other work too.
vi.setConfig({ testTimeout: 900_000, hookTimeout: 1_800_000 });

const unavailable = await labUnavailable();

// A log of rules that the kernel has; a directory under /run that a boot makes anew; a profile of Debian's own.
const BOOT = `tasks:
  - name: auditd is there
    apt: { name: [auditd, apparmor-profiles], install_recommends: false }
  - name: What touches Docker is on record
    audit_rules:
      watches: [/run/containerd, /run/containerd/containerd.sock, /etc/docker, /usr/bin/runc, /usr/sbin/dockerd]
      rules: ['-a always,exit -F arch=b64 -S adjtimex -k time-change']
  - name: A profile stands guard
    apparmor: { profiles: [{ name: usr.sbin.dnsmasq, mode: enforce }, { name: usr.sbin.mdnsd, mode: complain }, { name: bin.ping, mode: disabled }] }
  - name: The kernel is wary
    sysctl: { settings: { kernel.kptr_restrict: 2, fs.suid_dumpable: 0, kernel.sysrq: 0 } }
  - name: The module is loaded, and another cannot be
    modprobe: { name: dummy }
  - name: sshd lets in by fewer tries
    sshd: { options: { MaxAuthTries: 4 } }
  - name: The host boots anew
    reboot: { reboot_timeout: 800 }
  - name: Afterwards the run goes on
    copy: { dest: /etc/after-reboot, content: "{{facts.hostname}}\\n" }
  - name: Docker is up by then
    assert: { that: [docker info, 'test ! -e /run/reboot-required'], at: turn }
`;

const MOUNT = `tasks:
  - name: Docker's data has a partition of its own
    mount: { path: /var/lib/docker, src: LABEL=docker, fstype: ext4, opts: 'defaults,nodev,nosuid' }
`;

describe.skipIf(unavailable)('a whole machine', () => {
  let vm: LabVm;
  let directory: string;
  const said = (command: string) => saidOn(vm, command);
  const run = (command: string, file: string, ...more: string[]) =>
    harden([command, join(directory, file), ...more, ...hostArgs(vm)], { timeout: 850_000 });

  beforeAll(async () => {
    directory = await folder({ 'boot.yml': BOOT, 'mount.yml': MOUNT });
    vm = await bootVm({
      docker: true,
      secondDisk: true,
      setup: `mkfs.ext4 -q -L docker /dev/vdb
systemctl stop apt-daily.timer apt-daily-upgrade.timer
apt-get -q update >/dev/null
: >/run/reboot-required`,
    });
  });
  afterAll(() => vm?.stop());

  test('a partition for Docker’s data hides none of it silently, and is there after a boot', async () => {
    const refused = await run('apply', 'mount.yml', '--yes');
    expect(refused, refused.stderr).toMatchObject({ exitCode: 1 });
    expect(refused.stdout + refused.stderr).toMatch(/\/var\/lib\/docker is not empty, and its content would be hidden/);
    await said(`systemctl stop docker.socket docker containerd
mount /dev/vdb /mnt && cp -a /var/lib/docker/. /mnt/ && umount /mnt
find /var/lib/docker -mindepth 1 -delete`);
    const applied = await run('apply', 'mount.yml', '--yes');
    expect(applied, applied.stdout + applied.stderr).toMatchObject({ exitCode: 0 });
    expect(await said('findmnt -no SOURCE,OPTIONS /var/lib/docker')).toMatch(/^\/dev\/vdb .*nosuid,nodev/);
    expect(await said('systemctl start docker && docker info -f "{{.DockerRootDir}}"')).toBe('/var/lib/docker');
  });

  test('a run has the host boot anew, and goes on with the rest of the playbook', async () => {
    const boot = await said('cat /proc/sys/kernel/random/boot_id');
    const applied = await run('apply', 'boot.yml', '--yes');
    expect(applied, applied.stdout + applied.stderr).toMatchObject({ exitCode: 0 });
    expect(applied.stdout + applied.stderr).toContain('/run/reboot-required');
    expect(applied.stderr).toMatch(/the host reboots; waiting for it, at most 800 s/);
    expect(applied.stderr).toMatch(/the host is back, and the run goes on[\s\S]*proved: nothing differs/);
    expect(await said('cat /proc/sys/kernel/random/boot_id')).not.toBe(boot);
    expect(await said('cat /etc/after-reboot; findmnt -no SOURCE /var/lib/docker')).toBe('lab-vm\n/dev/vdb');
  });

  test('every audit rule is in the kernel after the boot, though one names what a boot makes anew', async () => {
    expect((await said('auditctl -l')).split('\n').sort()).toEqual([
      '-a always,exit -F arch=b64 -S adjtimex -F key=time-change',
      '-w /etc/docker -p rwxa -k docker',
      '-w /run/containerd -p rwxa -k docker',
      '-w /run/containerd/containerd.sock -p rwxa -k docker',
      '-w /usr/bin/runc -p rwxa -k docker',
      '-w /usr/sbin/dockerd -p rwxa -k docker',
    ]);
  });

  test('profiles have their modes, and the kernel its settings and module, after the boot too', async () => {
    const profiles = await said('cat /sys/kernel/security/apparmor/profiles');
    expect(profiles).toMatch(/dnsmasq.* \(enforce\)/);
    expect(profiles).toMatch(/mdnsd \(complain\)/);
    expect(profiles).not.toMatch(/^ping /m);
    expect(await said('sysctl -n kernel.kptr_restrict fs.suid_dumpable kernel.sysrq')).toBe('2\n0\n0');
    expect(await said('lsmod | grep -c "^dummy "')).toBe('1');
  });

  test('the run is one: its journal is whole, the lock is free, and nothing differs', async () => {
    const again = await run('plan', 'boot.yml', '--detailed-exitcode');
    expect(again, again.stdout + again.stderr).toMatchObject({ exitCode: 0 });
    expect(
      await said('ls /var/lib/harden/runs | wc -l; cat /var/lib/harden/runs/*/*/state | tr -d " " | sort -u'),
    ).toBe('2\ndone');
    expect(await said('ls /var/lib/harden/pending | wc -l; ls /var/lib/harden/runs/*/armed 2>/dev/null | wc -l')).toBe(
      '0\n0',
    );
  });
});
