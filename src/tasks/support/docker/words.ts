import { z } from 'zod';
import { canonicalNetwork, familyOf } from '../network.ts';

/** Text where YAML may have made a number or a truth value of it. */
export const Text = z.union([z.string(), z.number(), z.boolean()]).transform(String);

/** A command as words: a list as it is, a text split at its spaces. */
export const Words = z
  .union([z.string(), z.array(Text)], { error: 'write a command as a list of words, or as one text' })
  .refine((words) => words.length > 0 && (typeof words !== 'string' || words.trim() !== ''), {
    error: 'an empty command: leave it out',
  })
  .refine((words) => typeof words !== 'string' || !/["'\\$`|&;<>]/.test(words), {
    error: 'no shell reads this text, it is split at its spaces: write a list, [sh, -c, "…"] where a shell is meant',
  })
  .transform((words) => (typeof words === 'string' ? words.trim().split(/\s+/) : words));

/** A path inside a container. */
export const InnerPath = z
  .string()
  .regex(/^\/[^:,\0\n]*$/, { error: 'a path inside a container is absolute, and has no `:` and no `,`' });

const BYTES = /^(\d+(?:\.\d+)?)\s*([bkmgt])?(?:i?b)?$/i;

/** An amount of memory as a number of bytes: `512m`, `1.5g`. */
export const Bytes = Text.refine((text) => BYTES.test(text), {
  error: 'not an amount of memory: write it as 512m or 1g',
}).transform((text) => {
  const [, amount = '0', unit = 'b'] = BYTES.exec(text) ?? [];
  return Math.round(Number(amount) * 1024 ** 'bkmgt'.indexOf(unit.toLowerCase()));
});

const DURATION = /^(?:\d+(?:\.\d+)?(?:ms|us|ns|h|m|s))+$/;

/** A duration in Go's spelling (`30s`, `1m30s`), or a number of seconds, as seconds. */
export const Seconds = Text.refine((text) => DURATION.test(text) || /^\d+$/.test(text), {
  error: 'not a duration: write it as 30s or 1m30s',
}).transform((text) => {
  if (/^\d+$/.test(text)) return Number(text);
  const units: Readonly<Record<string, number>> = { h: 3600, m: 60, s: 1, ms: 1e-3, us: 1e-6, ns: 1e-9 };
  return [...text.matchAll(/(\d+(?:\.\d+)?)(ms|us|ns|h|m|s)/g)].reduce(
    (sum, [, amount = '0', unit = 's']) => sum + Number(amount) * (units[unit] ?? 0),
    0,
  );
});

/** A port of a container that the host offers. */
export interface PublishedPort {
  readonly ip: string;
  readonly host: number;
  readonly inside: number;
  readonly proto: string;
}

const PORT =
  /^(?:\[([0-9a-fA-F:.]+)\]:|(\d+\.\d+\.\d+\.\d+):)(\d{1,5})(?:-(\d{1,5}))?:(\d{1,5})(?:-(\d{1,5}))?(?:\/(tcp|udp|sctp))?$/;

/** Ports that the host offers, bound to an address; a range becomes a port each. */
export const Published = Text.transform((text, context): PublishedPort[] => {
  const [, v6, v4, host = '', hostEnd = host, inside = '', insideEnd = inside, proto = 'tcp'] = PORT.exec(text) ?? [];
  const ip = v6 ?? v4 ?? '';
  const count = Number(hostEnd) - Number(host) + 1;
  const wellFormed =
    familyOf(ip) !== undefined &&
    count >= 1 &&
    count === Number(insideEnd) - Number(inside) + 1 &&
    [host, hostEnd, inside, insideEnd].every((port) => Number(port) >= 1 && Number(port) <= 65_535);
  if (!wellFormed) {
    const bound = /^(\d[\d-]*):(\d[\d-]*)(\/\w+)?$/.test(text) ? text : '8080:80';
    context.addIssue({
      code: 'custom',
      message: `a published port is bound to an address: write 127.0.0.1:${bound} for this host alone, or 0.0.0.0:${bound} if the whole world is meant`,
    });
    return z.NEVER;
  }
  return Array.from({ length: count }, (_, at) => ({
    ip: canonicalNetwork(ip) ?? ip,
    host: Number(host) + at,
    inside: Number(inside) + at,
    proto,
  }));
});

/** `127.0.0.1:8080:80/tcp`. */
export function spellPort({ ip, host, inside, proto }: PublishedPort): string {
  return `${ip.includes(':') ? `[${ip}]` : ip}:${host}:${inside}/${proto}`;
}

/** What is said of memory without a limit. */
export const NO_LIMIT = 'no limit';

/** `512 MiB`, or `no limit`. */
export function spellBytes(bytes: number): string {
  if (bytes <= 0) return NO_LIMIT;
  const units = ['bytes', 'KiB', 'MiB', 'GiB'];
  let at = 0;
  while (at < 3 && bytes % 1024 ** (at + 1) === 0) at += 1;
  return `${bytes / 1024 ** at} ${units[at]}`;
}

/** A capability as Docker's documentation writes it: `NET_ADMIN`, `ALL`. */
export const Capability = z
  .string()
  .transform((name) => capability(name))
  .refine((name) => /^[A-Z][A-Z_0-9]+$/.test(name), { error: 'not a capability: write it as NET_BIND_SERVICE' });

/** A capability without its `CAP_`, in capitals. */
export function capability(name: string): string {
  return name.toUpperCase().replace(/^CAP_/, '');
}
