import { unattendedUpgradesTask } from '../../src/tasks/unattended-upgrades/index.ts';
import { describeInvalid, describeTask, ubuntu2404Facts } from '../support/describe-task.ts';

const FILE = '/etc/apt/apt.conf.d/52harden-unattended-upgrades';

/** What a Debian host prints after an install of the package, with its files as they came. */
const asInstalled = `APT::Periodic "";
APT::Periodic::Update-Package-Lists "1";
APT::Periodic::Unattended-Upgrade "1";
Unattended-Upgrade "";
Unattended-Upgrade::Origins-Pattern "";
Unattended-Upgrade::Origins-Pattern:: "origin=Debian,codename=\${distro_codename},label=Debian";
Unattended-Upgrade::Origins-Pattern:: "origin=Debian,codename=\${distro_codename},label=Debian-Security";
Unattended-Upgrade::Origins-Pattern:: "origin=Debian,codename=\${distro_codename}-security,label=Debian-Security";
timer: enabled
timer: enabled
mailer
file:
`;
const securityFile = `// Written by harden: edit the playbook, not this file.
#clear Unattended-Upgrade::Origins-Pattern;
Unattended-Upgrade::Origins-Pattern {
  "origin=Debian,codename=\${distro_codename},label=Debian-Security";
  "origin=Debian,codename=\${distro_codename}-security,label=Debian-Security";
};
#clear Unattended-Upgrade::Allowed-Origins;
APT::Periodic::Enable "1";
APT::Periodic::Update-Package-Lists "1";
APT::Periodic::Unattended-Upgrade "1";
`;
const asHardened = `${asInstalled.replace(/^.*label=Debian".*\n/m, '')}${securityFile}`;
const bare = 'file:\n';

describeTask(unattendedUpgradesTask, [
  {
    name: "Debian's default is not security alone",
    params: {},
    given: asInstalled,
    expect: {
      before: { periodic: true, update_package_lists: '1', file: '' },
      want: {
        origins: [
          'origin=Debian,codename=${distro_codename},label=Debian-Security',
          'origin=Debian,codename=${distro_codename}-security,label=Debian-Security',
        ],
        allowed_origins: [],
        file: securityFile,
      },
      keys: ['origins', 'file'],
      script: [FILE, '#clear Unattended-Upgrade::Origins-Pattern;'],
      validate: ['APT_CONFIG=$harden_tmp/all.conf apt-config dump', '/all/52harden-unattended-upgrades'],
      findings: [],
      needs: ['package:unattended-upgrades'],
      keeps: [FILE],
      handlers: ['try unattended-upgrade'],
    },
  },
  { name: 'hardened is done', params: {}, given: asHardened, expect: { action: 'none', findings: [] } },
  {
    name: 'every update, when asked',
    params: { security_only: false, verify: false },
    given: asHardened,
    expect: {
      handlers: [],
      keys: ['origins', 'file'],
      script: ['codename=${distro_codename}-updates'],
    },
  },
  {
    name: 'a later file that switches it off is seen',
    params: {},
    given: asHardened.replace('timer', 'APT::Periodic::Enable "0";\ntimer'),
    expect: { before: { periodic: false }, keys: ['periodic'] },
  },
  {
    name: 'Ubuntu has its own form',
    params: { extra_origins: ['origin=Docker,archive=${distro_codename}', 'Grafana:stable'] },
    given: bare,
    facts: ubuntu2404Facts,
    expect: {
      want: {
        origins: ['origin=Docker,archive=${distro_codename}'],
        allowed_origins: [
          '${distro_id}:${distro_codename}',
          '${distro_id}:${distro_codename}-security',
          '${distro_id}ESMApps:${distro_codename}-apps-security',
          '${distro_id}ESM:${distro_codename}-infra-security',
          'Grafana:stable',
        ],
      },
      keys: ['origins', 'allowed_origins', 'update_package_lists', 'unattended_upgrade', 'file'],
    },
  },
  {
    name: 'another system needs its origins named',
    params: {},
    given: bare,
    facts: { os: { id: 'raspbian', version: '12', codename: 'bookworm', like: ['debian'], name: 'Raspbian 12' } },
    expect: { error: /security updates of Raspbian 12 come from is not known.*Name the origins/ },
  },
  {
    name: 'named origins stand alone',
    params: { origins: ['origin=Raspbian,codename=${distro_codename}'] },
    given: bare,
    facts: { os: { id: 'raspbian', version: '12', codename: 'bookworm', like: ['debian'], name: 'Raspbian 12' } },
    expect: { want: { origins: ['origin=Raspbian,codename=${distro_codename}'], allowed_origins: [] } },
  },
  {
    name: 'reboots, reports and schedules',
    params: {
      update_package_lists: true,
      unattended_upgrade: 7,
      automatic_reboot: true,
      automatic_reboot_time: '02:00',
      automatic_reboot_with_users: false,
      mail: 'root',
      mail_report: 'on-change',
      remove_unused_dependencies: true,
      package_blacklist: ['docker', 'libc6$'],
      minimal_steps: false,
    },
    given: asHardened.replace('mailer\n', ''),
    expect: {
      keys: [
        'unattended_upgrade',
        'automatic_reboot',
        'automatic_reboot_time',
        'automatic_reboot_with_users',
        'mail',
        'remove_unused_dependencies',
        'package_blacklist',
        'minimal_steps',
        'file',
      ],
      script: [
        'Automatic-Reboot "true";\n',
        'Automatic-Reboot-Time "02:00";\n',
        'Automatic-Reboot-WithUsers "false";\n',
        'MailReport "on-change";\n',
        '#clear Unattended-Upgrade::Package-Blacklist;\nUnattended-Upgrade::Package-Blacklist {\n  "docker";\n  "libc6$";\n};\n',
        'APT::Periodic::Unattended-Upgrade "7";\n',
        'MinimalSteps "false";\n',
      ],
      findings: [/warn: the host has no mailer/],
    },
  },
  {
    name: 'a masked timer is told',
    params: {},
    given: asHardened.replace('timer: enabled\ntimer: enabled', 'timer: enabled\ntimer: masked'),
    expect: { action: 'none', findings: [/warn: apt-daily-upgrade.timer is masked.*masked: false/] },
  },
]);

describeInvalid(unattendedUpgradesTask, [
  { name: 'a quote in a pattern', params: { origins: ['origin=a";APT::X "1'] }, message: 'write a pattern' },
  { name: 'a line break in a pattern', params: { extra_origins: ['origin=a\nb'] }, message: 'write a pattern' },
  { name: 'a percent sign, which apt decodes', params: { package_blacklist: ['a%22b'] }, message: 'percent' },
  { name: 'a time of another form', params: { automatic_reboot_time: '2am' }, message: 'write a time' },
  { name: 'a schedule in words', params: { unattended_upgrade: 'daily' }, message: 'a number of days' },
]);
