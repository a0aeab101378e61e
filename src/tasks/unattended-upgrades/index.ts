import { defineTask, type Finding } from '../../engine/task.ts';
import { raw, type Script, sh } from '../../remote/sh.ts';
import { warning } from '../support/finding.ts';
import { replaceFile } from '../support/replace-file.ts';
import { type AptConf, booleanOf, listOf, parseAptConf, textOf } from './apt-conf.ts';
import { dryRun } from './dry-run.ts';
import { UNATTENDED_UPGRADES_FILE as FILE, unattendedUpgradesFile, wantedOrigins } from './file.ts';
import { UnattendedUpgrades } from './params.ts';

/** What apt and unattended-upgrades go by, whichever file says it. */
type UpgradesState = {
  readonly origins?: readonly string[];
  readonly allowed_origins?: readonly string[];
  readonly periodic?: boolean;
  readonly update_package_lists?: string;
  readonly unattended_upgrade?: string;
  readonly automatic_reboot?: boolean;
  readonly automatic_reboot_time?: string;
  readonly automatic_reboot_with_users?: boolean;
  readonly mail?: string;
  readonly mail_report?: string;
  readonly remove_unused_dependencies?: boolean;
  readonly package_blacklist?: readonly string[];
  readonly minimal_steps?: boolean;
  /** The content of our file; empty: there is none. */
  readonly file?: string;
  /** What `systemctl is-enabled` says of the two timers. */
  readonly timers?: readonly string[];
  /** True where a program is there that unattended-upgrades sends mail with. */
  readonly mailer?: boolean;
} | null;

const TIMERS = ['apt-daily.timer', 'apt-daily-upgrade.timer'];

/** Security updates that install themselves. */
export const unattendedUpgradesTask = defineTask<UnattendedUpgrades, UpgradesState>({
  type: 'unattended_upgrades',
  summary: 'Security updates that install themselves, with unattended-upgrades.',
  notes:
    'Needs the package unattended-upgrades. What holds is read with `apt-config dump`, whichever file says it, and written to a file of its own, `/etc/apt/apt.conf.d/52harden-unattended-upgrades`, so that the files of the package stay as they came and no upgrade asks about them. The lists of origins are emptied first: Debian by itself also takes every update of a point release. On Ubuntu the release pocket stays in: it never changes, and security updates may need packages of it. A file that sorts after 52 and says otherwise makes the plan fail. After a change, `unattended-upgrade --dry-run --debug` runs once on the host, as a handler: it must work, and allow these origins alone.',
  params: UnattendedUpgrades,
  examples: [
    {},
    {
      automatic_reboot: true,
      automatic_reboot_time: '02:00',
      mail: 'root',
      mail_report: 'only-on-error',
      remove_unused_dependencies: true,
    },
    {
      extra_origins: ['origin=Docker,archive=${distro_codename}'],
      package_blacklist: ['docker', 'containerd\\.io$'],
      update_package_lists: 1,
      unattended_upgrade: 7,
    },
  ],
  id: () => 'unattended-upgrades',

  probe: () => sh`apt-config dump | grep -iE '^(Unattended-Upgrade|APT::Periodic)(::| )'
for timer in $(systemctl is-enabled ${TIMERS} 2>/dev/null); do echo "timer: $timer"; done
if [ -e /usr/sbin/sendmail ] || [ -e /usr/bin/mail ]; then echo mailer; fi
echo file:
cat ${FILE} 2>/dev/null`,

  read(output) {
    const [, head = output, file = ''] = /^(.*?)^file:\n(.*)$/ms.exec(output) ?? [];
    const states = [...head.matchAll(/^timer: (\S+)$/gm)].map(([, state = '']) => state);
    return {
      ...effective(parseAptConf(head)),
      timers: states.length === TIMERS.length ? states.map((state, index) => `${TIMERS[index]} ${state}`) : [],
      mailer: /^mailer$/m.test(head),
      file,
    };
  },

  want(p, facts) {
    const { patterns, allowed } = wantedOrigins(p, facts);
    const chosen = {
      automatic_reboot: p.automatic_reboot,
      automatic_reboot_time: p.automatic_reboot_time,
      automatic_reboot_with_users: p.automatic_reboot_with_users,
      mail: p.mail,
      mail_report: p.mail_report,
      remove_unused_dependencies: p.remove_unused_dependencies,
      package_blacklist: p.package_blacklist,
      minimal_steps: p.minimal_steps,
    };
    return {
      origins: patterns,
      allowed_origins: allowed,
      periodic: true,
      update_package_lists: String(p.update_package_lists),
      unattended_upgrade: String(p.unattended_upgrade),
      ...Object.fromEntries(Object.entries(chosen).filter(([, value]) => value !== undefined)),
      file: unattendedUpgradesFile(p, facts),
    };
  },

  validate: (change, p) => checkCandidate(change.after?.file ?? '', p),
  apply: (change) =>
    replaceFile({ path: FILE, content: change.after?.file ?? '', owner: 'root', group: 'root', mode: '0644' }),
  handlers: (p, { after }) =>
    p.verify && p.unattended_upgrade > 0
      ? [
          {
            name: 'try unattended-upgrade',
            run: dryRun({ patterns: after?.origins ?? [], allowed: after?.allowed_origins ?? [] }),
            onlyTries: true,
          },
        ]
      : [],
  keeps: () => [FILE],
  needs: () => ['package:unattended-upgrades'],
  provides: () => [`path:${FILE}`],

  findings(_change, p, { before }): readonly Finding[] {
    const idle = (before?.timers ?? []).filter((timer) => !/ (enabled|static|enabled-runtime)$/.test(timer));
    return [
      ...idle.map((timer) => {
        const [unit, state] = timer.split(' ');
        return warning(
          `${unit} is ${state}, so nothing starts the upgrades`,
          `Add a task: service: { name: ${unit}, state: started, enabled: true${state?.startsWith('masked') ? ', masked: false' : ''} }`,
        );
      }),
      ...(p.mail && before?.mailer === false
        ? [
            warning(
              'the host has no mailer, so no report is sent',
              'Install one in an earlier task, such as bsd-mailx with an MTA, or msmtp-mta',
            ),
          ]
        : []),
    ];
  },
});

// A file that apt reads after ours may have the last word, so the whole is read as it will be, and compared with ours alone.
function checkCandidate(content: string, p: UnattendedUpgrades): Script {
  const name = FILE.slice(FILE.lastIndexOf('/') + 1);
  const lists = [
    'Origins-Pattern',
    'Allowed-Origins',
    ...(p.package_blacklist === undefined ? [] : ['Package-Blacklist']),
  ];
  const keys = lists.map((list) => `unattended-upgrade::${list.toLowerCase()}::`).join(' ');
  return sh`mkdir "$harden_tmp/all" "$harden_tmp/ours"
for file in /etc/apt/apt.conf.d/*; do
  [ ! -f "$file" ] || cp "$file" "$harden_tmp/all/"
done
printf %s ${content} >"$harden_tmp/all/${raw(name)}"
cp "$harden_tmp/all/${raw(name)}" "$harden_tmp/ours/"
printf 'Dir::Etc::parts "%s";\n' "$harden_tmp/all" >"$harden_tmp/all.conf"
printf 'Dir::Etc::parts "%s";\nDir::Etc::main "/dev/null";\n' "$harden_tmp/ours" >"$harden_tmp/ours.conf"
APT_CONFIG=$harden_tmp/all.conf apt-config dump >"$harden_tmp/all.dump"
APT_CONFIG=$harden_tmp/ours.conf apt-config dump >"$harden_tmp/ours.dump"
awk -v lists=${keys} '
  BEGIN { split(lists, names, " "); for (i in names) ours[names[i]] = "" }
  { name = tolower($1) }
  NR == FNR { if (name ~ /^(unattended-upgrade|apt::periodic)::/) ours[name] = ours[name] $0 "\\n"; next }
  name in ours { all[name] = all[name] $0 "\\n" }
  END { for (name in ours) if (ours[name] != all[name]) { printf "%s", all[name]; bad = 1 } exit bad }
' "$harden_tmp/ours.dump" "$harden_tmp/all.dump" >"$harden_tmp/effective" || {
  echo ${`a file that apt reads after ${FILE} has the last word, and says otherwise. It would be:`} >&2
  cat "$harden_tmp/effective" >&2
  echo Such files: >&2
  (cd "$harden_tmp/all" && LC_ALL=C grep -liE 'unattended-upgrade|apt::periodic' -- *) | LC_ALL=C awk -v ours=${name} '$0 > ours { print "/etc/apt/apt.conf.d/" $0 }' >&2
  ! grep -qiE 'unattended-upgrade|apt::periodic' /etc/apt/apt.conf 2>/dev/null || echo /etc/apt/apt.conf >&2
  exit 1
}
`;
}

function effective(conf: AptConf): NonNullable<UpgradesState> {
  const key = (word: string): string => `Unattended-Upgrade::${word}`;
  return {
    origins: listOf(conf, key('Origins-Pattern')),
    allowed_origins: listOf(conf, key('Allowed-Origins')),
    periodic: booleanOf(conf, 'APT::Periodic::Enable', true),
    update_package_lists: textOf(conf, 'APT::Periodic::Update-Package-Lists') ?? '0',
    unattended_upgrade: textOf(conf, 'APT::Periodic::Unattended-Upgrade') ?? '0',
    automatic_reboot: booleanOf(conf, key('Automatic-Reboot'), false),
    automatic_reboot_time: textOf(conf, key('Automatic-Reboot-Time')) ?? 'now',
    automatic_reboot_with_users: booleanOf(conf, key('Automatic-Reboot-WithUsers'), true),
    mail: textOf(conf, key('Mail')) ?? '',
    mail_report: textOf(conf, key('MailReport')) ?? 'on-change',
    remove_unused_dependencies: booleanOf(conf, key('Remove-Unused-Dependencies'), false),
    package_blacklist: listOf(conf, key('Package-Blacklist')),
    minimal_steps: booleanOf(conf, key('MinimalSteps'), true),
  };
}
