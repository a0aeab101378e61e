import { z } from 'zod';
import type { DockerHost } from '../containers/read-host.ts';
import { readDockerHost } from '../containers/read-host.ts';
import { type Effective, readEffective } from '../effective/read.ts';

/** Owner and mode of a file. */
export interface FileFacts {
  readonly path: string;
  readonly mode: number;
  readonly owner: string;
  readonly group: string;
  readonly type: string;
}

const Image = z.looseObject({
  Id: z.string(),
  RepoTags: z.array(z.string()).nullish(),
  RepoDigests: z.array(z.string()).nullish(),
  Created: z.string().nullish(),
  Config: z.looseObject({ Healthcheck: z.unknown().nullish(), Env: z.array(z.string()).nullish() }).nullish(),
});

/** An image of the host with what made each of its layers. */
export interface ImageFacts {
  readonly name: string;
  readonly digests: readonly string[];
  readonly created: string;
  readonly hasHealthcheck: boolean;
  readonly environment: readonly string[];
  readonly history: readonly string[];
}

/** What the benchmark is judged by. */
export interface CisHost {
  readonly docker: DockerHost;
  readonly effective: Effective | undefined;
  readonly rootDirectory: string;
  readonly storageDriver: string;
  readonly serverVersion: string;
  readonly experimental: boolean;
  /** Members of the group docker. */
  readonly members: readonly string[];
  readonly mounts: ReadonlySet<string>;
  /** Why the kernel keeps no audit rules; undefined: it does. */
  readonly noAudit: string | undefined;
  readonly loadedRules: readonly string[];
  readonly keptRules: readonly string[];
  readonly units: Readonly<Record<string, string>>;
  readonly flags: readonly string[];
  /** By path. */
  readonly files: ReadonlyMap<string, FileFacts>;
  readonly certificates: readonly FileFacts[];
  /** By `tlscacert`, `tlscert`, `tlskey`. */
  readonly tls: ReadonlyMap<string, FileFacts>;
  readonly images: readonly ImageFacts[];
  /** Image ids of all containers that there are. */
  readonly imagesOfContainers: readonly string[];
  readonly contentTrust: boolean;
  readonly listening: readonly string[];
  /** Undefined: no swarm, or this node does not manage it. */
  readonly swarm: Swarm | undefined;
}

export interface Swarm {
  readonly managers: number;
  readonly leaders: number;
  readonly secrets: number;
  readonly autolock: boolean;
  /** Nanoseconds. */
  readonly expiry: number;
}

/** Reads the script's answer; undefined where it is cut off. */
export function readCisHost(output: string): CisHost | undefined {
  const sections = new Map<string, string>();
  for (const part of output.split('\0').slice(1)) {
    const end = part.indexOf('\n');
    if (end >= 0) sections.set(part.slice(0, end), part.slice(end + 1));
  }
  if (!sections.has('cis-end')) return undefined;
  const lines = (name: string) => (sections.get(name) ?? '').split('\n').filter((line) => line.trim() !== '');
  const info = object(sections.get('info'));
  const server = object(sections.get('server'));
  const status = lines('kernel-audit');
  return {
    docker: readDockerHost(output),
    effective: readEffective(sections.get('effective') ?? ''),
    rootDirectory: String(info.DockerRootDir ?? '/var/lib/docker'),
    storageDriver: String(info.Driver ?? ''),
    serverVersion: String(server.Version ?? info.ServerVersion ?? ''),
    experimental: server.Experimental === true,
    members: (lines('group')[0]?.split(':')[3] ?? '').split(',').filter((name) => name.trim() !== ''),
    mounts: new Set(lines('mounts')),
    noAudit: status.some((line) => /^enabled [12]/.test(line)) ? undefined : (status[0] ?? 'auditctl says nothing'),
    loadedRules: lines('loaded-rules'),
    keptRules: lines('kept-rules').filter((line) => /^\s*-[aAwW]/.test(line)),
    units: unitPaths(lines('units')),
    flags: lines('cmdline'),
    files: new Map([...lines('stat'), ...lines('unit-stat')].flatMap((line) => entry(readStat(line)))),
    certificates: lines('certificates').flatMap((line) => readStat(line) ?? []),
    tls: new Map(
      lines('tls').flatMap((line) => {
        const facts = readStat(line.replace(/^\S+ /, ''));
        return facts ? [[line.split(' ')[0] ?? '', facts] as const] : [];
      }),
    ),
    images: readImages(lines('all-images'), lines('history')),
    imagesOfContainers: lines('counts'),
    contentTrust: lines('trust')[0] === '1',
    listening: lines('listening'),
    swarm: readSwarm(lines('swarm')),
  };
}

function readStat(line: string): FileFacts | undefined {
  const [, mode = '', owner = '', group = '', type = '', path = ''] =
    /^([0-7]+) (\S+) (\S+) ([^\t]+)\t(.+)$/.exec(line) ?? [];
  return path === '' ? undefined : { path, mode: Number.parseInt(mode, 8), owner, group, type };
}

function entry(facts: FileFacts | undefined): (readonly [string, FileFacts])[] {
  return facts ? [[facts.path, facts]] : [];
}

function unitPaths(lines: readonly string[]): Record<string, string> {
  const paths: Record<string, string> = {};
  let path = '';
  let id = '';
  for (const line of lines) {
    const [key = '', value = ''] = line.split(/=(.*)/);
    if (key === 'FragmentPath') path = value;
    if (key === 'Id') id = value;
    // systemctl prints the two in the order of its own.
    if (id === '' || path === '') continue;
    paths[id] = path;
    id = '';
    path = '';
  }
  return paths;
}

function readImages(lines: readonly string[], history: readonly string[]): ImageFacts[] {
  const made = new Map<string, string[]>();
  for (const line of history) {
    const [, id = '', text = ''] = /^(sha256:[0-9a-f]+) (".*")$/.exec(line) ?? [];
    const step = parse(text);
    if (typeof step === 'string') made.set(id, [...(made.get(id) ?? []), step]);
  }
  return lines.flatMap((line) => {
    const { data } = Image.safeParse(parse(line));
    if (!data) return [];
    return [
      {
        name: data.RepoTags?.[0] ?? data.Id.slice(7, 19),
        digests: data.RepoDigests ?? [],
        created: data.Created ?? '',
        hasHealthcheck: Boolean(data.Config?.Healthcheck),
        environment: data.Config?.Env ?? [],
        // What made the image comes last: its base first.
        history: (made.get(data.Id) ?? []).toReversed(),
      },
    ];
  });
}

function readSwarm(lines: readonly string[]): Swarm | undefined {
  const at = (name: string) => lines.indexOf(`-- ${name}`);
  if (at('secrets') < 0) return undefined;
  const nodes = lines.slice(0, at('secrets')).map(object);
  return {
    managers: nodes.filter(({ ManagerStatus }) => Boolean(ManagerStatus)).length,
    leaders: nodes.filter(({ ManagerStatus }) => ManagerStatus === 'Leader').length,
    secrets: at('autolock') - at('secrets') - 1,
    autolock: lines[at('autolock') + 1] === 'true',
    expiry: duration(lines[at('expiry') + 1] ?? ''),
  };
}

/** Nanoseconds of a number, or of Go's `48h0m0s`. */
function duration(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  const [, hours = '0', minutes = '0'] = /^(?:(\d+)h)?(?:(\d+)m)?/.exec(text) ?? [];
  return (Number(hours) * 3600 + Number(minutes) * 60) * 1e9;
}

function object(text: string | undefined): Readonly<Record<string, unknown>> {
  const value = parse(text ?? '');
  return value !== null && typeof value === 'object' ? (value as Record<string, unknown>) : {};
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
