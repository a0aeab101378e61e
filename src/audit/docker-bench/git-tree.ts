import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { lstat, open, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { HostError } from '../../errors.ts';

/** A checkout as it was read, once: its bytes are those that the id was made of. */
export interface Tree {
  /** git's id of the whole tree: names, modes, contents and links. */
  readonly id: string;
  /** The regular files by their path in the tree. */
  readonly files: ReadonlyMap<string, Buffer>;
}

const mostEntries = 1000;
const mostBytes = 32 * 2 ** 20;

/** Reads a checkout without git, which would do what a foreign repository's configuration says; `.git` is left out. Throws a HostError for what no checkout of docker-bench-security holds. */
export async function readGitTree(directory: string): Promise<Tree> {
  const files = new Map<string, Buffer>();
  let entries = 0;
  let bytes = 0;

  async function read(path: string): Promise<Buffer> {
    const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const { size } = await handle.stat();
      bytes += size;
      if (bytes > mostBytes) throw new HostError(`${directory} holds more than docker-bench-security does`);
      return await handle.readFile();
    } finally {
      await handle.close();
    }
  }

  async function tree(folder: string): Promise<string> {
    const listed: { readonly order: string; readonly line: Buffer }[] = [];
    for (const name of await readdir(join(directory, folder))) {
      if (folder === '' && name === '.git') continue;
      if (++entries > mostEntries) throw new HostError(`${directory} holds more than docker-bench-security does`);
      const path = folder === '' ? name : `${folder}/${name}`;
      const found = await lstat(join(directory, path));
      const [mode, id] = found.isDirectory()
        ? ['40000', await tree(path)]
        : found.isSymbolicLink()
          ? ['120000', objectId('blob', Buffer.from(await readlink(join(directory, path))))]
          : found.isFile()
            ? [found.mode & 0o100 ? '100755' : '100644', await file(path)]
            : ['other', ''.padStart(40, '0')];
      const line = Buffer.concat([Buffer.from(`${mode} ${name}\0`), Buffer.from(id, 'hex')]);
      listed.push({ order: mode === '40000' ? `${name}/` : name, line });
    }
    listed.sort((a, b) => Buffer.compare(Buffer.from(a.order), Buffer.from(b.order)));
    return objectId('tree', Buffer.concat(listed.map(({ line }) => line)));
  }

  async function file(path: string): Promise<string> {
    const content = await read(join(directory, path));
    files.set(path, content);
    return objectId('blob', content);
  }

  return { id: await tree(''), files };
}

function objectId(kind: 'blob' | 'tree', content: Buffer): string {
  return createHash('sha1').update(`${kind} ${content.length}\0`).update(content).digest('hex');
}
