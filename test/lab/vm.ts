import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { execa } from 'execa';
import { SUDO_PASSWORD } from './image.ts';
import { ensureClientKey } from './keys.ts';
import type { ExecResult, LabHost, LabOptions } from './lab-host.ts';
import { ensurePackages, NEEDED_FOR_VMS } from './packages.ts';
import { CACHE } from './paths.ts';
import { ensureVmImage } from './vm-image.ts';
import { waitFor } from './wait-for.ts';

/** A virtual machine: its kernel is its own, so it can audit, confine, mount and reboot. Its files cannot be seen from outside. */
export interface LabVm extends Omit<LabHost, 'root'> {
  /** Cuts the power: nothing is written any more; `powerOn` boots the same disk. */
  powerOff(): Promise<void>;
  powerOn(): Promise<void>;
}

/** Software emulation is about ten times slower than the machine it runs on, and slower still where that has other work. */
const BOOT_SECONDS = 1200;

export interface VmOptions extends Pick<LabOptions, 'suite' | 'docker' | 'setup'> {
  /** Adds an empty second disk, /dev/vdb. */
  readonly secondDisk?: boolean;
}

/** Boots a whole Debian under software emulation and returns when sshd answers; it ends with this process. */
export async function bootVm(options: VmOptions = {}): Promise<LabVm> {
  await ensurePackages(NEEDED_FOR_VMS);
  const [image, { keyFile }] = await Promise.all([
    ensureVmImage(options.suite ?? 'bookworm', options.docker ?? false),
    ensureClientKey(),
  ]);
  await mkdir(join(CACHE, 'vms'), { recursive: true });
  const directory = await mkdtemp(join(CACHE, 'vms', 'vm-'));
  const overlay = join(directory, 'disk.qcow2');
  await execa('qemu-img', ['create', '-q', '-f', 'qcow2', '-b', image.disk, '-F', 'raw', overlay]);
  const drives = [`file=${overlay},format=qcow2,if=virtio`];
  if (options.secondDisk) {
    await execa('qemu-img', ['create', '-q', '-f', 'qcow2', join(directory, 'second.qcow2'), '2G']);
    drives.push(`file=${join(directory, 'second.qcow2')},format=qcow2,if=virtio`);
  }
  const port = await freePort();
  const knownHostsFile = join(directory, 'known_hosts');
  await writeFile(knownHostsFile, image.hostKeys.map((key) => `[127.0.0.1]:${port} ${key}\n`).join(''));
  let machine: ChildProcess | undefined;
  const ssh = (command: string, input = ''): Promise<ExecResult> =>
    sshExec({ port, keyFile, knownHostsFile }, command, input);

  async function powerOn(): Promise<void> {
    // It dies with this process, however that dies.
    machine = spawn(
      'setpriv',
      [
        ...['--pdeathsig', 'KILL', 'qemu-system-x86_64'],
        ...[
          '-machine',
          'q35',
          '-accel',
          'tcg,thread=multi',
          '-cpu',
          'max',
          '-m',
          '2048',
          '-smp',
          '2',
          '-display',
          'none',
        ],
        ...['-serial', `file:${join(directory, 'console.log')}`, '-monitor', 'none'],
        ...[
          '-kernel',
          image.kernel,
          '-initrd',
          image.initrd,
          '-append',
          'root=/dev/vda rw console=ttyS0 net.ifnames=0 quiet',
        ],
        ...drives.flatMap((drive) => ['-drive', drive]),
        ...['-netdev', `user,id=n,hostfwd=tcp:127.0.0.1:${port}-:22`, '-device', 'virtio-net-pci,netdev=n'],
      ],
      { stdio: 'ignore' },
    );
    process.once('exit', () => machine?.kill('SIGKILL'));
    await answering();
  }

  async function answering(): Promise<void> {
    await waitFor(
      async () =>
        (await ssh('systemctl is-system-running --wait >/dev/null; true')).exitCode === 0 ? true : undefined,
      BOOT_SECONDS * 1000,
      () => `The virtual machine did not answer within ${BOOT_SECONDS} s; see ${join(directory, 'console.log')}.`,
    );
  }

  async function powerOff(): Promise<void> {
    if (!machine || machine.exitCode !== null || machine.signalCode !== null) return;
    const ended = once(machine, 'exit');
    machine.kill('SIGKILL');
    await ended;
  }

  const vm: LabVm = {
    name: 'lab-vm',
    address: '127.0.0.1',
    port,
    keyFile,
    sudoPassword: SUDO_PASSWORD,
    knownHostsFile,
    exec: (command, { input } = {}) => ssh(command, input),
    powerOff,
    powerOn,
    async powerCycle() {
      await powerOff();
      await powerOn();
    },
    async stop() {
      await powerOff();
      await rm(directory, { recursive: true, force: true });
    },
    async reboot() {
      const before = (await ssh('cat /proc/sys/kernel/random/boot_id')).stdout;
      await ssh('systemctl reboot');
      await waitFor(
        async () => {
          const { stdout, exitCode } = await ssh('cat /proc/sys/kernel/random/boot_id');
          return exitCode === 0 && stdout !== before ? true : undefined;
        },
        BOOT_SECONDS * 1000,
        () => `The virtual machine did not come back within ${BOOT_SECONDS} s.`,
      );
      await answering();
    },
  };
  try {
    await powerOn();
    if (options.setup !== undefined) {
      const done = await ssh('exec sh -eu', options.setup);
      if (done.exitCode !== 0)
        throw new Error(`The setup of the virtual machine failed:\n${done.stdout}\n${done.stderr}`);
    }
  } catch (error) {
    await vm.stop();
    throw error;
  }
  return vm;
}

async function sshExec(
  way: { readonly port: number; readonly keyFile: string; readonly knownHostsFile: string },
  command: string,
  input: string,
): Promise<ExecResult> {
  const options = [
    'BatchMode=yes',
    'ConnectTimeout=10',
    'StrictHostKeyChecking=yes',
    `UserKnownHostsFile=${way.knownHostsFile}`,
    'IdentitiesOnly=yes',
    'LogLevel=ERROR',
  ];
  const result = await execa(
    'ssh',
    [
      '-F',
      'none',
      '-i',
      way.keyFile,
      '-p',
      String(way.port),
      ...options.flatMap((option) => ['-o', option]),
      'root@127.0.0.1',
      command,
    ],
    {
      input,
      reject: false,
      timeout: 600_000,
    },
  );
  return { stdout: result.stdout, stderr: result.stderr, exitCode: result.exitCode ?? 255 };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('No free port.');
  return address.port;
}
