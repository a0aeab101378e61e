import { execa } from 'execa';
import type { LabHost } from '../../lab/lab.ts';

/** Drops what goes to the host and what comes from it, on this machine: the host's own packet filter is the host's, and what its guard keeps of it. */
export async function cut(host: LabHost): Promise<void> {
  for (const rule of rules(host)) await execa('iptables', ['-w', '-I', ...rule]);
}

/** Lets the packets pass again; does nothing where they do. */
export async function mend(host: LabHost): Promise<void> {
  for (const rule of rules(host)) await execa('iptables', ['-w', '-D', ...rule], { reject: false });
}

function rules({ address }: LabHost): readonly (readonly string[])[] {
  return [
    ['OUTPUT', '-d', address, '-j', 'DROP'],
    ['INPUT', '-s', address, '-j', 'DROP'],
  ];
}
