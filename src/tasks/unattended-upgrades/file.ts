import { UserError } from '../../errors.ts';
import type { Facts } from '../../remote/facts.ts';
import type { UnattendedUpgrades } from './params.ts';

/** Read after the package's own 20auto-upgrades and 50unattended-upgrades, which stay as they are. */
export const UNATTENDED_UPGRADES_FILE = '/etc/apt/apt.conf.d/52harden-unattended-upgrades';

/** Where upgrades may come from, in the two forms that unattended-upgrades knows; it takes both together. */
export interface Origins {
  /** `origin=Debian,codename=…,label=Debian-Security`. */
  readonly patterns: readonly string[];
  /** `ORIGIN:ARCHIVE`. */
  readonly allowed: readonly string[];
}

const DEBIAN_SECURITY = [
  'origin=Debian,codename=${distro_codename},label=Debian-Security',
  'origin=Debian,codename=${distro_codename}-security,label=Debian-Security',
];
const DEBIAN_UPDATES = [
  'origin=Debian,codename=${distro_codename},label=Debian',
  'origin=Debian,codename=${distro_codename}-updates',
];
// The release pocket never changes after the release, but security updates may need packages of it that are not installed yet.
const UBUNTU_SECURITY = [
  '${distro_id}:${distro_codename}',
  '${distro_id}:${distro_codename}-security',
  '${distro_id}ESMApps:${distro_codename}-apps-security',
  '${distro_id}ESM:${distro_codename}-infra-security',
];
const UBUNTU_UPDATES = ['${distro_id}:${distro_codename}-updates'];

/** What the task asks for on this system; throws a UserError on one whose security origins are not known. */
export function wantedOrigins(p: UnattendedUpgrades, facts: Facts): Origins {
  const all = [...(p.origins ?? defaults(p.security_only, facts)), ...p.extra_origins];
  return { patterns: all.filter((entry) => entry.includes('=')), allowed: all.filter((entry) => !entry.includes('=')) };
}

function defaults(securityOnly: boolean, { os }: Facts): readonly string[] {
  if (os.id === 'debian') return securityOnly ? DEBIAN_SECURITY : [...DEBIAN_SECURITY, ...DEBIAN_UPDATES];
  if (os.id === 'ubuntu') return securityOnly ? UBUNTU_SECURITY : [...UBUNTU_SECURITY, ...UBUNTU_UPDATES];
  throw new UserError(`where security updates of ${os.name || os.id} come from is not known`, {
    hint: 'Name the origins: `apt-cache policy` on the host shows them as o=…,l=…',
  });
}

/** The whole file. */
export function unattendedUpgradesFile(p: UnattendedUpgrades, facts: Facts): string {
  const origins = wantedOrigins(p, facts);
  return `// Written by harden: edit the playbook, not this file.
${list('Origins-Pattern', origins.patterns)}${list('Allowed-Origins', origins.allowed)}${
  p.package_blacklist === undefined ? '' : list('Package-Blacklist', p.package_blacklist)
}APT::Periodic::Enable "1";
APT::Periodic::Update-Package-Lists "${p.update_package_lists}";
APT::Periodic::Unattended-Upgrade "${p.unattended_upgrade}";
${setting('Automatic-Reboot', p.automatic_reboot)}${setting('Automatic-Reboot-Time', p.automatic_reboot_time)}${setting(
  'Automatic-Reboot-WithUsers',
  p.automatic_reboot_with_users,
)}${setting('Mail', p.mail)}${setting('MailReport', p.mail_report)}${setting(
  'Remove-Unused-Dependencies',
  p.remove_unused_dependencies,
)}${setting('MinimalSteps', p.minimal_steps)}`;
}

// apt adds to a list that an earlier file began, so each is emptied first
function list(name: string, items: readonly string[]): string {
  const lines = items.map((item) => `  "${item}";\n`).join('');
  return `#clear Unattended-Upgrade::${name};\n${items.length === 0 ? '' : `Unattended-Upgrade::${name} {\n${lines}};\n`}`;
}

function setting(name: string, value: string | boolean | undefined): string {
  return value === undefined ? '' : `Unattended-Upgrade::${name} "${value}";\n`;
}
