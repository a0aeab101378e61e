import { Buffer } from 'node:buffer';
import { UserError } from '../../errors.ts';

const BEGIN = '-----BEGIN PGP PUBLIC KEY BLOCK-----';
const END = '-----END PGP PUBLIC KEY BLOCK-----';

/** A public key (or several) as ASCII armour, from armour or from its binary form; throws a UserError on anything else, private keys first. */
export function armouredKey(key: Uint8Array | string, name: string): string {
  const text = Buffer.from(key).toString('utf8');
  if (/PRIVATE KEY/.test(text)) {
    throw new UserError(`${name} holds a private key`, {
      hint: 'Give the public key alone, and consider this one lost',
    });
  }
  const begin = text.indexOf(BEGIN);
  const end = text.lastIndexOf(END);
  if (begin !== -1 && end > begin) return `${text.slice(begin, end + END.length).replaceAll('\r\n', '\n')}\n`;
  const bytes = Buffer.from(key);
  // the first packet of a binary key is a public key: tag 6, in the old or the new form
  const first = bytes[0] ?? 0;
  const tag = (first & 0x40) === 0 ? (first >> 2) & 0x0f : first & 0x3f;
  if ((first & 0x80) === 0 || tag !== 6) {
    throw new UserError(`${name} is not an OpenPGP public key`, {
      hint: `It begins with "${BEGIN}", or is its binary form`,
    });
  }
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? [];
  return `${BEGIN}\n\n${lines.join('\n')}\n=${checksum(bytes)}\n${END}\n`;
}

// CRC-24 of RFC 9580
function checksum(bytes: Uint8Array): string {
  let crc = 0xb704ce;
  for (const byte of bytes) {
    crc ^= byte << 16;
    for (let bit = 0; bit < 8; bit++) {
      crc <<= 1;
      if (crc & 0x1000000) crc ^= 0x1864cfb;
    }
  }
  return Buffer.from([(crc >> 16) & 0xff, (crc >> 8) & 0xff, crc & 0xff]).toString('base64');
}
