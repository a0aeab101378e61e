import { createHash } from 'node:crypto';

/** A key's fingerprint as ssh-keygen prints it: `SHA256:` and 43 base64 characters. */
export function fingerprint(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}

const names: Readonly<Record<string, string>> = {
  'ssh-rsa': 'RSA',
  'ssh-ed25519': 'ED25519',
  'ecdsa-sha2-nistp256': 'ECDSA',
  'ecdsa-sha2-nistp384': 'ECDSA',
  'ecdsa-sha2-nistp521': 'ECDSA',
  'ssh-dss': 'DSA',
};

/** A key type as people say it: `ED25519` for `ssh-ed25519`. */
export function keyTypeName(type: string): string {
  return names[type] ?? type;
}
