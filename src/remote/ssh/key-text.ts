import { typeInside } from '../known-hosts.ts';

/** What a key file holds, as far as it can be told without a passphrase. */
export type KeyText =
  | { readonly kind: 'public'; readonly publicKey: Buffer }
  | { readonly kind: 'private'; readonly encrypted: boolean; readonly publicKey: Buffer | undefined }
  | { readonly kind: 'none' };

/** Tells a private key from a public one and from anything else; the public half of OpenSSH's own format is never encrypted. */
export function readKeyText(text: string): KeyText {
  const pem = /-----BEGIN ([A-Z0-9 ]*PRIVATE KEY)-----\r?\n([\s\S]*?)-----END/.exec(text);
  if (pem) return privateKey(pem[1] ?? '', pem[2] ?? '');
  if (text.startsWith('PuTTY-User-Key-File-')) {
    return { kind: 'private', encrypted: !/^Encryption: none\r?$/m.test(text), publicKey: undefined };
  }
  const line = text.split('\n').find((each) => each.trim() !== '' && !each.startsWith('#'));
  const [type, base64] = line?.trim().split(/\s+/) ?? [];
  const key = Buffer.from(base64 ?? '', 'base64');
  return type !== undefined && typeInside(key) === type ? { kind: 'public', publicKey: key } : { kind: 'none' };
}

function privateKey(label: string, body: string): KeyText {
  if (label === 'OPENSSH PRIVATE KEY') return opensshKey(Buffer.from(body, 'base64'));
  const encrypted = label === 'ENCRYPTED PRIVATE KEY' || /^Proc-Type: 4,ENCRYPTED/m.test(body);
  return { kind: 'private', encrypted, publicKey: undefined };
}

// "openssh-key-v1\0", then the strings cipher, kdf and kdf options, the number of keys, and the public key as a string.
function opensshKey(data: Buffer): KeyText {
  const magic = 'openssh-key-v1\0';
  if (data.toString('latin1', 0, magic.length) !== magic) return { kind: 'none' };
  let at = magic.length;
  const next = (): Buffer | undefined => {
    if (at + 4 > data.length) return undefined;
    const start = at + 4;
    const end = start + data.readUInt32BE(at);
    if (end > data.length) return undefined;
    at = end;
    return data.subarray(start, end);
  };
  const cipher = next()?.toString('latin1');
  next();
  next();
  at += 4;
  const publicKey = next();
  if (cipher === undefined || publicKey === undefined) return { kind: 'none' };
  return { kind: 'private', encrypted: cipher !== 'none', publicKey };
}
