/** A socket that waits for connections, or for datagrams. */
export interface Listener {
  readonly proto: 'tcp' | 'udp';
  /** As ss shows it, without brackets and interface: `0.0.0.0`, `::`, `*` for both. */
  readonly address: string;
  readonly port: number;
  /** On the loopback alone. */
  readonly local: boolean;
  /** Names of the processes that hold it; none: the kernel itself. */
  readonly processes: readonly string[];
  /** The systemd unit that the process belongs to, or the socket unit that holds it for one. */
  readonly unit: string | undefined;
  /** The container whose published port it is. */
  readonly container: string | undefined;
}

/** What the probe printed: lines of ss, `== unit PID NAME`, `== socket PORT UNIT`, `== container NAME PORTS`. */
export function parseListeners(output: string): readonly Listener[] {
  const lines = output.split('\n');
  const units = new Map(words(lines, 'unit').map(([pid = '', unit = '']) => [pid, unit]));
  const sockets = words(lines, 'socket').map(([listen = '', unit = '']) => ({ listen, unit }));
  const containers = words(lines, 'container').map(([name = '', ...ports]) => ({ name, ports: ports.join(' ') }));
  const found = lines.flatMap((line): Listener[] => {
    const [, proto, local = '', users = ''] =
      /^(tcp|udp)\s+(?:LISTEN|UNCONN)\s+\d+\s+\d+\s+(\S+)\s+\S+\s*(.*)$/.exec(line) ?? [];
    const at = local.lastIndexOf(':');
    const port = Number(local.slice(at + 1));
    if (proto === undefined || at < 0 || !Number.isInteger(port)) return [];
    const [address = '', device = ''] = local.slice(0, at).replaceAll(/[[\]]/g, '').split('%');
    const holders = [...users.matchAll(/\("((?:[^"\\]|\\.)*)",pid=(\d+)/g)];
    const processes = [...new Set(holders.map(([, name = '']) => name))];
    const pids = holders.map(([, , pid = '']) => pid);
    const socket = pids.includes('1')
      ? sockets.find(({ listen }) => listen === String(port) || listen.endsWith(`:${port}`))?.unit
      : undefined;
    const docker = processes.some((name) => name === 'docker-proxy' || name === 'dockerd');
    return [
      {
        proto: proto as 'tcp' | 'udp',
        address,
        port,
        local: device === 'lo' || /^127\./.test(address) || address === '::1' || /^::ffff:127\./.test(address),
        processes,
        unit: socket ?? pids.map((pid) => units.get(pid)).find((unit) => unit !== undefined),
        container: docker ? containers.find(({ ports }) => publishes(ports, port, proto))?.name : undefined,
      },
    ];
  });
  const unique = new Map(found.map((one) => [JSON.stringify(one), one]));
  return [...unique.values()];
}

/** `tcp 0.0.0.0:8080, docker-proxy of docker.service, container web`. */
export function describeListener(one: Listener): string {
  const address = one.address.includes(':') ? `[${one.address}]` : one.address;
  const process = one.processes.length === 0 ? 'the kernel itself' : one.processes.join('+');
  const unit = one.unit === undefined ? '' : ` of ${one.unit}`;
  const container = one.container === undefined ? '' : `, container ${one.container}`;
  return `${one.proto} ${address}:${one.port}, ${process}${unit}${container}`;
}

function words(lines: readonly string[], kind: string): string[][] {
  const head = `== ${kind} `;
  return lines.filter((line) => line.startsWith(head)).map((line) => line.slice(head.length).split(' '));
}

// "0.0.0.0:8080->80/tcp, [::]:8080->80/tcp, 0.0.0.0:9000-9002->9000-9002/udp"
function publishes(ports: string, port: number, proto: string): boolean {
  return ports.split(', ').some((one) => {
    const [, from = '', to = from, kind] = /:(\d+)(?:-(\d+))?->[\d-]+\/(tcp|udp)$/.exec(one) ?? [];
    return kind === proto && port >= Number(from) && port <= Number(to);
  });
}
