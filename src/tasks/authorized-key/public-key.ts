import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';

/** One public key as a line of authorized_keys holds it. */
export interface PublicKey {
  /** What stands before the type, as written: `from="10.0.0.0/8",restrict`; empty for none. */
  readonly options: string;
  readonly type: string;
  /** Base64. */
  readonly blob: string;
  readonly comment: string;
}

const TYPES = [
  'ssh-ed25519',
  'ssh-rsa',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'sk-ssh-ed25519@openssh.com',
  'sk-ecdsa-sha2-nistp256@openssh.com',
];
const MINIMAL_RSA_BITS = 3072;

/** True for the text of a private key, whatever its format: nobody but its owner should ever read it. */
export function isPrivateKey(text: string): boolean {
  return /-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----|^PuTTY-User-Key-File-|^Private-Lines:/m.test(text);
}

/** The keys of a text, in order; lines without any (empty ones, comments) are left out. Throws an Error with a sentence for people, which never holds the text. */
export function parsePublicKeys(text: string): readonly PublicKey[] {
  if (isPrivateKey(text))
    throw new Error(
      'this is a private key: it stays where it was made; give the public one (the file that ends in .pub)',
    );
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  const keys = lines.flatMap((line, index) =>
    line === '' || line.startsWith('#') ? [] : [strictKey(line, index + 1)],
  );
  if (keys.length === 0) throw new Error('there is no key in it');
  return keys;
}

/** A line of a host's authorized_keys; undefined where sshd would find no key in it. */
export function readKeyLine(line: string): PublicKey | undefined {
  const plain = /^(\S+)[ \t]+([A-Za-z0-9+/]+=*)(?:[ \t]+(.*))?$/.exec(line.trim());
  if (plain && isKeyType(plain[1] ?? ''))
    return { options: '', type: plain[1] ?? '', blob: plain[2] ?? '', comment: plain[3]?.trim() ?? '' };
  const end = endOfOptions(line.trim());
  if (end === undefined) return undefined;
  const rest = readKeyLine(line.trim().slice(end));
  return rest && rest.options === '' ? { ...rest, options: line.trim().slice(0, end) } : undefined;
}

/** The line that stands for a key. */
export function formatKey({ options, type, blob, comment }: PublicKey): string {
  return [options, type, blob, comment].filter((part) => part !== '').join(' ');
}

/** True where both are the same key, whatever their options and comments. */
export function isSameKey(one: PublicKey, other: PublicKey): boolean {
  return one.type === other.type && one.blob === other.blob;
}

/** `SHA256:…`, as ssh-keygen and sshd's log name the key. */
export function fingerprint({ blob }: PublicKey): string {
  const hash = createHash('sha256').update(Buffer.from(blob, 'base64')).digest('base64');
  return `SHA256:${hash.replace(/=+$/, '')}`;
}

/** How a key is shown: its options, type, fingerprint and comment. */
export function keyLabel(key: PublicKey): string {
  return formatKey({ ...key, blob: fingerprint(key) });
}

/** What is wrong with options, or undefined. */
export function optionsProblem(options: string): string | undefined {
  if (/[\n\r\0]/.test(options)) return 'options are one line';
  if (/^#/.test(options) || isKeyType(options)) return 'these are no options of authorized_keys';
  if (endOfOptions(`${options} `) !== options.length)
    return 'options are separated by commas, without spaces but within double quotes, as in from="10.0.0.0/8",restrict';
  return undefined;
}

function strictKey(line: string, number: number): PublicKey {
  const where = number === 1 ? '' : `line ${number}: `;
  const key = readKeyLine(line);
  if (key === undefined)
    throw new Error(`${where}not a public key as ssh-keygen writes them: its type, a long word, and a comment`);
  const problem = keyProblem(key);
  if (problem !== undefined) throw new Error(`${where}${problem}`);
  return key;
}

function keyProblem({ type, blob }: PublicKey): string | undefined {
  if (type === 'ssh-dss') return 'DSA keys are broken, and sshd takes none any more: make an ed25519 one';
  if (type.includes('-cert-v0'))
    return 'this is a certificate and not a key: sshd trusts its maker through TrustedUserCAKeys';
  if (!TYPES.includes(type)) return `sshd knows no keys of the type ${type.slice(0, 40)}`;
  const bytes = Buffer.from(blob, 'base64');
  const damaged = 'the key is damaged: its long word was cut off or changed';
  if (bytes.toString('base64') !== blob) return damaged;
  const fields = readFields(bytes);
  if (fields === undefined || fields[0]?.toString('latin1') !== type) return damaged;
  if (type.endsWith('ssh-ed25519') && fields[1]?.length !== 32) return damaged;
  if (type !== 'ssh-rsa') return fields.length < 2 ? damaged : undefined;
  const bits = bitLength(fields[2] ?? Buffer.alloc(0));
  return bits < MINIMAL_RSA_BITS
    ? `this RSA key has ${bits} bits, and fewer than ${MINIMAL_RSA_BITS} are too few: make an ed25519 one`
    : undefined;
}

/** The length-prefixed fields of a key blob; undefined where they do not fill it. */
function readFields(bytes: Buffer): readonly Buffer[] | undefined {
  const fields: Buffer[] = [];
  let at = 0;
  while (at < bytes.length) {
    if (at + 4 > bytes.length) return undefined;
    const end = at + 4 + bytes.readUInt32BE(at);
    if (end > bytes.length) return undefined;
    fields.push(bytes.subarray(at + 4, end));
    at = end;
  }
  return fields;
}

function bitLength(number: Buffer): number {
  const first = number.findIndex((byte) => byte !== 0);
  return first === -1 ? 0 : (number.length - first) * 8 - Math.clz32(number[first] ?? 0) + 24;
}

function isKeyType(word: string): boolean {
  return TYPES.includes(word) || /^(?:ssh|ecdsa|sk)-[a-z0-9@.-]+$/.test(word);
}

// options end at the first blank that is not within quotes, as sshd reads them
function endOfOptions(line: string): number | undefined {
  const match = /^(?:\\"|[^\s"]|"(?:\\"|[^"])*")+(?=[ \t])/.exec(line);
  return match?.[0].length;
}
