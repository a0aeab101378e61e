/** What harden's own client takes of a server's keys, and signs with; no ssh-rsa with SHA-1: every server that can be hardened has the SHA-2 forms. */
export const hostKeyAlgorithms = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'rsa-sha2-512',
  'rsa-sha2-256',
] as const;
