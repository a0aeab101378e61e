import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { ensurePackages } from '../lab/packages.ts';

/** Debian's packages for Vagrant with libvirt and QEMU, by a file of each. */
const NEEDED = {
  vagrant: 'vagrant',
  '/usr/share/rubygems-integration/all/gems': 'vagrant-libvirt',
  libvirtd: 'libvirt-daemon-system',
  '/usr/lib/x86_64-linux-gnu/libvirt/connection-driver/libvirt_driver_qemu.so': 'libvirt-daemon-driver-qemu',
  virsh: 'libvirt-clients',
  dnsmasq: 'dnsmasq-base',
  '/usr/share/vagrant-plugins/plugins.d/vagrant-libvirt.json': 'vagrant-libvirt',
};

const SETTINGS = 'user = "root"\ngroup = "root"\nsecurity_driver = "none"\n';

/** Has libvirt and Vagrant installed and answering; without systemd, its daemons are started by hand and stay. */
export async function ensureLibvirt(): Promise<void> {
  await ensurePackages(NEEDED);
  if (await answers()) return;
  const config = '/etc/libvirt/qemu.conf';
  await mkdir('/etc/libvirt', { recursive: true });
  const text = await readFile(config, 'utf8').catch(() => '');
  if (text === '') await writeFile(config, SETTINGS);
  else if (!/^security_driver = "none"$/m.test(text)) await appendFile(config, `\n${SETTINGS}`);
  await execa('virtlogd', ['-d'], { reject: false });
  await execa('libvirtd', ['-d'], { reject: false });
  for (let tries = 0; tries < 30; tries++) {
    if (await answers()) return;
    await sleep(500);
  }
  throw new Error('libvirtd does not answer on qemu:///system.');
}

async function answers(): Promise<boolean> {
  const { failed } = await execa('virsh', ['-c', 'qemu:///system', 'list'], { reject: false, timeout: 20_000 });
  return !failed;
}
