import { Buffer } from 'node:buffer';
import { raw, type Script, sh } from '../../remote/sh.ts';
import { enterParent, placeBeside, refuseOther } from './enter-parent.ts';
import type { FileAttributes } from './file-attributes.ts';
import { changeAttributes } from './set-attributes.ts';

export interface FileContent extends FileAttributes {
  readonly path: string;
  /** Text is written as UTF-8. */
  readonly content: string | Uint8Array;
}

export interface FileProduct extends FileAttributes {
  readonly path: string;
  /** Writes the whole new content to stdout; `$old` is a private copy of what the path held, or `/dev/null`. A failure leaves the path as it was. */
  readonly produce: Script;
}

/**
 * Script that makes `path` hold exactly `content`; the path holds the old or the new content at every moment, even with a full disk or
 * a lost power supply. Owner, mode, ACLs and extended attributes of a replaced file stay where they are not given; a new file is
 * root:root 0644. A link at `path` is followed only out of directories that root alone can write. Another hard link keeps the old file.
 */
export function replaceFile(file: FileContent): Script {
  const keep = sh`if harden_root_only; then cp -P --attributes-only --preserve=all "./$harden_name" "$harden_private/new"
  else harden_take "$harden_private/new" && { [ ! -f "$harden_private/new" ] || [ -L "$harden_private/new" ] || : >"$harden_private/new"; }
  fi || exit 1`;
  return replacement(file, keep, printContent(file.content));
}

/** Like `replaceFile`, with the content that a script makes on the host out of the old one. */
export function transformFile(file: FileProduct): Script {
  const keep = sh`harden_take "$harden_private/old" && cp -P --attributes-only --preserve=all "$harden_private/old" "$harden_private/new" || exit 1
  old=./old`;
  return replacement(file, keep, file.produce);
}

/** Script that prints exactly `content`; it appears in no program's arguments. */
export function printContent(content: string | Uint8Array): Script {
  const isText = typeof content === 'string' && !content.includes('\0');
  if (isText) return sh`printf %s ${content}`;
  const encoded = Buffer.from(content as string).toString('base64');
  return sh`printf %s ${encoded} | base64 -d`;
}

function replacement(file: FileAttributes & { readonly path: string }, keep: Script, produce: Script): Script {
  const { path } = file;
  return sh`(
${raw(enterParent(path, { missing: 'make' }))}${raw(refuseOther(path))}${raw(placeBeside)}unwritten() {
  refuse ${`${path} could not be written and is as it was`}" ($(df -Pk . | awk 'NR == 2 { print $4 " KiB free on " $6 }'))"
}
old=/dev/null
if [ -e "./$harden_name" ]; then
  ${raw(keep)}
  [ -f "$harden_private/new" ] && [ ! -L "$harden_private/new" ] || refuse ${`${path} was changed by somebody else meanwhile`}
else
  ${raw(newFile)}
fi
${raw(changeAttributes(file, '"$harden_private/new"'))}
(
cd -P "$harden_private" || exit 1
{
${raw(produce)}
} >new || unwritten
sync new || unwritten
) || exit $?
harden_put "$harden_private/new" || unwritten
)
`;
}

// where only what is the stranger's own can be written, that is what is meant
const newFile = `: >"$harden_private/new" && chmod 0644 "$harden_private/new" || exit 1
  if [ -z "$harden_apart" ]; then chown 0:0 "$harden_private/new"; else chown "$harden_stranger:" "$harden_private/new"; fi || exit 1`;
