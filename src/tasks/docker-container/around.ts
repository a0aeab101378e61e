import { listAt, mapAt, parseDockerJson, textAt } from '../support/docker/cli.ts';
import type { Json } from '../support/docker/json.ts';
import { parseRegistryAnswer, type RegistryAnswer } from '../support/docker/registry.ts';
import { type Ceilings, ceilingsIn } from '../support/docker/ulimits.ts';
import type { ContainerState } from './container-state.ts';
import { portsOf } from './fields-network.ts';
import type { DockerContainer } from './params.ts';

/** What stands around a container, for the findings and for putting back what was changed in place. */
export interface Around {
  /** The image that is wanted, where the host has it. */
  readonly image?: { readonly user: string; readonly healthcheck: boolean; readonly volumes: readonly string[] };
  readonly registry?: RegistryAnswer;
  /** Undefined where dockerd could not be asked. */
  readonly limits?: {
    readonly cpus: number;
    readonly memory: boolean;
    readonly pids: boolean;
    readonly quota: boolean;
  };
  /** Sources of bind mounts that are not there. */
  readonly missing: readonly string[];
  /** What listens on the host: `tcp 127.0.0.1:8080`. */
  readonly listening: readonly string[];
  /** Ports that this container publishes itself. */
  readonly own: readonly string[];
  /** Volumes without a name: `PATH NAME`. */
  readonly anonymous: readonly string[];
  /** healthy, starting, unhealthy, or empty. */
  readonly health: string;
  readonly compose: string;
  /** What limits the host can give; undefined where nobody asked. */
  readonly ceilings?: Ceilings;
}

/** What was read around the container; undefined before anything was. */
export function aroundIn(state: ContainerState | null): Around | undefined {
  return typeof state?.around === 'string' ? (JSON.parse(state.around) as Around) : undefined;
}

/** From what the probe printed. */
export function aroundOf(
  found: ReadonlyMap<string, string>,
  container: Json | undefined,
  wanted: Json | undefined,
): Around {
  const info = parseDockerJson(found.get('info'));
  const answer = found.get('registry')?.trim() ?? '';
  const test = listAt(mapAt(mapAt(wanted, 'Config'), 'Healthcheck'), 'Test');
  return {
    ...(wanted === undefined
      ? {}
      : {
          image: {
            user: textAt(mapAt(wanted, 'Config'), 'User'),
            healthcheck: test.length > 0 && test[0] !== 'NONE',
            volumes: Object.keys(mapAt(mapAt(wanted, 'Config'), 'Volumes')),
          },
        }),
    ...(answer === '' ? {} : { registry: parseRegistryAnswer(answer) }),
    ...(Array.isArray(info)
      ? { limits: { cpus: Number(info[0]), memory: info[1] === true, pids: info[2] === true, quota: info[3] === true } }
      : {}),
    ...(found.has('ceilings') ? { ceilings: ceilingsIn(found.get('ceilings') ?? '') } : {}),
    missing: linesOf(found, 'missing'),
    listening: linesOf(found, 'listening'),
    own: container === undefined ? [] : portsOf(container),
    anonymous: listAt(container, 'Mounts').flatMap((mount) =>
      textAt(mount, 'Type') === 'volume' && /^[0-9a-f]{64}$/.test(textAt(mount, 'Name'))
        ? [`${textAt(mount, 'Destination')} ${textAt(mount, 'Name')}`]
        : [],
    ),
    health: textAt(mapAt(mapAt(container, 'State'), 'Health'), 'Status'),
    compose: String(mapAt(mapAt(container, 'Config'), 'Labels')['com.docker.compose.project'] ?? ''),
  };
}

/** Limits that this kernel does not know; Docker leaves them out without a word. */
export function unsupported(limits: Around['limits']): readonly string[] {
  if (limits === undefined) return [];
  return [
    ...(limits.memory ? [] : ['memory', 'memory_swap']),
    ...(limits.pids ? [] : ['pids_limit']),
    ...(limits.quota ? [] : ['cpus']),
  ];
}

/** Whether the playbook leaves the user to an image that is root's. */
export function runsAsRoot(p: DockerContainer, around: Around | undefined): boolean {
  const user = p.user ?? around?.image?.user;
  return user !== undefined && /^(|0|root)(:.*)?$/.test(user);
}

/** True where the container will have a health check. */
export function isChecked(p: DockerContainer, around: Around | undefined): boolean {
  return p.healthcheck === undefined ? around?.image?.healthcheck !== false : p.healthcheck !== 'none';
}

/** The lines of a section of the probe. */
export function linesOf(found: ReadonlyMap<string, string>, name: string): readonly string[] {
  return (found.get(name) ?? '').split('\n').filter((line) => line !== '');
}
