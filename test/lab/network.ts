import { writeFile } from 'node:fs/promises';
import { execa } from 'execa';

/** The bridge that every lab host of this machine is plugged into. */
export const BRIDGE = 'harden-lab';
/** This machine's own address on the bridge, and the hosts' way out. */
export const GATEWAY = '10.213.77.1';
/** Its address for IPv6; hosts have none of that network unless a test gives them one. */
export const GATEWAY6 = 'fd00:213:77::1';
/** The number of bits of the lab's network. */
export const PREFIX_LENGTH = 24;

const NETWORK = '10.213.77.0/24';
const RULES = [
  ['-t', 'nat', 'POSTROUTING', '-s', NETWORK, '!', '-d', NETWORK, '-j', 'MASQUERADE'],
  ['-t', 'filter', 'FORWARD', '-i', BRIDGE, '-j', 'ACCEPT'],
  ['-t', 'filter', 'FORWARD', '-o', BRIDGE, '-j', 'ACCEPT'],
] as const;

/** The addresses that hosts may have, each with the name of the host that has it unless it asks for another. */
export function* addresses(): Generator<{ readonly address: string; readonly name: string }> {
  for (let number = 10; number < 250; number++) yield { address: `10.213.77.${number}`, name: `lab${number}` };
}

/** Makes the bridge and its way out, if they are not there; MUST be called by one process at a time. */
export async function ensureNetwork(): Promise<void> {
  const link = await execa('ip', ['link', 'show', BRIDGE], { reject: false });
  if (link.exitCode !== 0) await execa('ip', ['link', 'add', BRIDGE, 'type', 'bridge']);
  await execa('ip', ['address', 'replace', `${GATEWAY}/${PREFIX_LENGTH}`, 'dev', BRIDGE]);
  await execa('ip', ['link', 'set', BRIDGE, 'up']);
  // a machine without IPv6 has a lab without it
  await execa('ip', ['-6', 'address', 'replace', `${GATEWAY6}/64`, 'dev', BRIDGE, 'nodad'], { reject: false });
  await writeFile('/proc/sys/net/ipv4/ip_forward', '1');
  for (const [dashT, table, chain, ...rule] of RULES) {
    const there = await execa('iptables', ['-w', dashT, table, '-C', chain, ...rule], { reject: false });
    if (there.exitCode !== 0) await execa('iptables', ['-w', dashT, table, '-I', chain, ...rule]);
  }
}

/** Takes away what a host of this name and address may have left: its network card, held by a process that has not ended yet, and who had the address. */
export async function freeNetwork(name: string, address: string): Promise<void> {
  await execa('ip', ['link', 'delete', `vb-${name}`], { reject: false });
  await execa('ip', ['neighbour', 'flush', 'to', address, 'dev', BRIDGE], { reject: false });
}
