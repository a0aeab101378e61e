import { listAt, mapAt, parseDockerJson, sections, textAt } from '../support/docker/cli.ts';
import type { Json } from '../support/docker/json.ts';

/** What may go, and what must stay. */
export interface PrunePolicy {
  readonly containers: boolean;
  readonly networks: boolean;
  readonly images?: 'dangling' | 'unused' | undefined;
  readonly volumes?: 'anonymous' | 'unused' | undefined;
  readonly build_cache: boolean;
  /** In seconds. */
  readonly older_than: number;
  readonly keep: readonly string[];
}

/** What nothing uses, by kind; each line begins with what it is removed by. */
export interface Unused {
  readonly containers: readonly string[];
  readonly networks: readonly string[];
  readonly images: readonly string[];
  readonly volumes: readonly string[];
  readonly build_cache: string;
}

const ENDED = new Set(['exited', 'created', 'dead']);
const DOCKERS_OWN = new Set(['bridge', 'host', 'none', 'ingress', 'docker_gwbridge']);

/** From what the probe printed: what nothing uses once the containers that go are gone. */
export function unusedIn(output: string, policy: PrunePolicy): Unused {
  const found = sections(output);
  const all = (kind: string): readonly Json[] =>
    (found.get(kind) ?? '')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => parseDockerJson(line) ?? {});
  const limit = Number((found.get('now') ?? '').trim()) - policy.older_than;
  // the host's clock was read in whole seconds, Docker's times are finer: what was made in that same second is not newer
  const old = (...times: readonly string[]): boolean =>
    times.every((time) => !(Math.floor(Date.parse(time) / 1000) > limit));
  const containers = all('containers').map((one) => ({
    name: textAt(one, 'name').replace(/^\//, ''),
    image: textAt(one, 'image'),
    goes:
      policy.containers &&
      ENDED.has(textAt(one, 'status')) &&
      old(textAt(one, 'created'), textAt(one, 'finished')) &&
      !policy.keep.includes(textAt(one, 'name').replace(/^\//, '')),
    networks: Object.keys(mapAt(one, 'networks')),
    volumes: listAt(one, 'mounts').map((mount) => textAt(mount, 'Name')),
  }));
  const staying = containers.filter(({ goes }) => !goes);
  const kept = (name: string): boolean => policy.keep.includes(name);
  return {
    containers: containers.filter(({ goes }) => goes).map(({ name }) => name),
    networks: all('networks')
      .filter((one) => {
        const name = textAt(one, 'name');
        const used = staying.some(({ networks }) => networks.includes(name));
        return !DOCKERS_OWN.has(name) && !used && !kept(name) && old(textAt(one, 'created'));
      })
      .map((one) => textAt(one, 'name')),
    images: all('images').flatMap((one) => {
      const tags = listAt(one, 'tags').map(String);
      const id = textAt(one, 'id');
      const spared =
        staying.some(({ image }) => image === id) ||
        tags.some(kept) ||
        (policy.images === 'dangling' && tags.length > 0) ||
        !old(textAt(one, 'created'), textAt(one, 'tagged'));
      return spared ? [] : [[id.slice(7, 19), ...tags].join(' ')];
    }),
    volumes: all('volumes')
      .filter((one) => {
        const name = textAt(one, 'name');
        const anonymous = /^[0-9a-f]{64}$/.test(name);
        const used = staying.some(({ volumes }) => volumes.includes(name));
        return (anonymous || policy.volumes === 'unused') && !used && !kept(name) && old(textAt(one, 'created'));
      })
      .map((one) => textAt(one, 'name')),
    build_cache: (/^Build Cache (.*)$/m.exec(found.get('cache') ?? '')?.[1] ?? '0B').trim(),
  };
}
