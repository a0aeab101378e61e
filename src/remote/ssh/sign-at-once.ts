import type { Client, ParsedKey } from 'ssh2';

type Signer = (data: Buffer, done: (signature: Buffer) => void) => void;
type OfferKey = (user: string, key: ParsedKey, algorithm: string | undefined, sign?: Signer) => void;

/**
 * Makes a client that has begun to connect send its signature together with a key, where `privateKey` has the private half
 * of the one on offer; RFC 4252 (7) allows it, and it spares the round trip of asking whether the key would do. ssh2 has no
 * option for it: with one whose inside is another, the client asks first, as ever.
 */
export function signAtOnce(client: Client, privateKey: (offered: ParsedKey) => ParsedKey | undefined): void {
  const protocol = (client as { _protocol?: { authPK?: OfferKey } })._protocol;
  const offer = protocol?.authPK;
  if (protocol === undefined || offer === undefined) return;
  protocol.authPK = (user, key, algorithm, sign) => {
    const own = sign === undefined ? privateKey(key) : undefined;
    const signer: Signer | undefined = own && ((data, done) => done(signed(own, data, algorithm)));
    offer.call(protocol, user, key, algorithm, sign ?? signer);
  };
}

function signed(key: ParsedKey, data: Buffer, algorithm: string | undefined): Buffer {
  const hash = /^rsa-sha2-(256|512)$/.exec(algorithm ?? '')?.[1];
  const signature: Buffer | Error = key.sign(data, hash && `sha${hash}`);
  if (signature instanceof Error) throw signature;
  return signature;
}
