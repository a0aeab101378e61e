import { createHmac } from 'node:crypto';

/** One line of a known_hosts file that could be read. */
export interface KnownHost {
  readonly file: string;
  /** Counts from 1. */
  readonly line: number;
  readonly marker: 'revoked' | 'cert-authority' | undefined;
  /** The first field: patterns separated by commas, or one hashed name. */
  readonly names: string;
  /** Such as `ssh-ed25519`. */
  readonly type: string;
  /** The key as it goes over the wire. */
  readonly key: Buffer;
}

/** What known_hosts says of a key that a server showed. */
export type Verdict =
  | { readonly kind: 'known' }
  | { readonly kind: 'revoked'; readonly by: KnownHost }
  | { readonly kind: 'changed'; readonly by: KnownHost }
  | { readonly kind: 'authority'; readonly by: KnownHost }
  /** `others`: keys of another type that are known for the host. */
  | { readonly kind: 'unknown'; readonly others: readonly KnownHost[] };

/** The lines that name a key; comments, blank and malformed lines are left out, as ssh does. */
export function parseKnownHosts(text: string, file: string): readonly KnownHost[] {
  const entries: KnownHost[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    const fields = line.trim().split(/[ \t]+/);
    const marker = fields[0]?.startsWith('@') ? fields.shift() : undefined;
    if (marker !== undefined && marker !== '@revoked' && marker !== '@cert-authority') continue;
    const [names, type, base64] = fields;
    if (!names || names.startsWith('#') || !type || !base64) continue;
    const key = Buffer.from(base64, 'base64');
    if (typeInside(key) !== type) continue;
    entries.push({ file, line: index + 1, marker: markerOf(marker), names, type, key });
  }
  return entries;
}

/** The name that known_hosts uses: `host`, or `[host]:port` where the port is not 22. */
export function knownHostsName(host: string, port: number): string {
  const lower = host.toLowerCase();
  return port === 22 ? lower : `[${lower}]:${port}`;
}

/** Whether an entry speaks of `name`: a hashed name, or patterns with `*`, `?` and `!`. */
export function speaksOf(entry: KnownHost, name: string): boolean {
  if (entry.names.startsWith('|')) return hashMatches(entry.names, name);
  let matched = false;
  for (const pattern of entry.names.toLowerCase().split(',')) {
    const negated = pattern.startsWith('!');
    if (!patternMatches(negated ? pattern.slice(1) : pattern, name)) continue;
    if (negated) return false;
    matched = true;
  }
  return matched;
}

/** The key types that are known for the first of `names` that has any; without revoked keys and authorities. */
export function knownTypes(entries: readonly KnownHost[], names: readonly string[]): readonly string[] {
  for (const name of names) {
    const types = entries
      .filter((entry) => entry.marker === undefined && speaksOf(entry, name))
      .map((entry) => entry.type);
    if (types.length > 0) return [...new Set(types)];
  }
  return [];
}

/** Judges `key`; `names[0]` decides, and the same key under a further name (the host without its port) also counts as known. */
export function judgeHostKey(entries: readonly KnownHost[], names: readonly string[], key: Buffer): Verdict {
  const [name = ''] = names;
  const revoked = entries.find(
    (entry) => entry.marker === 'revoked' && entry.key.equals(key) && names.some((each) => speaksOf(entry, each)),
  );
  if (revoked) return { kind: 'revoked', by: revoked };
  const plain = entries.filter((entry) => entry.marker === undefined);
  if (plain.some((entry) => entry.key.equals(key) && names.some((each) => speaksOf(entry, each))))
    return { kind: 'known' };
  const mine = plain.filter((entry) => speaksOf(entry, name));
  const type = typeInside(key);
  const changed = mine.find((entry) => entry.type === type);
  if (changed) return { kind: 'changed', by: changed };
  const authority = entries.find((entry) => entry.marker === 'cert-authority' && speaksOf(entry, name));
  if (authority && mine.length === 0) return { kind: 'authority', by: authority };
  return { kind: 'unknown', others: mine };
}

/** The key type that a key in wire form names; undefined where it is not one. */
export function typeInside(key: Buffer): string | undefined {
  if (key.length < 4) return undefined;
  const length = key.readUInt32BE(0);
  return length > 0 && length <= 64 && key.length > 4 + length ? key.toString('latin1', 4, 4 + length) : undefined;
}

function markerOf(marker: string | undefined): KnownHost['marker'] {
  if (marker === undefined) return undefined;
  return marker === '@revoked' ? 'revoked' : 'cert-authority';
}

function hashMatches(names: string, name: string): boolean {
  const [, version, salt, hash] = names.split('|');
  if (version !== '1' || !salt || !hash) return false;
  const expected = createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest();
  return expected.equals(Buffer.from(hash, 'base64'));
}

function patternMatches(pattern: string, name: string): boolean {
  if (!/[*?]/.test(pattern)) return pattern === name;
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`).test(name);
}
