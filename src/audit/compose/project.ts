import { dirname, join } from 'node:path';
import { formatPosition, type SourcePosition, UserError } from '../../errors.ts';
import { describeNode, entryOf, isEmpty, type MapNode, type ValueNode } from '../../playbook/nodes.ts';
import { mergeService } from './merge.ts';
import { type ComposeSource, readCompose } from './source.ts';
import { at, emptyMap, itemsOf, textOf } from './values.ts';

/** The services of a compose file and of the files that it includes, each with what it extends. */
export interface ComposeProject {
  readonly main: ComposeSource;
  readonly services: readonly Service[];
  /** Top-level `volumes` and `networks` of all files. */
  readonly volumes: ReadonlyMap<string, ValueNode>;
  readonly networks: ReadonlyMap<string, ValueNode>;
}

export interface Service {
  readonly name: string;
  /** Where its name stands. */
  readonly at: SourcePosition;
  readonly node: MapNode;
  /** What it extends, where that cannot be read because a variable names it. */
  readonly unread?: string | undefined;
}

/** Reads a compose file and all that it brings in. Throws a UserError, with its place, for what compose itself could not take. */
export async function loadProject(main: ComposeSource): Promise<ComposeProject> {
  const loading = new Loading();
  await loading.add(main, []);
  if (loading.services.length === 0 && !hasKey(main.root, 'include')) {
    const first = main.root.kind === 'map' ? main.root.entries.find(({ value }) => hasKey(value, 'image')) : undefined;
    throw new UserError('A compose file has `services`, and this one has none', {
      at: first?.keyAt ?? main.root.at,
      hint: first ? `Put \`${first.key}\` and the others under \`services:\`` : undefined,
    });
  }
  return { main, services: loading.services, volumes: loading.volumes, networks: loading.networks };
}

/** A report on more helps nobody, and a file made to have more takes all memory. */
const MOST_SERVICES = 2000;

type Extended = Pick<Service, 'node' | 'unread'>;

class Loading {
  readonly services: Service[] = [];
  readonly volumes = new Map<string, ValueNode>();
  readonly networks = new Map<string, ValueNode>();
  private readonly sources = new Map<string, ComposeSource>();
  /** Services with what they extend, by file and name: each is merged once, however many extend it. */
  private readonly whole = new Map<string, Extended>();

  async add(source: ComposeSource, includers: readonly string[]): Promise<void> {
    const { root, file } = source;
    this.sources.set(file, source);
    if (root.kind !== 'map') {
      throw new UserError(`A compose file must be a map, and this is ${describeNode(root)}`, { at: root.at });
    }
    for (const { key, value } of mapAt(root, 'volumes').entries) this.volumes.set(key, value);
    for (const { key, value } of mapAt(root, 'networks').entries) this.networks.set(key, value);
    for (const { key, keyAt, value } of mapAt(root, 'services').entries) {
      if (this.services.length === MOST_SERVICES) {
        throw new UserError(`These are more than ${MOST_SERVICES} services, which is too many for one audit`, {
          at: keyAt,
          hint: 'Split the file, and audit each part',
        });
      }
      if (value.kind !== 'map') {
        throw new UserError(`The service \`${key}\` must be a map, and this is ${describeNode(value)}`, {
          at: value.at,
        });
      }
      const { node, unread } = await this.extended(source, key, value, []);
      this.services.push({ name: key, at: keyAt, node, unread });
    }
    for (const item of itemsOf(at(root, 'include'))) {
      for (const path of item.kind === 'map' ? itemsOf(at(item, 'path')) : [item]) {
        const name = textOf(path);
        // What a variable names is another file each time.
        if (typeof name !== 'string') continue;
        const included = join(dirname(file), name);
        if ([...includers, file].includes(included)) {
          throw new UserError(`${included} is included by a file that it includes`, { at: path.at });
        }
        await this.add(await this.read(included, path.at), [...includers, file]);
      }
    }
  }

  private async extended(
    source: ComposeSource,
    name: string,
    own: MapNode,
    path: readonly string[],
  ): Promise<Extended> {
    const place = `${source.file} ${name}`;
    const known = this.whole.get(place);
    if (known) return known;
    const extended = await this.extend(source, name, own, [...path, place]);
    this.whole.set(place, extended);
    return extended;
  }

  /** `path`: what extends what, up to this service itself. */
  private async extend(source: ComposeSource, name: string, own: MapNode, path: readonly string[]): Promise<Extended> {
    const extension = entryOf(own, 'extends');
    if (!extension) return { node: own };
    const { value, keyAt } = extension;
    const wanted = value.kind === 'map' ? at(value, 'service') : value;
    const service = textOf(wanted);
    const fileNode = value.kind === 'map' ? at(value, 'file') : undefined;
    const file = textOf(fileNode) ?? '';
    if (typeof service !== 'string' || typeof file !== 'string') {
      const by = typeof file === 'string' ? service : file;
      return { node: own, unread: typeof by === 'object' ? by.undecided : 'no service is named' };
    }
    const from = file === '' ? source : await this.read(join(dirname(source.file), file), fileNode?.at ?? keyAt);
    if (path.includes(`${from.file} ${service}`)) {
      throw new UserError(`\`${service}\` extends a service that extends it`, { at: keyAt });
    }
    const base = at(from.root, 'services', service);
    if (base?.kind !== 'map') {
      throw new UserError(`${from.file} has no service \`${service}\` that \`${name}\` could extend`, {
        at: wanted?.at ?? keyAt,
      });
    }
    const whole = await this.extended(from, service, base, path);
    return { node: mergeService(whole.node, own), unread: whole.unread };
  }

  private async read(file: string, from: SourcePosition): Promise<ComposeSource> {
    const source = this.sources.get(file) ?? (await readCompose(file, from));
    this.sources.set(file, source);
    return source;
  }
}

function mapAt(root: MapNode, key: string): MapNode {
  const node = at(root, key);
  if (node === undefined || isEmpty(node)) return emptyMap(root);
  if (node.kind === 'map') return node;
  throw new UserError(`\`${key}\` must be a map, and this is ${describeNode(node)}`, { at: node.at });
}

function hasKey(node: ValueNode, key: string): boolean {
  return node.kind === 'map' && entryOf(node, key) !== undefined;
}

export function placeOf(node: ValueNode | undefined): string | undefined {
  return node && formatPosition(node.at);
}
