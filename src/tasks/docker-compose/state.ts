import type { Change } from '../../engine/diff.ts';
import type { StateValue } from '../../engine/state.ts';
import { parseDockerJson, sections } from '../support/docker/cli.ts';
import { imageRef } from '../support/docker/image-ref.ts';
import { digestsOf } from '../support/docker/image-state.ts';
import { parseRegistryAnswer, type RegistryAnswer } from '../support/docker/registry.ts';
import { type Ceilings, ceilingsIn } from '../support/docker/ulimits.ts';
import { type NewNetworks, readNewNetworks } from './networks.ts';
import { type DockerCompose, projectName } from './params.ts';

/**
 * `file`: the compose file; `container NAME`: how compose finds it; `image NAME`: its digest; for a project that is to go `containers`,
 * `networks` and `volumes`. `around`: what the findings judge by, as JSON.
 */
export type ComposeState = Readonly<Record<string, StateValue>>;

/** What stands around a project. */
export interface Around {
  /** Of compose; empty where docker has no such command. */
  readonly version: string;
  /** Why compose would not do what is wanted. */
  readonly error: string;
  /** Containers that the file does not name. */
  readonly orphans: readonly string[];
  /** Containers that are there and unhealthy. */
  readonly unhealthy: readonly string[];
  /** The networks that compose would make, and the host around them; undefined where it would make none. */
  readonly networks?: NewNetworks | undefined;
  readonly registry: Readonly<Record<string, RegistryAnswer>>;
  /** What limits the host can give. */
  readonly ceilings: Ceilings;
}

interface Container {
  readonly name: string;
  readonly service: string;
  readonly state: string;
  readonly status: string;
}

/** What the probe printed. */
export function readCompose(output: string, p: DockerCompose): ComposeState {
  const found = sections(output);
  const containers = lines(found, 'containers').map(parseContainer);
  const plan = unindented(found.get('plan'));
  const events = eventsIn(plan);
  const file = found.get('file');
  const names = containers.map(({ name }) => name).sort();
  const around: Around = {
    version: (found.get('version') ?? '').trim(),
    error: errorIn(plan),
    orphans: p.state === 'present' ? names.filter((name) => !events.has(name)) : [],
    networks: readNewNetworks(plan, found),
    unhealthy: containers.filter(({ status }) => status.includes('(unhealthy)')).map(({ name }) => name),
    registry: Object.fromEntries(
      (p.images ?? []).map((image, at) => [image, parseRegistryAnswer((found.get(`registry${at}`) ?? '').trim())]),
    ),
    ceilings: ceilingsIn(found.get('ceilings') ?? ''),
  };
  return {
    ...(file === undefined ? {} : { file: unindented(file) }),
    ...Object.fromEntries(
      p.state === 'absent'
        ? []
        : [...new Set([...names, ...events.keys()])].sort().map((name) => [
            `container ${name}`,
            verdict(
              containers.find((one) => one.name === name),
              events.get(name),
              p,
            ),
          ]),
    ),
    ...Object.fromEntries(
      (p.images ?? []).map((image, at) => {
        const list = parseDockerJson(found.get(`image${at}`));
        const digests = digestsOf(Array.isArray(list) ? list[0] : undefined, imageRef(image));
        const answer = around.registry[image]?.digest;
        return [`image ${image}`, digests.find((digest) => digest === answer) ?? digests[0] ?? 'none'];
      }),
    ),
    containers: names,
    networks: lines(found, 'networks').sort(),
    volumes: lines(found, 'volumes').sort(),
    around: JSON.stringify(around),
  };
}

/** What must hold. */
export function wantCompose(p: DockerCompose, before: ComposeState | null): ComposeState {
  if (p.state === 'absent') return { containers: [], networks: [], ...(p.remove_volumes ? { volumes: [] } : {}) };
  const names = Object.keys(before ?? {}).filter((key) => key.startsWith('container '));
  const orphans = aroundIn(before)?.orphans ?? [];
  if (p.state === 'stopped') return Object.fromEntries(names.map((key) => [key, 'stopped']));
  return {
    ...(p.text === undefined ? {} : { file: p.text }),
    ...Object.fromEntries(
      names
        .filter((key) => !orphans.includes(key.slice('container '.length)))
        .map((key) => [key, before?.[key] === ONE_TOO_MANY ? 'absent' : 'running']),
    ),
    ...Object.fromEntries(
      Object.entries(aroundIn(before)?.registry ?? {}).flatMap(([image, { digest }]) =>
        digest === undefined || before?.[`image ${image}`] === 'none' ? [] : [[`image ${image}`, digest]],
      ),
    ),
    ...(before === null ? { project: projectName(p) } : {}),
  };
}

const ONE_TOO_MANY = 'one too many';
const MADE_OF_ANOTHER = 'made of another definition or image';

/** True where containers are made anew for another reason than the file that is a part of the task: nothing keeps what they were made of. */
export function loses({ before, keys }: Change<ComposeState>): boolean {
  if (keys.some((key) => key.startsWith('image '))) return true;
  return !keys.includes('file') && keys.some((key) => before?.[key] === MADE_OF_ANOTHER);
}

/** What was read around the project; undefined before anything was. */
export function aroundIn(state: ComposeState | null): Around | undefined {
  return typeof state?.around === 'string' ? (JSON.parse(state.around) as Around) : undefined;
}

/** The verbs that compose's dry run has for each container. */
function eventsIn(plan: string): ReadonlyMap<string, ReadonlySet<string>> {
  const events = new Map<string, Set<string>>();
  for (const [, id = '', verb = ''] of plan.matchAll(/Container (\S+)\s+(\w+)/g)) {
    // a container that is made anew has a name of its own for a moment
    const name = id.replace(/^[0-9a-f]{12}_/, '');
    events.set(name, (events.get(name) ?? new Set()).add(verb));
  }
  return events;
}

function verdict(container: Container | undefined, events: ReadonlySet<string> | undefined, p: DockerCompose): string {
  const now = container?.state ?? 'absent';
  if (p.state === 'stopped') return ['running', 'restarting', 'paused'].includes(now) ? now : 'stopped';
  if (container === undefined || events?.has('Creating')) return 'absent';
  if (events?.has('Recreate')) return MADE_OF_ANOTHER;
  if (events?.has('Removing')) return ONE_TOO_MANY;
  if (p.jobs.includes(container.service) && /^Exited \(0\)/.test(container.status)) return 'running';
  if (now === 'running') return now;
  return now === 'exited' ? container.status.replace(/^Exited \((\d+)\).*/, 'ended with status $1') : now;
}

function errorIn(plan: string): string {
  if (!/^harden-status /m.test(plan)) return '';
  const said = plan
    .split('\n')
    .filter((line) => line.trim() !== '' && !/^harden-status |DRY-RUN MODE|^time="/.test(line));
  return said.at(-1)?.trim() ?? 'compose fails, and does not say why';
}

function parseContainer(line: string): Container {
  const [name = '', service = '', state = '', ...status] = line.split(' ');
  return { name, service, state, status: status.join(' ') };
}

function lines(found: ReadonlyMap<string, string>, name: string): string[] {
  return (found.get(name) ?? '').split('\n').filter((line) => line !== '');
}

function unindented(text: string | undefined): string {
  return (text ?? '').replace(/^ /gm, '');
}
