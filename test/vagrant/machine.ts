import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { virsh } from './libvirt.ts';

const PREFIX = 'harden-vagrant-';
const MARK = '== answered ==';
/** What all commands of the last run printed, to be followed while it goes on. */
const LOG = join(tmpdir(), 'harden-vagrant.log');
const ROOT = join(import.meta.dirname, '../..');

/** A line of output, and when it came: milliseconds since the command began. */
export interface TimedLine {
  readonly at: number;
  readonly text: string;
}

export interface VagrantRun {
  readonly exitCode: number;
  readonly lines: readonly TimedLine[];
  /** All that it printed, on both streams, as it came. */
  readonly text: string;
  readonly milliseconds: number;
}

/** The project's Vagrantfile on libvirt without KVM, with all of Vagrant's own files in a folder that goes with it. */
export class VagrantProject {
  readonly folder: string;
  readonly name: string;
  readonly box: string;

  private constructor(folder: string) {
    this.folder = folder;
    this.name = `harden-test-${folder.slice(-6).toLowerCase()}`;
    this.box = `${this.name}/box`;
  }

  static async create(boxFile: string): Promise<VagrantProject> {
    await VagrantProject.removeForgotten();
    const project = new VagrantProject(await mkdtemp(join(tmpdir(), PREFIX)));
    await writeFile(join(project.folder, 'pid'), String(process.pid));
    await rm(LOG, { force: true });
    const added = await project.run(['box', 'add', '--name', project.box, boxFile]);
    if (added.exitCode !== 0) throw new Error(`The box could not be added:\n${added.text}`);
    return project;
  }

  /** Removes what runs that were killed have left. */
  private static async removeForgotten(): Promise<void> {
    for (const name of await readdir(tmpdir())) {
      if (!name.startsWith(PREFIX)) continue;
      const folder = join(tmpdir(), name);
      const pid = Number(await readFile(join(folder, 'pid'), 'utf8').catch(() => ''));
      if (!pid || !runs(pid)) await new VagrantProject(folder).remove();
    }
  }

  /** Where Vagrant keeps the one machine. */
  get machineDirectory(): string {
    return join(this.folder, 'dot/machines/default/libvirt');
  }

  /** The administrator's private key, made by the Vagrantfile. */
  get adminKey(): string {
    return join(this.folder, 'dot/harden_admin');
  }

  get env(): Readonly<Record<string, string>> {
    const home = process.env.HARDEN_DOCKER_BENCH ? { HARDEN_DOCKER_BENCH: process.env.HARDEN_DOCKER_BENCH } : {};
    return {
      PATH: process.env.PATH ?? '',
      // No key, ssh configuration or known_hosts of the person who runs the test.
      HOME: join(this.folder),
      VAGRANT_HOME: join(this.folder, 'home'),
      VAGRANT_DOTFILE_PATH: join(this.folder, 'dot'),
      VAGRANT_CHECKPOINT_DISABLE: '1',
      VAGRANT_DEFAULT_PROVIDER: 'libvirt',
      HARDEN_BOX: this.box,
      HARDEN_NAME: this.name,
      HARDEN_EMULATE: '1',
      HARDEN_BOOT_TIMEOUT: '900',
      ...home,
    };
  }

  async run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<VagrantRun> {
    return this.timed('vagrant', args, env);
  }

  /** Runs the built harden in the Vagrantfile's folder. */
  async harden(args: readonly string[]): Promise<VagrantRun> {
    return this.timed(process.execPath, ['dist/cli.js', ...args], {});
  }

  /** Runs a script in the machine as Vagrant's user, by the way that harden took, and returns what it printed. */
  async inside(script: string): Promise<string> {
    const config = join(this.machineDirectory, 'harden_ssh_config');
    const { stdout } = await execa(
      'ssh',
      ['-F', config, '-o', 'BatchMode=yes', '-o', 'ConnectTimeout=60', 'default', script],
      {
        stdin: 'ignore',
        timeout: 300_000,
      },
    );
    return stdout.trim();
  }

  /** Runs commands in the machine, over one connection, and returns what each printed. */
  async asked<Name extends string>(commands: Readonly<Record<Name, string>>): Promise<Record<Name, string>> {
    const names = Object.keys(commands) as Name[];
    const printed = await this.inside(names.map((name) => `${commands[name]}\necho ${MARK}`).join('\n'));
    const answers = printed.split(MARK).map((text) => text.trim());
    return Object.fromEntries(names.map((name, at) => [name, answers[at] ?? ''])) as Record<Name, string>;
  }

  /** Destroys the machine, and removes what Vagrant and libvirt keep of it and of its box. */
  async remove(): Promise<void> {
    await this.run(['destroy', '-f']);
    const [owner, name] = this.box.split('/');
    const prefix = `${owner}-VAGRANTSLASH-${name}_`;
    for (const volume of await virsh('vol-list', 'default').catch(() => []))
      if (volume.startsWith(prefix)) await virsh('vol-delete', volume.split(' ')[0]!, '--pool', 'default');
    await rm(this.folder, { recursive: true, force: true });
  }

  private async timed(
    file: string,
    args: readonly string[],
    env: Readonly<Record<string, string>>,
  ): Promise<VagrantRun> {
    const began = performance.now();
    const child = execa(file, args, {
      cwd: ROOT,
      env: { ...this.env, ...env },
      extendEnv: false,
      stdin: 'ignore',
      reject: false,
      all: true,
      timeout: 3_600_000,
    });
    const lines: TimedLine[] = [];
    await appendFile(LOG, `$ ${file} ${args.join(' ')}\n`);
    for await (const text of child.iterable({ from: 'all' })) {
      lines.push({ at: performance.now() - began, text });
      await appendFile(LOG, `${text}\n`);
    }
    const { exitCode = 255 } = await child;
    return {
      exitCode,
      lines,
      text: lines.map((line) => line.text).join('\n'),
      milliseconds: performance.now() - began,
    };
  }
}

function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
