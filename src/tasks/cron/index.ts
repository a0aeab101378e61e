import { defineTask, type Finding } from '../../engine/task.ts';
import { raw, type Script, sh } from '../../remote/sh.ts';
import { refusal, warning } from '../support/finding.ts';
import { transformFile } from '../support/replace-file.ts';
import { Cron, fieldsOf } from './params.ts';

type CronState = {
  /** The line below the comment with the entry's name. */
  readonly entry?: string;
  /** crontab refuses the user, by cron.allow or cron.deny. */
  readonly denied?: boolean;
} | null;

/** One entry of a crontab. */
export const cronTask = defineTask<Cron, CronState>({
  type: 'cron',
  summary: 'An entry of a user’s crontab, or of a file in /etc/cron.d.',
  notes:
    'Reads the user’s table itself, or the file; where cron.allow or cron.deny keeps crontab from a user, a change is refused. A comment above the entry carries its name; one that Ansible wrote (`#Ansible: NAME`) is taken over. Other lines stay as they are. A file of `/etc/cron.d` goes with its last line. Debian’s minimal images have no cron: `systemd_timer` needs none, catches up on what a host that was off has missed, and logs to the journal.',
  params: Cron,
  examples: [
    { name: 'prune images', job: 'docker image prune -af >/dev/null', hour: 4, minute: 30, weekday: 'sun' },
    {
      name: 'backup',
      job: '/usr/local/bin/backup --all',
      special_time: 'daily',
      user: 'backup',
      cron_file: 'backup',
    },
    { name: 'old job', state: 'absent' },
  ],
  id: (p) => `${p.cron_file ?? p.user} ${p.name}`,

  probe: (p) =>
    sh`${raw(p.cron_file === undefined ? askAllowed(p.user) : '')}${raw(printTable(p))} | ${raw(edit(p, FIND))}`,

  read(output) {
    const [, entry] = /^entry (.*)$/m.exec(output) ?? [];
    const denied = /^denied$/m.test(output) ? { denied: true } : {};
    return entry === undefined && denied.denied === undefined
      ? null
      : { ...(entry === undefined ? {} : { entry }), ...denied };
  },

  // of what is not there, that crontab takes no table of the user is known all the same
  want: (p, _facts, before) =>
    p.state === 'present' ? { entry: entryOf(p) } : before?.entry === undefined ? before : null,
  apply: (change, p) => put(p, change.after?.entry ?? ''),

  needs: (p) =>
    p.state === 'absent'
      ? []
      : ['command:crontab', `user:${p.user}`, ...(p.cron_file === undefined ? [] : (['path:/etc/cron.d'] as const))],
  action: (_p, change) => (change.action === 'update' && change.before?.entry === undefined ? 'create' : change.action),
  findings: (change, p) => [
    ...(change?.before?.denied ? [denied(p.user)] : []),
    ...(change?.after && /(^|[^\\])%/.test(p.job ?? '')
      ? [
          warning(
            'cron takes a % in a job for a line break, and what follows for its input',
            'Write \\% for a percent sign',
          ),
        ]
      : []),
  ],
  keeps: (p) => [p.cron_file === undefined ? `/var/spool/cron/crontabs/${p.user}` : pathOf(p)],
});

function pathOf(p: Cron): string {
  return `/etc/cron.d/${p.cron_file ?? ''}`;
}

function entryOf(p: Cron): string {
  const when = p.special_time === undefined ? fieldsOf(p).join(' ') : `@${p.special_time}`;
  return `${p.disabled ? '#' : ''}${when} ${p.cron_file === undefined ? '' : `${p.user} `}${p.job ?? ''}`;
}

// crontab asks cron.allow and cron.deny for root as well, and then neither shows nor changes the table
function askAllowed(user: string): Script {
  return sh`case $(crontab -u ${user} -l 2>&1 >/dev/null) in *'use this program'*) echo denied ;; esac
`;
}

function denied(user: string): Finding {
  return refusal(
    `crontab takes no table of ${user}: /etc/cron.allow does not name it, or /etc/cron.deny does`,
    'Name it in /etc/cron.allow with a lineinfile task before this one, or write cron_file, for which nobody is asked',
  );
}

function printTable(p: Cron): Script {
  return p.cron_file === undefined
    ? sh`cat -- ${`/var/spool/cron/crontabs/${p.user}`} 2>/dev/null`
    : sh`cat -- ${pathOf(p)} 2>/dev/null`;
}

/** Script that puts the entry in the place of the old one, or behind all others; empty: takes it out. */
function put(p: Cron, entry: string): Script {
  const edited = edit(p, PUT, entry);
  if (p.cron_file === undefined)
    return sh`crontab -u ${p.user} -l 2>/dev/null | ${raw(edited)} >"$harden_tmp/crontab"
if [ -s "$harden_tmp/crontab" ]; then crontab -u ${p.user} - <"$harden_tmp/crontab"
else crontab -u ${p.user} -r 2>/dev/null || :
fi
`;
  const path = pathOf(p);
  const written = transformFile({
    path,
    produce: `${edited} <"$old"`,
    owner: 'root',
    group: 'root',
    mode: '0644',
  });
  return entry === '' ? sh`${raw(written)}[ -s ${path} ] || rm -f -- ${path}\n` : written;
}

// by the environment: awk would take backslashes in a -v apart
function edit(p: Cron, program: Script, entry = ''): Script {
  return sh`name=${p.name} entry=${entry} awk ${raw(program)}`;
}

const IS_MARKER = '$0 == "# harden: " ENVIRON["name"] || $0 == "#Ansible: " ENVIRON["name"]';
const FIND = `'mine { print "entry " $0; found = 1; exit }
${IS_MARKER} { mine = 1 }
END { if (mine && !found) print "entry " }'`;
const PUT = `'function put() { if (!done && ENVIRON["entry"] != "") print "# harden: " ENVIRON["name"] "\\n" ENVIRON["entry"]; done = 1 }
mine { mine = 0; next }
${IS_MARKER} { put(); mine = 1; next }
{ print }
END { put() }'`;
