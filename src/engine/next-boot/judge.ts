import type { AcceptedBy } from './accepted-by.ts';
import { judgeFstab } from './fstab.ts';
import { tmpfilesFailures } from './tmpfiles.ts';

/** What of the disk is otherwise than before the run, as far as the next boot's way in hangs on it. */
export interface DiskVerdict {
  /** The way in would not be there. */
  readonly failures: readonly string[];
  /** The network or its firewall may come up otherwise: no proof says how, so a person has to. */
  readonly network: readonly string[];
  readonly remarks: readonly string[];
}

/** Where this login finds what is its own. */
export interface WayPaths {
  readonly home: string;
}

/** Judges what the comparison of the disk printed. */
export function judgeDisk(output: string, by: AcceptedBy, paths: WayPaths): DiskVerdict {
  const found = sectionsOf(output);
  if (!found.has('kept'))
    return {
      failures: [],
      network: [],
      remarks: ['what decides about the next boot could not be kept, so it is not compared'],
    };
  const [before, now] = [viewOf(found.get('before')), viewOf(found.get('now'))];
  const judged = found.has('units') ? judgeUnits(found.get('units') ?? [], before, now, by) : nothing;
  const files = found.get('files') ?? [];
  const mounts = judgeFstab(found.get('fstab') ?? [], paths.home);
  return {
    failures: [...judged.failures, ...mounts.failures, ...tmpfilesFailures(found.get('tmpfiles') ?? [], paths.home)],
    network: [...judged.network, ...files.map((file) => `${file} is not as before`)],
    remarks: [...judged.remarks, ...mounts.remarks],
  };
}

const nothing: DiskVerdict = { failures: [], network: [], remarks: [] };

interface View {
  /** Units that the boot would start. */
  readonly jobs: ReadonlySet<string>;
  /** Of these, such as come before the network. */
  readonly network: ReadonlySet<string>;
  readonly target: string;
}

function judgeUnits(changed: readonly string[], before: View, now: View, by: AcceptedBy): DiskVerdict {
  if (before.jobs.size === 0 || now.jobs.size === 0) {
    return {
      ...nothing,
      ...(now.jobs.size === 0 && before.jobs.size > 0
        ? { failures: [`systemd would not find what to start (default.target: ${now.target || 'none'})`] }
        : {
            remarks: ['systemd does not tell here what a boot would start: units that this run changed are not judged'],
          }),
    };
  }
  const server = by.starts.filter((unit) => before.jobs.has(unit));
  const gone = [...before.network].filter((unit) => !now.jobs.has(unit) && !unit.endsWith('.target'));
  // Without its firewall a host lets more people in, and nobody out.
  const open = gone.filter((unit) => FIREWALLS.test(unit));
  const units = [...now.network].filter((unit) => before.jobs.has(unit));
  const edited = changed.filter((path) =>
    units.some((unit) => path.endsWith(`/${unit}`) || path.includes(`/${unit}.d/`)),
  );
  return {
    failures:
      server.length > 0 && !server.some((unit) => now.jobs.has(unit))
        ? [`the boot would not start ${server.join(' and ')} any more (it ends in ${now.target})`]
        : [],
    network: [
      ...gone.filter((unit) => !open.includes(unit)).map((unit) => `the boot would not start ${unit} any more`),
      ...edited.map((path) => `${path} is not as before`),
    ],
    remarks: open.map((unit) => `after the next boot the host has no firewall by ${unit}`),
  };
}

/** Units that load rules, and bring up no network. */
const FIREWALLS = /^(ufw|nftables|firewalld|netfilter-persistent|iptables|ip6tables|ferm|shorewall6?)\.service$/;

function viewOf(lines: readonly string[] | undefined): View {
  const of = (kind: string): string[] =>
    (lines ?? []).filter((line) => line.startsWith(`${kind} `)).map((line) => line.slice(kind.length + 1));
  const jobs = new Set(of('job'));
  return { jobs, network: new Set(of('net').filter((unit) => jobs.has(unit))), target: of('target')[0] ?? '' };
}

function sectionsOf(output: string): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  let lines: string[] = [];
  for (const line of output.split('\n')) {
    if (line.startsWith('== ')) {
      lines = [];
      found.set(line.slice(3), lines);
    } else if (line !== '') lines.push(line);
  }
  return found;
}
