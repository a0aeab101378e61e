import { existsSync } from 'node:fs';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ExitCode, UserError } from '../errors.ts';
import type { Io } from '../report/io.ts';

const INVENTORY = `# The hosts. harden plan playbook.yml -i inventory.yml reads them all; -l web1, or -l web, chooses among them.
hosts:
  web1:
    address: 192.0.2.10 # left out: the name itself, which may be a Host of ~/.ssh/config
    user: root # who logs in; anyone but root becomes root with sudo. After the first apply: admin
    # port: 22
    # vars: { admin: alice } # win over the playbook's vars
groups:
  web: [web1]
`;

/** `harden init`: writes playbook.yml, what it includes, and inventory.yml into a directory; throws a UserError, and writes nothing, where one of them is there already. */
export async function init(directory: string, io: Io): Promise<ExitCode> {
  const files = new Map([
    ['playbook.yml', await shippedPlaybook('docker-host.yml')],
    ['inventory.yml', INVENTORY],
  ]);
  for (const text of files.values()) for (const name of includesOf(text)) files.set(name, await shippedPlaybook(name));
  files.set(SCHEMA, await readFile(shippedFile(join('schema', 'playbook.json')), 'utf8'));
  const taken = [...files.keys()].map((name) => join(directory, name)).find(existsSync);
  if (taken !== undefined) throw overwrites(taken);
  await makeDirectory(directory && resolve(directory)).catch((error: Error) => {
    throw new UserError(`${directory} cannot be made: ${error.message}`, { exitCode: ExitCode.Failed });
  });
  for (const [name, text] of files) await writeNew(join(directory, name), text);
  const [playbook, inventory] = [...files.keys()].map((name) => join(directory, name));
  const list = [...files.keys()].map((name) => `  ${join(directory, name)}\n`).join('');
  io.out(
    `wrote ${files.size} files:\n${list}\nName your host in ${inventory}, read ${playbook}, then run\n\n  harden plan ${playbook} -i ${inventory}\n`,
  );
  return ExitCode.Done;
}

/** The names of the files that a playbook of ours includes. */
function includesOf(text: string): readonly string[] {
  return [...text.matchAll(/^ *- include: (\S+)$/gm)].map(([, name = '']) => name);
}

/** What editors check the playbooks by, beside them. */
const SCHEMA = 'playbook.schema.json';

/** A playbook that comes with harden; its editor line names the schema beside the copy. */
async function shippedPlaybook(name: string): Promise<string> {
  const text = await readFile(shippedFile(join('playbooks', name)), 'utf8');
  return text.replace(/^# yaml-language-server: .*\n/, `# yaml-language-server: $schema=${SCHEMA}\n`);
}

/** The file of this package; the source and the bundle lie at different depths in it. */
function shippedFile(path: string): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); folder !== dirname(folder); folder = dirname(folder)) {
    if (existsSync(join(folder, path))) return join(folder, path);
  }
  throw new Error(`${path} is missing in this installation`);
}

/** Makes a directory and those above it; Node's own way never ends where the kernel makes none, as below /proc. */
async function makeDirectory(directory: string): Promise<void> {
  try {
    await mkdir(directory);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && (await stat(directory)).isDirectory()) return;
    if (code !== 'ENOENT' || dirname(directory) === directory) throw error;
    await makeDirectory(dirname(directory));
    await mkdir(directory);
  }
}

async function writeNew(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text, { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw overwrites(file);
    throw new UserError(`${file} cannot be written: ${(error as Error).message}`, { exitCode: ExitCode.Failed });
  }
}

function overwrites(file: string): UserError {
  return new UserError(`${file} is there already, and init overwrites nothing`, {
    hint: 'Name another directory: harden init DIRECTORY',
  });
}
