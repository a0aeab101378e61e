import { appendFile, mkdir, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { ensurePackages } from '../lab/packages.ts';

/** Debian's packages for Vagrant with libvirt and QEMU, by a file of each. */
const NEEDED = {
  vagrant: 'vagrant',
  ruby: 'ruby',
  '/usr/share/vagrant-plugins/plugins.d/vagrant-libvirt.json': 'vagrant-libvirt',
  libvirtd: 'libvirt-daemon-system',
  '/usr/lib/x86_64-linux-gnu/libvirt/connection-driver/libvirt_driver_qemu.so': 'libvirt-daemon-driver-qemu',
  virsh: 'libvirt-clients',
  dnsmasq: 'dnsmasq-base',
  'qemu-system-x86_64': 'qemu-system-x86',
};

const CONFIG = '/etc/libvirt/qemu.conf';
// Without systemd there is neither a user nor a cgroup that libvirt could give a machine to.
const SETTINGS = 'user = "root"\ngroup = "root"\nsecurity_driver = "none"\n';
const NETWORK = 'vagrant-libvirt';

/** Has libvirt and Vagrant installed and answering, and returns what ends again that was not there before. */
export async function ensureLibvirt(): Promise<() => Promise<void>> {
  await ensurePackages(NEEDED);
  const started = (await answers()) ? [] : await startDaemons();
  const networks = await virsh('net-list', '--name');
  return async () => {
    if (!networks.includes(NETWORK)) await virsh('net-destroy', NETWORK).catch(() => []);
    for (const daemon of started.toReversed()) await endDaemon(daemon);
  };
}

/** Runs virsh on the system's libvirt and returns the lines that it printed. */
export async function virsh(...args: readonly string[]): Promise<readonly string[]> {
  const { stdout } = await execa('virsh', ['-c', 'qemu:///system', '-q', ...args], { timeout: 60_000 });
  return stdout.split('\n').map((line) => line.trim());
}

async function answers(): Promise<boolean> {
  return virsh('list').then(
    () => true,
    () => false,
  );
}

async function startDaemons(): Promise<readonly string[]> {
  await mkdir('/etc/libvirt', { recursive: true });
  const text = await readFile(CONFIG, 'utf8').catch(() => '');
  if (!/^security_driver = "none"$/m.test(text)) await appendFile(CONFIG, `\n${SETTINGS}`);
  const started: string[] = [];
  let words = '';
  for (const daemon of ['virtlogd', 'libvirtd']) {
    const { failed, stderr } = await execa(daemon, ['-d'], { reject: false });
    if (failed) words = stderr;
    else started.push(daemon);
  }
  for (let tries = 0; tries < 60; tries++) {
    if (await answers()) return started;
    await sleep(500);
  }
  throw new Error(`libvirtd does not answer on qemu:///system. ${words}`.trim());
}

async function endDaemon(daemon: string): Promise<void> {
  const pid = Number(await readFile(`/run/${daemon}.pid`, 'utf8').catch(() => ''));
  if (!pid || (await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')).trim() !== daemon) return;
  process.kill(pid);
}
