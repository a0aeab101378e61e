import { Buffer } from 'node:buffer';
import { posix } from 'node:path';
import { z } from 'zod';
import { defineTask } from '../engine/task.ts';
import { proofForPath } from './support/docker/prove-docker.ts';
import { attributeNeeds, attributeParams, destination, validateParam } from './support/file-params.ts';
import { fileRead } from './support/read-file.ts';
import * as wholeFile from './support/whole-file.ts';

const params = z
  .strictObject({
    dest: destination.describe(
      'The file on the host. With a slash at its end: the directory that gets a file named as `src` is.',
    ),
    src: z
      .string()
      .min(1)
      .optional()
      .describe("The operator's file, taken byte by byte; a relative path starts at the playbook's folder."),
    content: z.string().optional().describe('The text itself, in place of `src`.'),
    ...attributeParams,
    validate: validateParam,
  })
  .refine(({ src, content }) => (src === undefined) !== (content === undefined), 'write one of src and content')
  .refine(
    ({ src, dest }) => src !== undefined || !dest.endsWith('/'),
    'with content, dest must name the file, not its directory',
  );

type CopyParams = z.output<typeof params> & {
  /** What `src` holds. */
  readonly loaded?: Uint8Array | undefined;
};

/** One file with exactly the bytes that the playbook brings. */
export const copyTask = defineTask<CopyParams, wholeFile.WholeFileState>({
  type: 'copy',
  summary: 'A file on the host with exactly the content that the playbook gives.',
  notes:
    'Reads the file’s bytes, owner, group and mode; shown as a text diff up to 1 MiB, else by its SHA-256. Written beside and renamed: what reads it sees the old file or the new one, never half of it. Owner, mode, ACLs and extended attributes stay where they are not given. Directories on the way that are missing are made (root, 0755) where root alone can write, which the plan says; never a home, and never one beside /etc. A link at `dest` is followed only where nobody but root can have put it. Files of sshd, sudo, nginx, apt, Docker and sysctl are checked by their own programs as a part of the whole configuration, during plan already.',
  params,
  examples: [
    { dest: '/etc/issue.net', content: 'Authorized use only.\n', owner: 'root', group: 'root', mode: '0644' },
    { dest: '/etc/sudoers.d/admin', content: 'admin ALL=(ALL) ALL\n', mode: '0440', validate: 'visudo -cf %s' },
  ],
  id: pathOf,
  load: (copy, local) => {
    const loaded = copy.src === undefined ? undefined : local.read(copy.src);
    const complete = { ...copy, loaded };
    wholeFile.checkContent(fileOf(complete));
    return complete;
  },
  probe: (copy) => wholeFile.probeWholeFile(fileOf(copy)),
  reads: (copy) => fileRead(pathOf(copy)),
  read: (output, copy) => wholeFile.readWholeFile(output, fileOf(copy)),
  want: (copy) => wholeFile.wantWholeFile(fileOf(copy)),
  apply: (change, copy) => wholeFile.applyWholeFile(change, fileOf(copy)),
  validate: (change, copy) => wholeFile.validateWholeFile(change, fileOf(copy)),
  needs: (copy) => [`directory:${posix.dirname(pathOf(copy))}`, ...attributeNeeds(copy)],
  provides: (copy) => [`path:${pathOf(copy)}`],
  proof: (copy) => proofForPath(pathOf(copy)),
  risk: (copy, change) => wholeFile.riskOf(pathOf(copy), change.before),
  keeps: (copy, change) => wholeFile.keptPaths(pathOf(copy), change.before),
  undo: (_change, copy) => wholeFile.undoWholeFile(fileOf(copy)),
});

function pathOf({ dest, src }: CopyParams): string {
  return dest.endsWith('/') ? posix.join(dest, posix.basename(src ?? '')) : dest;
}

function fileOf(copy: CopyParams): wholeFile.WholeFile {
  return { ...copy, path: pathOf(copy), content: copy.loaded ?? Buffer.from(copy.content ?? '') };
}
