import { z } from 'zod';
import { canonicalNetwork, contains, familyOf, wholeNetwork } from '../support/network.ts';
import { oneOrMore } from '../support/one-or-more.ts';

const key = z.string().regex(/^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/, {
  error: 'a public key is the 44 characters that `wg pubkey` prints, and ends with =',
});

const path = z.string().regex(/^\/[A-Za-z0-9._/+@-]*[A-Za-z0-9._+@-]$/, {
  error: 'write the whole path of a file on the host, in letters, digits and . _ - + @',
});

const network = z
  .string()
  .refine((text) => wholeNetwork(text) !== undefined, { error: 'an address or a network, such as 10.8.0.2/32' });

const Peer = z.strictObject({
  name: z
    .string()
    .regex(/^\S[^\n\r\0]*$/, { error: 'a name is one line' })
    .optional()
    .describe('Whose it is: a comment in the configuration.'),
  public_key: key.describe("The peer's public key."),
  allowed_ips: oneOrMore(network, 'name at least one address or network')
    .transform((list) => list.map((text) => wholeNetwork(text) ?? text))
    .describe('What may come from it, and what is sent to it: 10.8.0.2/32.'),
  endpoint: z
    .string()
    .regex(/^([A-Za-z0-9._-]+|\[[0-9A-Fa-f:]+\]):[0-9]{1,5}$/, {
      error: 'an endpoint is a host and a port: vpn.example.org:51820 or [2001:db8::1]:51820',
    })
    .optional()
    .describe('Where it is reached, HOST:PORT. Left out: it calls.'),
  preshared_key_file: path
    .optional()
    .describe('A file on the host with a key that both sides share beside their own: `wg genpsk`.'),
  persistent_keepalive: z
    .number()
    .int()
    .min(1)
    .max(65_535)
    .optional()
    .describe('Every so many seconds a sign of life, which keeps the way through a NAT open: 25.'),
});
export type Peer = z.output<typeof Peer>;

/** What a playbook says of a WireGuard interface. */
export const Wireguard = z
  .strictObject({
    interface: z
      .string()
      .regex(/^[A-Za-z0-9_.-]{1,15}$/, { error: 'a name for the interface, of at most 15 letters and digits: wg0' })
      .refine((name) => /^[A-Za-z0-9_]/.test(name), { error: 'a name for the interface: wg0' })
      .describe('The name of the interface: `wg0`.'),
    address: oneOrMore(
      z.string().refine((text) => familyOf(text) !== undefined, {
        error: 'the address of this host with its network: 10.8.0.1/24',
      }),
      'name at least one address',
    )
      .transform((list) => list.map(addressWithPrefix))
      .optional()
      .describe('The addresses of this host in the VPN, with their networks: 10.8.0.1/24.'),
    listen_port: z
      .number()
      .int()
      .min(1)
      .max(65_535)
      .optional()
      .describe('The UDP port that peers call: 51820. Left out: any, for a host that only calls others.'),
    private_key_file: path
      .optional()
      .describe(
        "Where this host's private key is kept; it is made there if there is none, and never leaves the host. Left out: /etc/wireguard/INTERFACE.key.",
      ),
    peers: z
      .array(Peer)
      .default([])
      .describe('Who may connect. All of them: a peer that is not named here is taken out.'),
    enabled: z.boolean().default(true).describe('Whether the interface is up, now and after a boot.'),
    state: z
      .enum(['present', 'absent'])
      .default('present')
      .describe('`absent` takes the interface down, and removes its configuration and its private key.'),
  })
  .check((context) => {
    const p = context.value;
    const say = (path: (string | number)[], message: string): void =>
      void context.issues.push({ code: 'custom', path, message, input: p });
    if (p.state === 'present' && p.address === undefined)
      say(['address'], 'give the host an address in the VPN: address');
    for (const [index, peer] of p.peers.entries()) {
      const before = p.peers.slice(0, index);
      if (before.some(({ public_key }) => public_key === peer.public_key))
        say(['peers', index, 'public_key'], 'two peers have this key: write one peer with all of its allowed_ips');
      const taken = peer.allowed_ips.find((ip) => before.some(({ allowed_ips }) => allowed_ips.includes(ip)));
      if (taken !== undefined)
        say(['peers', index, 'allowed_ips'], `two peers have ${taken}, and WireGuard would give it to the last one`);
    }
  });
export type Wireguard = z.output<typeof Wireguard>;

/** The path of the private key. */
export function keyFileOf(p: Wireguard): string {
  return p.private_key_file ?? `/etc/wireguard/${p.interface}.key`;
}

/** The path of the configuration that wg-quick reads. */
export function configFileOf(p: Wireguard): string {
  return `/etc/wireguard/${p.interface}.conf`;
}

/** True where what a peer may send lies in a network that the interface is part of, so that its route is there already. */
export function isRouted(p: Wireguard, ips: readonly string[]): boolean {
  return ips.every((ip) => (p.address ?? []).some((address) => contains(address, ip)));
}

export const HIDDEN = '(hidden)';

/** The configuration; unless they are given, no key that is secret is in it. */
export function configText(
  p: Wireguard,
  privateKey = HIDDEN,
  presharedKey: (file: string) => string = () => HIDDEN,
): string {
  const line = (name: string, value: string | number | undefined): string =>
    value === undefined ? '' : `${name} = ${value}\n`;
  const peers = p.peers.map(
    (peer) =>
      `\n${peer.name === undefined ? '' : `# ${peer.name}\n`}[Peer]\n${line('PublicKey', peer.public_key)}${line(
        'PresharedKey',
        peer.preshared_key_file === undefined ? undefined : presharedKey(peer.preshared_key_file),
      )}${line('AllowedIPs', peer.allowed_ips.join(', '))}${line('Endpoint', peer.endpoint)}${line('PersistentKeepalive', peer.persistent_keepalive)}`,
  );
  return `# Written by harden: edit the playbook, not this file.
[Interface]
${line('Address', p.address?.join(', '))}${line('ListenPort', p.listen_port)}${line('PrivateKey', privateKey)}${peers.join('')}`;
}

/** A peer as the kernel has it, in one line. */
export function peerLine(peer: {
  readonly key: string;
  readonly ips: readonly string[];
  readonly keepalive: number;
  readonly preshared: 'no' | 'yes' | 'other';
}): string {
  return [
    `${peer.key} ${[...peer.ips].sort().join(' ')}`,
    ...(peer.keepalive === 0 ? [] : [`keepalive ${peer.keepalive}`]),
    ...(peer.preshared === 'no' ? [] : [peer.preshared === 'yes' ? 'preshared key' : 'another preshared key']),
  ].join(', ');
}

/** As `ip` prints it: 10.8.0.1/24, fd00::1/128. */
function addressWithPrefix(text: string): string {
  const [host = ''] = text.split('/');
  return `${canonicalNetwork(host)}/${wholeNetwork(text)?.split('/')[1]}`;
}
