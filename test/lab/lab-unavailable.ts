import { readFile } from 'node:fs/promises';
import { exists, missingPackages } from './packages.ts';

// Their bits in the effective set: without them there are neither mounts nor bridges.
const CAPABILITIES = { CAP_NET_ADMIN: 12n, CAP_SYS_ADMIN: 21n } as const;

/** Why real hosts cannot run on this machine, as a sentence, or undefined if they can. */
export async function labUnavailable(): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'Real hosts need Linux: they are systemd-nspawn containers.';
  if (process.getuid?.() !== 0) return 'Real hosts need root: they are systemd-nspawn containers on a bridge.';
  const lacking = await lackingCapabilities();
  if (lacking.length > 0) return `Real hosts need ${lacking.join(' and ')}, which this container withholds from root.`;
  const missing = await missingPackages();
  if (missing.length > 0 && !(await exists('apt-get'))) {
    return `Real hosts need what Debian's packages ${missing.join(', ')} bring, and there is no apt-get to install them.`;
  }
  return undefined;
}

async function lackingCapabilities(): Promise<readonly string[]> {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(await readFile('/proc/self/status', 'utf8'))?.[1] ?? '0';
  const set = BigInt(`0x${effective}`);
  return Object.entries(CAPABILITIES)
    .filter(([, bit]) => ((set >> bit) & 1n) === 0n)
    .map(([name]) => name);
}
