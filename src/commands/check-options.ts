import { UserError } from '../errors.ts';
import type { HostOptions, PlaybookOptions } from './host-options.ts';

/** Refuses options that name hosts in two ways at once, or choose among hosts that are not there: the run would touch more than either of them says. */
export function checkHostOptions(options: HostOptions): void {
  const { host, inventory, limit, vagrant, connection } = options;
  const [first = ''] = host ?? [];
  if (host && inventory)
    throw new UserError(`-H names a host beside the inventory, and the run would be on all of both`, {
      hint: `To choose among the hosts of the inventory, write -l ${host.map(plainName).join(',')}; else leave out -i`,
    });
  if (vagrant && (inventory || host))
    throw new UserError(
      `--vagrant names machines beside ${inventory ? 'the inventory' : `the host ${first}`}, and the run would be on all of both`,
      { hint: 'Leave one of them out' },
    );
  if (limit !== undefined && !inventory)
    throw new UserError('-l/--limit chooses among the hosts of an inventory, and none was given', {
      hint: 'Add -i INVENTORY',
    });
  if (connection === 'local' && vagrant)
    throw new UserError('--connection local is this machine, and --vagrant names another', {
      hint: 'Leave one of them out',
    });
}

/** Refuses `--connection local` for hosts that are somewhere else, and options of ssh where all that is named is this machine. */
export function checkWay(
  options: HostOptions,
  hosts: readonly { readonly name: string; readonly local: boolean; readonly here: boolean }[],
): void {
  const elsewhere = hosts.find(({ local, here }) => local && !here);
  if (elsewhere)
    throw new UserError(`--connection local is this machine, and ${elsewhere.name} names another`, {
      hint: 'Write -H local, or leave --connection out',
    });
  if (!hosts.every(({ local }) => local)) return;
  const { identity, sshConfig, knownHosts, acceptNew, askPass, connectTimeout } = options;
  const asked = {
    '--identity': identity,
    '-F': sshConfig,
    '--known-hosts': knownHosts,
    '--accept-new': acceptNew,
    '-k': askPass,
    '--connect-timeout': connectTimeout,
  };
  const name = nameOfGiven(asked);
  if (name) throw new UserError(`${name} is for ssh, and nothing but this machine is named`, { hint: 'Leave it out' });
}

/** Refuses variables where there is no playbook that they could fill. */
export function checkVarsUsed(file: string | undefined, { extraVar, varsFile }: PlaybookOptions): void {
  const name = file === undefined ? nameOfGiven({ '-e': extraVar, '--vars-file': varsFile }) : undefined;
  if (name)
    throw new UserError(`${name} fills variables of a playbook, and none is named`, {
      hint: 'Name one, or leave it out',
    });
}

/** Refuses what would choose other tasks than those that a saved plan shows. */
export function checkBesidePlan(file: string, { tags, skipTags, iKnow }: PlaybookOptions): void {
  const name = nameOfGiven({ '-t': tags, '--skip-tags': skipTags, '--i-know': iKnow });
  if (name)
    throw new UserError(`${name} chooses what a plan is made of, and ${file} is a plan already`, {
      hint: `Leave it out, or make the plan anew with it: harden plan --out`,
    });
}

/** The first of these options that was given. */
export function nameOfGiven(options: Readonly<Record<string, unknown>>): string | undefined {
  return Object.entries(options).find(([, value]) => value !== undefined && value !== false)?.[0];
}

function plainName(host: string): string {
  return host.replace(/^.*@/, '').replace(/:\d+$/, '');
}
