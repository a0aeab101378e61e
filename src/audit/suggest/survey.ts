import { raw, type Script, sh } from '../../remote/sh.ts';
import { catalogue } from '../docker-bench/catalogue/catalogue.ts';

/** Where suggested audit rules go: the file of the task's own default. */
export const RULES_FILE = '/etc/audit/rules.d/50-harden.rules';

const UNITS = ['docker.service', 'docker.socket', 'containerd.sock'] as const;

/** What a suggestion must know of the host beside what the audit found. */
export interface Survey {
  /** Where docker-bench-security finds each unit's file; undefined: nowhere. */
  readonly units: Readonly<Record<string, string | undefined>>;
  /** Existing files of the catalogue, and what they are behind their links. */
  readonly files: ReadonlyMap<string, string>;
  /** Why the kernel records nothing for this host; undefined: it does. */
  readonly noAudit: string | undefined;
  /** What docker-bench-security searches for watched paths. */
  readonly loadedRules: string;
  /** Lines of `RULES_FILE` that are rules; undefined: there is no such file. */
  readonly fileRules: readonly string[] | undefined;
  readonly auditd: boolean;
  readonly swarm: boolean;
  /** A flag of dockerd says live-restore: in daemon.json as well, it would keep dockerd from starting. */
  readonly liveRestoreFlag: boolean;
  /** How many containers run, and how many of them on the default network. */
  readonly containers: number;
  readonly onBridge: number;
  /** Who is in the group docker. */
  readonly dockerGroup: readonly string[];
  /** Undefined: there is none. */
  readonly daemonJson: Readonly<Record<string, unknown>> | undefined;
}

/** Prints what `readSurvey` reads. Only reads. */
export function surveyScript(): Script {
  const paths = [...catalogue.values()].flatMap(({ mend }) =>
    (mend.by === 'watch' || mend.by === 'file') && 'path' in mend.file ? [mend.file.path] : [],
  );
  // As the bench looks for them, in its order.
  const units = UNITS.map(
    (
      unit,
    ) => sh`for file in ${[`/etc/systemd/system/${unit}`, `/lib/systemd/system/${unit}`]} "$(find /run -name ${unit} 2>/dev/null | head -n 1)"; do
  if [ -n "$file" ] && [ -e "$file" ]; then echo ${`unit ${unit}`} "$file"; break; fi
done`,
  );
  return sh`echo '== files'
for file in ${[...new Set(paths)]}; do [ ! -e "$file" ] || echo "$file $(readlink -f "$file")"; done
echo '== units'
${raw(units.join('\n'))}
echo '== host'
echo "container $(systemd-detect-virt -c 2>/dev/null)"
[ -e /proc/self/loginuid ] || echo 'noaudit'
if command -v auditctl >/dev/null; then echo auditd; fi
echo "swarm $(docker info -f '{{.Swarm.LocalNodeState}}' 2>/dev/null)"
tr '\\000' '\\n' 2>/dev/null </proc/"$(cat /run/docker.pid 2>/dev/null)"/cmdline | grep -x -e '--live-restore' -e '--live-restore=true'
echo "containers $(docker ps -q 2>/dev/null | wc -l)"
echo "bridge $(docker network inspect bridge -f '{{len .Containers}}' 2>/dev/null)"
echo "group $(getent group docker | cut -d : -f 4)"
echo '== loaded'
if command -v auditctl >/dev/null; then auditctl -l 2>/dev/null; else cat /etc/audit/audit.rules 2>/dev/null; fi
[ ! -e ${RULES_FILE} ] || { echo '== rules'; cat ${RULES_FILE}; }
[ ! -e /etc/docker/daemon.json ] || { echo '== daemon.json'; cat /etc/docker/daemon.json; }`;
}

/** What `surveyScript` printed. */
export function readSurvey(output: string): Survey {
  const [head = '', daemonText] = output.split('\n== daemon.json\n');
  const section = (name: string): readonly string[] | undefined =>
    new RegExp(`^== ${name}\\n((?:(?!== ).*(?:\\n|$))*)`, 'm').exec(head)?.[1]?.split('\n').filter(Boolean);
  const host = section('host') ?? [];
  const value = (key: string) => host.find((line) => line.startsWith(`${key} `))?.slice(key.length + 1) ?? '';
  const container = value('container');
  return {
    units: Object.fromEntries(
      (section('units') ?? []).map((line) => {
        const [, unit = '', ...file] = line.split(' ');
        return [unit, file.join(' ')];
      }),
    ),
    files: new Map((section('files') ?? []).map((line) => line.split(' ') as [string, string])),
    noAudit:
      container !== '' && container !== 'none'
        ? `this host is a container (${container}): the kernel that it shares keeps no audit rules for it`
        : host.includes('noaudit')
          ? 'the kernel of this host was built without auditing'
          : undefined,
    loadedRules: (section('loaded') ?? []).join('\n'),
    fileRules: section('rules')?.filter((line) => /^-[aAw] /.test(line)),
    auditd: host.includes('auditd'),
    swarm: value('swarm') === 'active',
    liveRestoreFlag: host.some((line) => line.startsWith('--live-restore')),
    containers: Number(value('containers')) || 0,
    onBridge: Number(value('bridge')) || 0,
    dockerGroup: value('group').split(',').filter(Boolean),
    daemonJson: daemonText === undefined ? undefined : parseMap(daemonText),
  };
}

function parseMap(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return value !== null && typeof value === 'object' ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
