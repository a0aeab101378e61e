import { z } from 'zod';
import { defineTask } from '../engine/task.ts';
import { raw, type Script, sh } from '../remote/sh.ts';
import { warning } from './support/finding.ts';
import { replaceFile, transformFile } from './support/replace-file.ts';

const LABEL = '[a-z0-9]([a-z0-9-]*[a-z0-9])?';

const Hostname = z.strictObject({
  name: z
    .string()
    .max(64, { error: 'a host name has at most 64 characters' })
    .regex(new RegExp(`^${LABEL}(\\.${LABEL})*$`, 'i'), {
      error: 'a host name has letters, digits and inner hyphens, for example web-1',
    })
    .describe('The name, usually without a domain.'),
  hosts: z
    .boolean()
    .default(true)
    .describe('Have the name in /etc/hosts, so that it resolves without DNS (sudo asks for it).'),
});
type Hostname = z.infer<typeof Hostname>;

type HostnameState = {
  /** What the kernel says. */
  readonly name?: string;
  /** What /etc/hostname says. */
  readonly at_boot?: string;
  /** Whether /etc/hosts has the name. */
  readonly in_hosts?: boolean;
  /** True where cloud-init sets its own name at every boot. */
  readonly cloud?: boolean;
};

/** The host's own name, now and at boot. */
export const hostnameTask = defineTask<Hostname, HostnameState>({
  type: 'hostname',
  summary: "The host's own name, now and at boot.",
  notes:
    'Reads the kernel, `/etc/hostname` and `/etc/hosts`. In `/etc/hosts` the line of 127.0.1.1 gets the name and keeps its others; the old name goes from it. Programs that run (and Docker’s `docker info`) keep the name that they started with.',
  params: Hostname,
  examples: [{ name: 'web-1' }, { name: 'db-1.example.org', hosts: false }],
  id: () => 'hostname',

  probe: (p) => sh`printf 'name %s\nat_boot %s\n' "$(uname -n)" "$(grep -vm1 '^#' /etc/hostname 2>/dev/null)"
awk -v name=${p.name} '!/^[ \t]*#/ { for (i = 2; i <= NF && $i !~ /^#/; i++) if ($i == name) found = 1 } END { if (found) print "in_hosts" }' /etc/hosts
[ ! -e /etc/cloud/cloud.cfg ] || grep -qsE '^preserve_hostname:[[:space:]]*true' /etc/cloud/cloud.cfg /etc/cloud/cloud.cfg.d/*.cfg || echo cloud`,

  read(output) {
    const lines = output.split('\n');
    const of = (word: string): string =>
      lines
        .find((line) => line.startsWith(`${word} `))
        ?.slice(word.length + 1)
        .trim() ?? '';
    return {
      name: of('name'),
      at_boot: of('at_boot'),
      in_hosts: lines.includes('in_hosts'),
      cloud: lines.includes('cloud'),
    };
  },

  want: (p) => ({ name: p.name, at_boot: p.name, ...(p.hosts ? { in_hosts: true } : {}) }),

  apply(change, p) {
    const steps: Script[] = [];
    // first what makes the name resolve: sudo waits for DNS otherwise
    if (change.keys.includes('in_hosts') || (p.hosts && change.keys.includes('name')))
      steps.push(transformFile({ path: '/etc/hosts', produce: editHosts(p, change.before?.name ?? '') }));
    if (change.keys.includes('at_boot'))
      steps.push(replaceFile({ path: '/etc/hostname', content: `${p.name}\n`, mode: '0644' }));
    if (change.keys.includes('name')) steps.push(sh`hostname -- ${p.name}\n`);
    return steps.join('');
  },

  findings: (_change, _p, { before }) =>
    before.cloud
      ? [
          warning(
            'cloud-init sets its own host name at every boot',
            'Write preserve_hostname: true into a file in /etc/cloud/cloud.cfg.d',
          ),
        ]
      : [],
  keeps: () => ['/etc/hostname', '/etc/hosts'],
  undo: (change) =>
    change.keys.includes('name') && change.before?.name ? sh`hostname -- ${change.before.name}` : undefined,
});

/** Script that prints the hosts file `$old` with the name on the line of 127.0.1.1, and without the name that the host had there. */
export function editHosts(p: Pick<Hostname, 'name'>, old: string): Script {
  const short = p.name.includes('.') ? ` ${p.name.split('.')[0]}` : '';
  return sh`awk -v names=${`${p.name}${short}`} -v former=${old} ${raw(EDIT_HOSTS)} "$old"`;
}

const EDIT_HOSTS = `'BEGIN { split(names, given, " "); for (i in given) skip[given[i]] = 1; skip[former] = 1; split(former, parts, "."); skip[parts[1]] = 1 }
$1 == "127.0.1.1" && !done { out = "127.0.1.1\\t" names; for (i = 2; i <= NF; i++) { if ($i ~ /^#/) { out = out " " substr($0, index($0, $i)); break } if (!($i in skip)) out = out " " $i } print out; done = 1; next }
{ print }
END { if (!done) print "127.0.1.1\\t" names }'`;
