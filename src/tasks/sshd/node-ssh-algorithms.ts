import { hostKeyAlgorithms } from '../../remote/host-key-algorithms.ts';

/** What Node's ssh2 offers by default, by sshd_config keyword: a list that meets none of it locks harden's own ssh transport out. */
export const nodeSshAlgorithms: Readonly<Record<string, readonly string[]>> = {
  kexalgorithms: [
    'curve25519-sha256@libssh.org',
    'curve25519-sha256',
    'ecdh-sha2-nistp256',
    'ecdh-sha2-nistp384',
    'ecdh-sha2-nistp521',
    'diffie-hellman-group-exchange-sha256',
    'diffie-hellman-group14-sha256',
    'diffie-hellman-group15-sha512',
    'diffie-hellman-group16-sha512',
    'diffie-hellman-group17-sha512',
    'diffie-hellman-group18-sha512',
  ],
  ciphers: [
    'aes128-gcm@openssh.com',
    'aes256-gcm@openssh.com',
    'aes128-ctr',
    'aes192-ctr',
    'aes256-ctr',
    'chacha20-poly1305@openssh.com',
  ],
  macs: [
    'hmac-sha2-256-etm@openssh.com',
    'hmac-sha2-512-etm@openssh.com',
    'hmac-sha1-etm@openssh.com',
    'hmac-sha2-256',
    'hmac-sha2-512',
    'hmac-sha1',
  ],
  hostkeyalgorithms: hostKeyAlgorithms,
  pubkeyacceptedalgorithms: hostKeyAlgorithms,
};

/** Ciphers that authenticate by themselves: with one of these no MAC is negotiated. */
export const authenticatedCiphers: readonly string[] = [
  'aes128-gcm@openssh.com',
  'aes256-gcm@openssh.com',
  'chacha20-poly1305@openssh.com',
];
