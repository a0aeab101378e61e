import { known, PASS, type Rule, skip, type Verdict, warn, word } from './rule.ts';
import { isUndecided, type Port, type Workload } from './workload.ts';

/** What reaches the container, and what it reaches. */
export const NETWORK_RULES: readonly Rule[] = [
  {
    id: 'network-host',
    title: "Stay out of the host's network",
    section: 'Network',
    severity: 'high',
    field: 'networkMode',
    related: ['5.10'],
    remediation:
      'It listens on all addresses of the host past every firewall rule for containers, and reaches services that trust 127.0.0.1. Give it a network, and publish its ports.',
    fix: { run: '--network app', compose: 'networks: [app]' },
    judge: ({ networkMode }) => known(networkMode, (mode) => (mode === 'host' ? warn('network mode host') : PASS)),
  },
  {
    id: 'default-bridge',
    title: "Stay out of Docker's default network",
    section: 'Network',
    severity: 'medium',
    field: 'networks',
    related: ['5.30'],
    remediation:
      'Whatever names no network meets there, and may talk to each other. Give each group of containers a network of its own.',
    fix: { run: '--network app', compose: 'networks: [app]' },
    judge: judgeDefaultBridge,
  },
  {
    id: 'icc',
    title: 'Share a network only with what is needed',
    section: 'Network',
    severity: 'low',
    field: 'networks',
    remediation:
      'Containers in one network reach each other on all ports, published or not. Put only those together that talk; com.docker.network.bridge.enable_icc=false forbids all talk in a network, that of a proxy with its application too.',
    fix: { run: '--network app', compose: 'networks: [app]' },
    judge: judgeIcc,
  },
  {
    id: 'published-address',
    title: 'Publish ports on one address',
    section: 'Network',
    severity: 'medium',
    field: 'ports',
    related: ['5.14'],
    remediation:
      'A port that is published on all addresses can be reached from everywhere, past a firewall such as ufw. Bind it to 127.0.0.1 (behind a reverse proxy) or to the one address that is meant.',
    judge: judgeAddress,
  },
  {
    id: 'privileged-port',
    title: 'Take no port below 1024 of the host',
    section: 'Network',
    severity: 'low',
    field: 'ports',
    related: ['5.8'],
    remediation: 'Clients trust what answers there. It is right for the one reverse proxy; the others need none.',
    judge: judgePrivilegedPort,
  },
  {
    id: 'published-ports',
    title: 'Publish only ports that are needed',
    section: 'Network',
    severity: 'info',
    field: 'ports',
    related: ['5.9'],
    remediation: 'Is each of these needed from outside the host? Containers in one network reach each other without.',
    judge: ({ ports }) =>
      ports.length === 0
        ? PASS
        : { result: 'INFO', details: `publishes ${ports.map(portText).join(', ')}`, items: ports.map(portText) },
  },
];

function judgeDefaultBridge({ networks, kind }: Workload): Verdict {
  if (isUndecided(networks)) return skip(networks);
  const bridge = networks.find(({ isDefaultBridge }) => isDefaultBridge);
  if (!bridge) return PASS;
  const company = bridge.others.length > 0 ? `, with ${bridge.others.join(', ')}` : '';
  // A service gets there by its network_mode alone.
  const field = kind === 'service' ? 'networkMode' : 'networks';
  return bridge.icc
    ? warn(`is in ${bridge.name}${company}`, { field })
    : warn(`is in ${bridge.name}${company}; inter-container communication is off there`, { field, severity: 'low' });
}

/** The default network is another rule's. */
function judgeIcc({ networks }: Workload): Verdict {
  if (isUndecided(networks)) return skip(networks);
  const open = networks.filter(({ icc, others, isDefaultBridge }) => icc && others.length > 0 && !isDefaultBridge);
  if (open.length === 0) return PASS;
  const items = open.map(({ name, others }) => `${name}: ${others.join(', ')}`);
  return { result: 'INFO', details: `reaches on all ports ${items.join('; ')}`, items };
}

const ANYWHERE = new Set(['', '0.0.0.0', '::', '[::]', '*']);

/** Services that mostly ask for no password, or for one that is guessed. */
const DATA_PORTS = new Set([2375, 2379, 3306, 5432, 5601, 5984, 6379, 9200, 11211, 27017]);

function judgeAddress(workload: Workload): Verdict | readonly Verdict[] {
  const found = workload.ports.flatMap((port) => {
    if (isUndecided(port.hostIp)) return [{ port, verdict: skip(port.hostIp, { at: port.at }) }];
    if (!ANYWHERE.has(port.hostIp)) return [];
    return [{ port, verdict: openVerdict([port]) }];
  });
  if (workload.kind === 'service') return found.map(({ verdict }) => verdict);
  return found.length > 0 ? openVerdict(found.map(({ port }) => port)) : PASS;
}

function openVerdict(ports: readonly Port[]): Verdict {
  const items = ports.map(portText);
  const bound = [
    ...new Set(ports.map((port) => `127.0.0.1:${hostPort(port)}${hostPort(port) ? ':' : ''}${port.containerPort}`)),
  ];
  const data = ports.some(({ containerPort }) => DATA_PORTS.has(Number(containerPort.split('/')[0])));
  return warn(`published on ${items.join(', ')}`, {
    items,
    at: ports[0]?.at,
    ...(data ? { severity: 'high' as const } : {}),
    fix: {
      run: bound.map((each) => `--publish ${word(each)}`).join(' '),
      compose: `ports: [${bound.map((each) => JSON.stringify(each)).join(', ')}]`,
    },
  });
}

function judgePrivilegedPort(workload: Workload): Verdict | readonly Verdict[] {
  const low = workload.ports.filter((port) => {
    const first = Number.parseInt(hostPort(port), 10);
    return first > 0 && first < 1024;
  });
  const verdict = (ports: readonly Port[]): Verdict => {
    const items = ports.map(portText);
    const moved = ports.map(
      (port) => `127.0.0.1:${8000 + (Number.parseInt(hostPort(port), 10) % 1000)}:${port.containerPort}`,
    );
    return warn(`takes ${items.join(', ')}`, {
      items,
      at: ports[0]?.at,
      fix: {
        run: [...new Set(moved)].map((each) => `--publish ${word(each)}`).join(' '),
        compose: `ports: [${[...new Set(moved)].map((each) => JSON.stringify(each)).join(', ')}]`,
      },
    });
  };
  if (workload.kind === 'service') return low.map((port) => verdict([port]));
  return low.length > 0 ? verdict(low) : PASS;
}

function hostPort({ hostPort: port }: Port): string {
  return isUndecided(port) ? '' : port;
}

function portText(port: Port): string {
  const ip = isUndecided(port.hostIp) ? '?' : port.hostIp === '' ? '*' : port.hostIp;
  const on = isUndecided(port.hostPort) ? '?' : port.hostPort || 'any';
  return `${ip.includes(':') ? `[${ip}]` : ip}:${on}->${port.containerPort}`;
}
