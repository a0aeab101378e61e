import type { Change } from '../../engine/diff.ts';
import type { Finding, Need } from '../../engine/task.ts';
import { imageRef } from '../support/docker/image-ref.ts';
import { pullFindings } from '../support/docker/image-state.ts';
import { ulimitFindings } from '../support/docker/ulimits.ts';
import { type PublishedPort, spellPort } from '../support/docker/words.ts';
import { refusal, warning } from '../support/finding.ts';
import { type Around, aroundIn, isChecked, runsAsRoot, unsupported } from './around.ts';
import type { ContainerState } from './container-state.ts';
import { volumes } from './fields-storage.ts';
import type { DockerContainer } from './params.ts';
import { makesAnew, takesNew, wantedFields } from './state.ts';

/** What Docker gives a container that does not drop any. */
const USUAL = new Set(
  'AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD NET_BIND_SERVICE NET_RAW SETFCAP SETGID SETPCAP SETUID SYS_CHROOT'.split(
    ' ',
  ),
);
const SENSITIVE = /^\/(boot|dev|etc|lib|proc|sys|usr)?(\/.*)?$/;
const OPEN = new Set(['0.0.0.0', '::']);

/** What would fail, what of the container is weaker than it need be, and what is lost when it is made anew. */
export function containerFindings(
  change: Change<ContainerState> | undefined,
  p: DockerContainer,
  before: ContainerState,
  pending: readonly Need[],
): readonly Finding[] {
  if (p.state === 'absent') return [];
  const around = aroundIn(before);
  return [
    ...(change === undefined ? [] : [...impossible(p, around, pending), ...losses(change, p, before, around)]),
    ...stubborn(p, before, around),
    ...weaknesses(p, around),
  ];
}

/** What may listen on a port of the host. */
const RUNS = ['service:', 'docker_container:', 'docker_compose:', 'package:', 'user:', 'wireguard:'];

function impossible(p: DockerContainer, around: Around | undefined, pending: readonly Need[]): readonly Finding[] {
  const findings: Finding[] = [];
  if (around?.registry !== undefined) findings.push(...pullFindings(p.image ?? '', around.registry));
  if (p.pull === 'never' && around !== undefined && around.image === undefined)
    findings.push(
      warning(`${p.image} is not on the host, and pull: never fetches it from nowhere`, 'An earlier task must make it'),
    );
  const cpus = around?.limits?.cpus;
  if (cpus !== undefined && p.cpus > cpus)
    findings.push(
      refusal(`this host has ${cpus} ${cpus === 1 ? 'processor' : 'processors'}, and cpus asks for ${p.cpus}`),
    );
  const limits = p.ulimits.map((limit) => {
    const [name = '', , hard = ''] = limit.split(/[=:]/);
    return { name, hard: Number(hard) };
  });
  findings.push(...ulimitFindings(limits, around?.ceilings ?? {}, (name) => `ulimits: ${name}`));
  for (const source of around?.missing ?? []) {
    if (!pending.some((need) => need === `path:${source}` || need.startsWith(`path:${source}/`)))
      findings.push(
        refusal(
          `${source} is not on the host: Docker would make an empty directory of it`,
          'Create it with a file task before this one',
        ),
      );
  }
  for (const port of p.published_ports) {
    const taken = !around?.own.includes(spellPort(port)) && around?.listening.some((line) => meets(line, port));
    if (taken)
      findings.push(
        refusal(`port ${port.host}/${port.proto} of the host is taken already`, 'See `ss -ltnup` on the host', RUNS),
      );
  }
  return findings;
}

function losses(
  change: Change<ContainerState>,
  p: DockerContainer,
  before: ContainerState,
  around: Around | undefined,
): readonly Finding[] {
  const fresh = before.state === 'absent';
  if (!fresh && !makesAnew(change)) return [];
  const findings: Finding[] = [];
  if (around?.compose)
    findings.push(
      warning(
        `${p.name} belongs to the compose project ${around.compose}, which will make it anew again`,
        'Leave it to docker_compose',
      ),
    );
  const kept = new Set([...volumes(p).map((line) => line.split(':')[1]), ...p.tmpfs.map((line) => line.split(':')[0])]);
  for (const line of around?.anonymous ?? []) {
    const [path = '', volume = ''] = line.split(' ');
    findings.push(
      warning(
        `what is in ${path} will not be in the new container: it has no name, and stays on the host as the volume ${volume.slice(0, 12)}…`,
        `Give it one: volumes: ["${p.name}:${path}"], and copy what is to be kept`,
      ),
    );
  }
  for (const path of around?.image?.volumes ?? []) {
    if (!kept.has(path) && !around?.anonymous.some((line) => line.startsWith(`${path} `)))
      findings.push(
        warning(
          `the image keeps data in ${path}, in a volume without a name: the next container will not have it`,
          `Give it one: volumes: ["${p.name}:${path}"]`,
        ),
      );
  }
  return findings;
}

function stubborn(p: DockerContainer, before: ContainerState, around: Around | undefined): readonly Finding[] {
  const findings: Finding[] = [];
  const limits = unsupported(around?.limits);
  if (limits.length > 0) findings.push(warning(`this kernel cannot limit ${limits.join(', ')}: Docker leaves it out`));
  if (p.recreate === 'never' && before.state !== 'absent') {
    const differing = Object.entries(wantedFields(p, around?.limits)).filter(
      ([key, value]) => takesNew(key, value) && JSON.stringify(before[key]) !== JSON.stringify(value),
    );
    if (differing.length > 0)
      findings.push(
        warning(
          `${differing.map(([key]) => key).join(', ')} ${differing.length === 1 ? 'differs' : 'differ'}, and recreate: never leaves the container as it is`,
        ),
      );
  }
  if (before.state === 'started' && around?.health === 'unhealthy')
    findings.push(warning(`${p.name} runs, and is unhealthy`, `See \`docker inspect ${p.name}\``));
  return findings;
}

function weaknesses(p: DockerContainer, around: Around | undefined): readonly Finding[] {
  const said = (condition: boolean, message: string, hint?: string): readonly Finding[] =>
    condition ? [warning(message, hint)] : [];
  const image = imageRef(p.image ?? '');
  const extra = p.cap_add.filter((name) => !USUAL.has(name));
  return [
    ...said(p.privileged, 'privileged: whoever is root inside is root on the host (docker-bench 5.5)'),
    ...said(extra.length > 0, `cap_add gives more than Docker itself would: ${extra.join(', ')} (docker-bench 5.4)`),
    ...said(p.network_mode === 'host', 'network_mode: host shares the network of the host (docker-bench 5.10)'),
    ...said(
      p.networks.some(({ name }) => name === 'bridge'),
      'the default network is shared by all that name none (docker-bench 5.30)',
      'Give it one of its own with docker_network',
    ),
    ...['pid_mode', 'ipc_mode', 'uts', 'userns_mode'].flatMap((key) =>
      said(
        p[key as 'uts'] === 'host',
        `${key}: host shares what keeps the container apart (docker-bench 5.16, 5.17, 5.21, 5.31)`,
      ),
    ),
    ...p.published_ports.flatMap((port) =>
      said(
        OPEN.has(port.ip),
        `port ${port.host}/${port.proto} is open to whoever reaches this host, and ufw does not stand before it (docker-bench 5.14)`,
        'Bind it to one address, or see ufw_docker',
      ),
    ),
    ...volumes(p).flatMap((line) => mountFindings(line)),
    ...said(
      p.user === undefined && runsAsRoot(p, around),
      'it runs as root inside, as its image says (docker-bench 4.1)',
      'Say user; "0" if root is meant',
    ),
    ...said(
      p.healthcheck === undefined && !isChecked(p, around),
      'nothing tells whether it works: the image has no health check (docker-bench 5.27)',
      'Say healthcheck; none if it is meant',
    ),
    ...said(image.tag === 'latest', `${p.image} can be another image after each pull`, 'Name a version, or a digest'),
  ];
}

function mountFindings(line: string): readonly Finding[] {
  const [source = '', , options = ''] = line.split(':');
  if (/docker\.sock$/.test(source))
    return [warning(`${source} makes the container root on the host, read-only or not (docker-bench 5.32)`)];
  const findings: Finding[] = [];
  if (SENSITIVE.test(source) && !options.split(',').includes('ro'))
    findings.push(
      warning(`${source} of the host can be written to inside (docker-bench 5.6)`, 'Add :ro, or mount less'),
    );
  if (/shared/.test(options)) findings.push(warning(`mounts under ${source} spread to the host (docker-bench 5.20)`));
  return findings;
}

function meets(line: string, port: PublishedPort): boolean {
  const [proto = '', local = ''] = line.split(' ');
  const at = local.lastIndexOf(':');
  const address = local.slice(0, at).replace(/^\[|\]$|%.*$/g, '');
  return (
    proto === port.proto &&
    local.slice(at + 1) === String(port.host) &&
    (address === port.ip || address === '*' || OPEN.has(address) || OPEN.has(port.ip))
  );
}
