import { randomBytes } from 'node:crypto';
import { access, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { HostError } from '../../errors.ts';

/** Where Vagrant keeps what it knows of one machine; it empties it when the machine is destroyed. Throws a HostError where it cannot be found. */
export async function machineDirectory(
  machine: { readonly name: string; readonly provider: string; readonly text: string },
  directory: string,
  env: NodeJS.ProcessEnv,
): Promise<string> {
  const tail = join('machines', machine.name, machine.provider);
  // The key that Vagrant made for the machine lies there; a machine that was named by its id may be of any folder.
  const keys = [...machine.text.matchAll(/^\s*IdentityFile\s+"?(.*?)"?\s*$/gm)].map(([, file = '']) => file);
  const key = keys.find((file) => basename(file) === 'private_key' && dirname(file).endsWith(tail));
  if (key !== undefined) return dirname(key);
  for (let folder = resolve(directory, env.VAGRANT_CWD ?? '.'); ; folder = dirname(folder)) {
    const found = join(resolve(folder, env.VAGRANT_DOTFILE_PATH ?? '.vagrant'), tail);
    if (await exists(join(found, 'id'))) return found;
    if (folder === dirname(folder)) break;
  }
  throw new HostError(`there is no folder where Vagrant keeps the machine ${machine.name}`, {
    hint: 'Run harden in the folder of its Vagrantfile',
  });
}

/** Writes beside Vagrant's own files what leads to the machine: its ssh configuration, and where its key is recorded. */
export async function writeMachineFiles(
  folder: string,
  name: string,
  sshConfig: string,
): Promise<{ readonly sshConfigFile: string; readonly knownHostsFile: string }> {
  const sshConfigFile = join(folder, 'harden_ssh_config');
  // Vagrant checks no host key. In ssh the first value counts: a new machine's key is taken, another one later is refused,
  // and it is looked up by the machine's name because its address may change from boot to boot.
  const checks = ['  HostKeyAlias vagrant', '  StrictHostKeyChecking accept-new'].join('\n');
  const partial = `${sshConfigFile}.${randomBytes(4).toString('hex')}`;
  try {
    await writeFile(partial, sshConfig.replace(/^Host .*$/m, `Host ${name}\n${checks}`), { mode: 0o600 });
    await rename(partial, sshConfigFile);
  } catch (error) {
    await rm(partial, { force: true });
    throw new HostError(
      `${folder}, where Vagrant keeps the machine ${name}, cannot be written: ${(error as Error).message}`,
      {
        hint: 'Run harden as the user who runs Vagrant',
        cause: error,
      },
    );
  }
  return { sshConfigFile, knownHostsFile: join(folder, 'harden_known_hosts') };
}

function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
