import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { type FileRead, STAT_FORMAT } from '../../engine/ask-files.ts';
import { HostError } from '../../errors.ts';
import { raw, type Script, sh } from '../../remote/sh.ts';

/** What stands at a path on the host. */
export interface FileState {
  readonly kind: 'file' | 'directory' | 'link' | 'other';
  /** The user's name; the uid where it has none. */
  readonly owner: string;
  readonly uid: string;
  readonly group: string;
  readonly gid: string;
  /** Four octal digits: `0644`. */
  readonly mode: string;
  /** Bytes. */
  readonly size: number;
  /** Hex, of a regular file; undefined for everything else. */
  readonly sha256?: string | undefined;
  /** The text of a regular file where it was asked for, differs from what is wanted, and is UTF-8 of at most `maxTextSize` bytes. */
  readonly content?: string | undefined;
  /** Of a link: what it says. Of what was reached through a link at the path: its real path. */
  readonly target?: string | undefined;
}

export interface ReadFileOptions {
  /** The link itself instead of what it points to. */
  readonly noFollow?: boolean | undefined;
  /** `facts`: nothing of a file's content is read, not even its hash. `unless`: its text is sent only where its SHA-256 (hex) is another one. */
  readonly content?: 'facts' | { readonly unless: string } | undefined;
}

/** Longer contents are compared by their hash alone: bytes. */
const maxTextSize = 1_048_576;

/** The file as a probe by `readFile` reads it, for a batch that asks for many at once; none where links are not followed. */
export function fileRead(path: string, { noFollow = false, content }: ReadFileOptions = {}): readonly FileRead[] {
  return noFollow ? [] : [{ path, hash: content !== 'facts' }];
}

/** Script that prints what `parseFile` reads; nothing where nothing is at the path. Where no batch has asked before: one process for facts, two with the hash; one more for the text. */
export function readFile(path: string, { noFollow = false, content = { unless: '' } }: ReadFileOptions = {}): Script {
  const rest = content === 'facts' ? ':' : sendContent(content.unless, noFollow);
  const link = noFollow
    ? 'if [ -L "$at" ]; then readlink -n -- "$at"; fi'
    : 'if [ -L "$path" ]; then printf %s "${PWD%/}/$harden_name"; fi';
  return sh`path=${path} at=
${raw(noFollow ? '' : 'if ! harden_plain "$path"; then\n  ')}harden_step_in "$path" ${noFollow ? [] : ['follow']}
at=./$harden_name
${raw(noFollow ? '' : 'fi\n')}if ${raw(noFollow ? '' : '{ [ -z "$at" ] && harden_facts "$path" 2>/dev/null; } || ')}facts=$(stat -c ${STAT_FORMAT} -- "\${at:-$path}" 2>/dev/null); then
  printf '%s\\n' "$facts"
  ${raw(link)}
  printf '\\0'
  ${raw(rest)}
fi
`;
}

function sendContent(unless: string, noFollow: boolean): Script {
  return sh`case $facts in
    *' regular'*)
      size=\${facts% regular*} size=\${size##* }
      if [ -n "$at" ]; then hash=$(harden_cat "$size" | sha256sum)
      else ${raw(noFollow ? '' : 'harden_hash "$path" 2>/dev/null || ')}hash=$(sha256sum <"$path") || hash=-
      fi
      printf '%s\\n' "\${hash%% *}"
      case $hash in ${raw(unless === '' ? "''" : `${unless}*`)}) ;; *) [ "$size" -gt ${maxTextSize} ] || if [ -n "$at" ]; then harden_cat "$size"; else cat <"$path"; fi ;; esac
      ;;
  esac`;
}

/** What `readFile`'s output says; null where nothing is at the path. */
export function parseFile(output: string): FileState | null {
  if (output === '') return null;
  const [head, body] = cut(output, '\0');
  const [facts, target] = cut(head, '\n');
  const [owner = '', uid = '', group = '', gid = '', mode = '', size = '', ...kind] = facts.split(' ');
  if (kind.length === 0) throw new HostError(`the host's stat gave an unexpected answer: ${JSON.stringify(facts)}`);
  const state: FileState = {
    kind: kinds[kind.join(' ')] ?? 'other',
    owner: owner === 'UNKNOWN' ? uid : owner,
    uid,
    group: group === 'UNKNOWN' ? gid : group,
    gid,
    mode: mode.padStart(4, '0'),
    size: Number(size),
    ...(target === '' ? {} : { target }),
  };
  if (body === '') return state;
  const [hash, text] = cut(body, '\n');
  // bytes that are not UTF-8 do not survive the decoding, and then the hash tells
  return sha256(text) === hash ? { ...state, sha256: hash, content: text } : { ...state, sha256: hash };
}

/** SHA-256 in hex; text is hashed as UTF-8. */
export function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

/** True for bytes that are UTF-8 text of at most `maxTextSize` bytes, and so can be shown and compared as text. */
export function isText(content: Uint8Array): boolean {
  if (content.byteLength > maxTextSize) return false;
  return Buffer.from(content).equals(Buffer.from(Buffer.from(content).toString('utf8'), 'utf8'));
}

const kinds: Readonly<Record<string, FileState['kind']>> = {
  'regular file': 'file',
  'regular empty file': 'file',
  directory: 'directory',
  'symbolic link': 'link',
};

function cut(text: string, at: string): [string, string] {
  const end = text.indexOf(at);
  return end === -1 ? [text, ''] : [text.slice(0, end), text.slice(end + 1)];
}
