import type { Finding } from '../../engine/task.ts';
import { refusal, warning } from '../support/finding.ts';
import { type Modprobe, type ModprobeState, underscored } from './params.ts';

// what containers, their networks and their storage are made of
const DOCKER =
  /^(overlay|bridge|br_netfilter|veth|nf_nat|nf_conntrack|nf_tables|nft_compat|nft_chain_nat|xt_conntrack|xt_MASQUERADE|xt_addrtype|ip_tables|iptable_nat|iptable_filter|x_tables)$/;

/** What may use a module. */
const USERS = ['modprobe:', 'mount:', 'service:', 'docker_container:', 'docker_compose:', 'package:', 'wireguard:'];

/** What follows from a change of the keys: what would fail, and what would break. */
export function moduleFindings(p: Modprobe, before: ModprobeState, keys: readonly string[]): Finding[] {
  const name = underscored(p.name);
  const findings = (before.against ?? []).map((line) =>
    refusal(`${line} says otherwise`, 'Take that line out with a lineinfile task before this one'),
  );
  if (p.state === 'present') {
    if (before.missing)
      findings.push(
        refusal(
          `this kernel has no module ${p.name}`,
          'Correct the name; in a container, load it on the machine that the container runs on',
          ['package:', 'path:/lib/modules/', 'path:/usr/lib/modules/'],
        ),
      );
    if (keys.includes('params') && before.users?.length)
      findings.push(
        refusal(
          `${p.name} is in use by ${before.users.join(', ')}, so it cannot be loaded anew with other parameters`,
          undefined,
          USERS,
        ),
      );
    return findings;
  }
  if (before.docker && DOCKER.test(name))
    findings.push(refusal(`Docker does not work without ${p.name}`, 'Leave it out on Docker hosts'));
  if (before.efi && name === 'vfat')
    findings.push(refusal('this host boots from an EFI partition, which is vfat', 'Leave vfat out here'));
  if (before.snap && name === 'squashfs')
    findings.push(
      refusal('snaps are squashfs, and this host has snapd', 'Leave squashfs out here, or remove snapd first'),
    );
  if (keys.includes('loaded') && before.loaded === 'built in')
    findings.push(refusal(`${p.name} is built into this kernel: nothing can take it out`, 'Leave it out here'));
  else if (keys.includes('loaded') && before.users?.length)
    findings.push(refusal(`${p.name} is in use by ${before.users.join(', ')}`, 'Stop what uses it first', USERS));
  if (p.state === 'absent' && before.at_boot === false && keys.length === 1)
    findings.push(
      warning(
        `${p.name} is not loaded at boot by a list, and yet it is there: something will load it again`,
        'state: disabled prevents that',
      ),
    );
  return findings;
}
