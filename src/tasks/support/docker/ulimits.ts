import type { Finding } from '../../../engine/task.ts';
import { type Script, sh } from '../../../remote/sh.ts';
import { refusal } from '../finding.ts';

/** A limit that containers are to have; -1: none. */
export interface Ulimit {
  readonly name: string;
  readonly hard: number;
}

/** What the host can give to containers: by a limit's name, the most that whoever starts them may set, and who that is. */
export type Ceilings = Readonly<Record<string, { readonly most: number; readonly of: string }>>;

/** Rows of /proc/PID/limits by the names that Docker gives them. */
const ROWS: Readonly<Record<string, string>> = {
  as: 'Max address space',
  core: 'Max core file size',
  cpu: 'Max cpu time',
  data: 'Max data size',
  fsize: 'Max file size',
  locks: 'Max file locks',
  memlock: 'Max locked memory',
  msgqueue: 'Max msgqueue size',
  nice: 'Max nice priority',
  nofile: 'Max open files',
  nproc: 'Max processes',
  rss: 'Max resident set',
  rtprio: 'Max realtime priority',
  rttime: 'Max realtime timeout',
  sigpending: 'Max pending signals',
  stack: 'Max stack size',
};

/** Script that prints what `ceilingsIn` reads: the limits of dockerd, and of containerd, whose children containers are. */
export function readCeilings(): Script {
  return sh`for unit in docker containerd; do
  pid=$(systemctl show -p MainPID --value "$unit.service" 2>/dev/null)
  case $pid in '' | 0) continue ;; esac
  echo "unit $unit"
  grep CapEff "/proc/$pid/status" 2>/dev/null
  cat "/proc/$pid/uid_map" "/proc/$pid/limits" 2>/dev/null
done
echo "nr_open $(cat /proc/sys/fs/nr_open 2>/dev/null)"`;
}

const SYS_RESOURCE = 1n << 24n;

/** The ceilings of what `readCeilings` printed. Whoever has CAP_SYS_RESOURCE (of the machine, not of a user namespace) can raise a limit, but the number of open files never above the kernel's own. */
export function ceilingsIn(output: string): Ceilings {
  const ceilings: Record<string, { most: number; of: string }> = {};
  const lower = (name: string, most: number, of: string) => {
    if (most < (ceilings[name]?.most ?? Number.POSITIVE_INFINITY)) ceilings[name] = { most, of };
  };
  const kernel = /^nr_open (\d+)$/m.exec(output)?.[1];
  if (kernel !== undefined) lower('nofile', Number(kernel), 'the kernel (fs.nr_open)');
  for (const part of output.split(/^unit /m).slice(1)) {
    const of = /^docker\n/.test(part) ? 'dockerd' : 'containerd';
    const capabilities = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(part)?.[1] ?? 'ffffffffffffffff'}`);
    const machine = /^\s*0\s+0\s+4294967295$/m.test(part);
    if (machine && (capabilities & SYS_RESOURCE) !== 0n) continue;
    for (const [name, row] of Object.entries(ROWS)) {
      const hard = new RegExp(`^${row}\\s+\\S+\\s+(\\d+)\\s`, 'm').exec(part)?.[1];
      if (hard !== undefined) lower(name, Number(hard), of);
    }
  }
  return ceilings;
}

/** Refusals of limits that no container could be started with. `where`: how the playbook names them. */
export function ulimitFindings(
  limits: readonly Ulimit[],
  ceilings: Ceilings,
  where: (name: string) => string,
): readonly Finding[] {
  return limits.flatMap(({ name, hard }) => {
    const ceiling = ceilings[name];
    if (ceiling === undefined || Number.isNaN(hard) || (hard !== -1 && hard <= ceiling.most)) return [];
    const { most, of } = ceiling;
    const unit = of === 'dockerd' ? 'docker.service' : 'containerd.service';
    return [
      refusal(
        `${where(name)} asks for ${hard === -1 ? 'no limit' : hard}, and ${of} on this host can give at most ${most}: no container would start with it`,
        of === 'dockerd' || of === 'containerd'
          ? `Write at most ${most}; or raise the limit of ${unit} (${LIMIT_KEYS[name] ?? 'Limit…='}) and restart it, where the host can give more`
          : `Write at most ${most}`,
      ),
    ];
  });
}

/** systemd calls most of them by their upper case name. */
const LIMIT_KEYS: Readonly<Record<string, string>> = Object.fromEntries(
  Object.keys(ROWS).map((name) => [name, `Limit${name.toUpperCase()}=`]),
);
