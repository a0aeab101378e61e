interface Network {
  readonly family: 4 | 6;
  readonly address: bigint;
  /** The length of the prefix. */
  readonly bits: number;
}

const WIDTH = { 4: 32, 6: 128 } as const;

/** An address, or a network in CIDR notation, in the one spelling that equal ones share: `10.0.0.0/8`, `2001:db8::1`; undefined: neither. */
export function canonicalNetwork(text: string): string | undefined {
  const network = parse(text);
  if (!network) return undefined;
  const { family, address, bits } = network;
  // ufw masks the host's bits of IPv4 networks, and leaves those of IPv6
  const spelled = family === 4 ? spellV4(masked(network)) : spellV6(address);
  return bits === WIDTH[family] ? spelled : `${spelled}/${bits}`;
}

/** The network that an address or a network stands for, always with the length of its prefix: `10.8.0.2/32`; undefined: neither. */
export function wholeNetwork(text: string): string | undefined {
  const network = parse(text);
  if (!network) return undefined;
  const first = masked(network);
  return `${network.family === 4 ? spellV4(first) : spellV6(first)}/${network.bits}`;
}

/** 4 or 6; undefined where the text is no address or network. */
export function familyOf(text: string): 4 | 6 | undefined {
  return parse(text)?.family;
}

/** True when every address of `inner` is one of `outer`; false across families. */
export function contains(outer: string, inner: string): boolean {
  const [out, inn] = [parse(outer), parse(inner)];
  if (!out || !inn || out.family !== inn.family || inn.bits < out.bits) return false;
  return masked(out) === masked({ ...inn, bits: out.bits });
}

function parse(text: string): Network | undefined {
  const [given = '', mask, ...rest] = text.trim().toLowerCase().split('/');
  const v4 = parseV4(given);
  const address = v4 ?? parseV6(given);
  if (address === undefined || rest.length > 0) return undefined;
  const family = v4 === undefined ? 6 : 4;
  const bits = mask === undefined ? WIDTH[family] : prefixLength(mask, family);
  return bits === undefined ? undefined : { family, address, bits };
}

function prefixLength(mask: string, family: 4 | 6): number | undefined {
  if (/^\d{1,3}$/.test(mask)) return Number(mask) <= WIDTH[family] ? Number(mask) : undefined;
  const dotted = family === 4 ? parseV4(mask)?.toString(2).padStart(32, '0') : undefined;
  return dotted !== undefined && /^1*0*$/.test(dotted) ? dotted.replaceAll('0', '').length : undefined;
}

function masked({ family, address, bits }: Network): bigint {
  const free = BigInt(WIDTH[family] - bits);
  return (address >> free) << free;
}

function parseV4(text: string): bigint | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256))
    return undefined;
  return parts.reduce((sum, part) => sum * 256n + BigInt(part), 0n);
}

function parseV6(text: string): bigint | undefined {
  if (!/^[0-9a-f:.]*:[0-9a-f:.]*$/.test(text) || !URL.canParse(`http://[${text}]`)) return undefined;
  const [head = '', tail] = new URL(`http://[${text}]`).hostname.slice(1, -1).split('::');
  const groups = head === '' ? [] : head.split(':');
  if (tail !== undefined) {
    const last = tail === '' ? [] : tail.split(':');
    groups.push(...Array<string>(8 - groups.length - last.length).fill('0'), ...last);
  }
  return groups.reduce((sum, group) => sum * 65_536n + BigInt(`0x${group}`), 0n);
}

function spellV4(address: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => (address >> shift) & 255n).join('.');
}

function spellV6(address: bigint): string {
  const groups = Array.from({ length: 8 }, (_, at) => ((address >> BigInt(112 - 16 * at)) & 65_535n).toString(16));
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}
