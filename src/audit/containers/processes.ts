/** What /proc says of the processes of a host. */
export interface Processes {
  /** By pid, as the host counts. */
  readonly statuses: ReadonlyMap<number, ProcessStatus>;
  /** Pids by the id of the container that their cgroup names. */
  readonly ofContainer: ReadonlyMap<string, readonly number[]>;
}

export interface ProcessStatus {
  readonly name: string;
  /** The effective one, as the host sees it. */
  readonly uid: number | undefined;
  readonly noNewPrivileges: boolean | undefined;
  readonly seccomp: number | undefined;
  readonly openFiles: string | undefined;
}

/** Reads `grep -H` of cgroup, status and limits below /proc; the kernel spells out control characters in names. */
export function readProcesses(text: string): Processes {
  const statuses = new Map<number, ProcessStatus>();
  const ofContainer = new Map<string, number[]>();
  const none: ProcessStatus = {
    name: '',
    uid: undefined,
    noNewPrivileges: undefined,
    seccomp: undefined,
    openFiles: undefined,
  };
  for (const line of text.split('\n')) {
    const [, digits = '', file = '', rest = ''] = /^\/proc\/(\d+)\/(cgroup|status|limits):(.*)$/.exec(line) ?? [];
    const pid = Number(digits);
    if (file === '') continue;
    if (file === 'cgroup') ofContainer.set(rest, [...(ofContainer.get(rest) ?? []), pid]);
    else statuses.set(pid, { ...(statuses.get(pid) ?? none), ...(file === 'limits' ? limitOf(rest) : statusOf(rest)) });
  }
  return { statuses, ofContainer };
}

function statusOf(line: string): Partial<ProcessStatus> {
  const [, key = '', value = ''] = /^(\w+):\s*(.*)$/.exec(line) ?? [];
  switch (key) {
    case 'Name':
      return { name: value };
    case 'Uid':
      return { uid: Number(value.split(/\s+/)[1]) };
    case 'NoNewPrivs':
      return { noNewPrivileges: value === '1' };
    case 'Seccomp':
      return { seccomp: Number(value) };
    default:
      return {};
  }
}

function limitOf(line: string): Partial<ProcessStatus> {
  const soft = /^Max open files\s+(\S+)/.exec(line)?.[1];
  return soft === undefined ? {} : { openFiles: soft };
}
