import { dirname, isAbsolute, join, resolve } from 'node:path';
import { formatPosition, type SourcePosition, UserError } from '../../errors.ts';
import { describeNode, entryOf, isEmpty, type MapNode, type ValueNode } from '../../playbook/nodes.ts';
import type { Lookup } from '../interpolate.ts';
import { mergeRoots, mergeService } from './merge.ts';
import { type ComposeSource, readCompose } from './source.ts';
import { type Environment, homeOf, resolved, type Surroundings, surroundingsOf } from './surroundings.ts';
import { at, emptyMap, itemsOf, textOf } from './values.ts';

/** The services of a compose file and of the files that it includes, each with what it extends. */
export interface ComposeProject {
  readonly main: ComposeSource;
  readonly services: readonly Service[];
  /** Top-level `volumes`, `networks`, `secrets` and `configs` of all files. */
  readonly volumes: ReadonlyMap<string, ValueNode>;
  readonly networks: ReadonlyMap<string, ValueNode>;
  readonly secrets: ReadonlyMap<string, ValueNode>;
  readonly configs: ReadonlyMap<string, ValueNode>;
  /** Parts of it that were not read. */
  readonly unread: readonly Unread[];
  readonly home: string;
}

/** A part that compose would read, and that cannot be read here. */
export interface Unread {
  readonly key: 'include' | 'extends';
  /** The service, where it is one's. */
  readonly subject: string;
  readonly at: SourcePosition;
  readonly reason: string;
}

export interface Service {
  readonly name: string;
  /** Where its name stands. */
  readonly at: SourcePosition;
  readonly node: MapNode;
}

/** Reads a compose file and all that it brings in, as compose would in this environment. Throws a UserError, with its place, for what compose itself could not take. */
export async function loadProject(main: ComposeSource, environment: Environment = {}): Promise<ComposeProject> {
  const outer: Lookup = (name) => environment[name];
  const around = await surroundingsOf(dirname(main.file), outer);
  const loading = new Loading();
  await loading.add([main], around, []);
  if (
    loading.services.length === 0 &&
    loading.unread.length === 0 &&
    !main.roots.some((root) => hasKey(root, 'include'))
  ) {
    const root = main.roots[0] as ValueNode;
    const first = root.kind === 'map' ? root.entries.find(({ value }) => hasKey(value, 'image')) : undefined;
    throw new UserError('A compose file has `services`, and this one has none', {
      at: first?.keyAt ?? root.at,
      hint: first ? `Put \`${first.key}\` and the others under \`services:\`` : undefined,
    });
  }
  const { services, top, unread } = loading;
  return { main, services, ...top, unread, home: homeOf(around.lookup) };
}

/** A report on more helps nobody, and a file made to have more takes all memory. */
const MOST_SERVICES = 2000;
const MOST_FILES = 500;
/** Resources that compose fetches: a git repository, an OCI artefact. */
const REMOTE = /^(oci:|git@|github\.com\/|[a-z][a-z0-9+.-]*:\/\/)/i;

interface Extended {
  readonly node: MapNode;
  readonly unread?: string | undefined;
}

/** A file with its variables put in. */
interface Read {
  readonly file: string;
  readonly root: MapNode;
  readonly around: Surroundings;
}

class Loading {
  readonly services: Service[] = [];
  readonly unread: Unread[] = [];
  readonly top = {
    volumes: new Map<string, ValueNode>(),
    networks: new Map<string, ValueNode>(),
    secrets: new Map<string, ValueNode>(),
    configs: new Map<string, ValueNode>(),
  };
  private readonly sources = new Map<string, ComposeSource>();
  private files = 0;
  /** Services with what they extend, by file and name: each is merged once, however many extend it. */
  private readonly whole = new Map<string, Extended>();

  /** Adds what files say together; the first one names the project. */
  async add(sources: readonly ComposeSource[], around: Surroundings, includers: readonly string[]): Promise<void> {
    const read = this.together(sources, around);
    const { root } = read;
    for (const [key, known] of Object.entries(this.top))
      for (const entry of mapAt(root, key).entries) known.set(entry.key, entry.value);
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
      const { node, unread } = await this.extended(read, key, value, []);
      this.services.push({ name: key, at: keyAt, node });
      if (unread !== undefined) this.unread.push({ key: 'extends', subject: key, at: keyAt, reason: unread });
    }
    const path = [...includers, ...sources.map(({ file }) => resolve(file))];
    for (const item of itemsOf(at(root, 'include'))) await this.include(item, around, path);
  }

  private async include(item: ValueNode, around: Surroundings, includers: readonly string[]): Promise<void> {
    const paths = item.kind === 'map' ? itemsOf(at(item, 'path')) : [item];
    const envFiles = item.kind === 'map' ? itemsOf(at(item, 'env_file')) : [];
    const folder = item.kind === 'map' ? at(item, 'project_directory') : undefined;
    const words = [...paths, ...envFiles, ...(folder ? [folder] : [])].map(textOf);
    const name = (node: ValueNode | undefined) => textOf(node) as string;
    const open = words.find((word) => typeof word === 'object');
    const remote = paths.map(textOf).find((word) => typeof word === 'string' && REMOTE.test(word));
    if (open !== undefined || remote !== undefined) {
      const reason =
        open === undefined
          ? `${remote as string} is fetched by compose, and was not read`
          : `${open.undecided}, so what it includes was not read`;
      this.unread.push({ key: 'include', subject: 'include', at: item.at, reason });
      return;
    }
    if (paths.length === 0 || paths.some((path) => name(path) === undefined || name(path) === ''))
      throw new UserError('An `include` names a file, or has a `path`', { at: item.at });
    const from = (path: string) => (isAbsolute(path) ? path : join(around.folder, path));
    const files = paths.map((path) => ({ file: from(name(path)), at: path.at }));
    const twice = files.find(({ file }) => includers.includes(resolve(file)));
    if (twice) throw new UserError(`${twice.file} is included by a file that it includes`, { at: twice.at });
    const sources: ComposeSource[] = [];
    for (const { file, at } of files) sources.push(await this.read(file, at));
    const directory = folder ? from(name(folder)) : dirname(files[0]?.file ?? '');
    const inner = await surroundingsOf(
      directory,
      around.lookup,
      envFiles.length > 0 ? envFiles.map((each) => ({ file: from(name(each)), at: each.at })) : undefined,
    );
    await this.add(sources, inner, includers);
  }

  private together(sources: readonly ComposeSource[], around: Surroundings): Read {
    const overriding = new Set(sources.flatMap((source) => [...source.overriding]));
    const maps = sources.flatMap(({ roots }) =>
      roots.flatMap((root) => {
        if (root.kind !== 'map' && !(roots.length > 1 && isEmpty(root)))
          throw new UserError(`A compose file must be a map, and this is ${describeNode(root)}`, { at: root.at });
        return root.kind === 'map' ? [resolved(root, around) as MapNode] : [];
      }),
    );
    const file = sources.map((source) => source.file).join(' ');
    return { file, root: mergeRoots(maps, overriding), around };
  }

  private async extended(source: Read, name: string, own: MapNode, path: readonly string[]): Promise<Extended> {
    const place = `${source.around.folder} ${source.file} ${name}`;
    const known = this.whole.get(place);
    if (known) return known;
    const extended = await this.extend(source, name, own, [...path, place]);
    this.whole.set(place, extended);
    return extended;
  }

  /** `path`: what extends what, up to this service itself. */
  private async extend(source: Read, name: string, own: MapNode, path: readonly string[]): Promise<Extended> {
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
    if (REMOTE.test(file)) return { node: own, unread: `${file} is fetched by compose, and was not read` };
    const from = file === '' ? source : await this.beside(source, file, fileNode?.at ?? keyAt);
    if (path.includes(`${from.around.folder} ${from.file} ${service}`)) {
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

  /** Another file that a service is taken from: its paths start beside it, its variables are those of the project. */
  private async beside({ around }: Read, path: string, from: SourcePosition): Promise<Read> {
    const other = isAbsolute(path) ? path : join(around.folder, path);
    const source = await this.read(other, from);
    return this.together([source], { folder: dirname(other), lookup: around.lookup });
  }

  private async read(file: string, from: SourcePosition): Promise<ComposeSource> {
    this.files += 1;
    if (this.files > MOST_FILES)
      throw new UserError(`These are more than ${MOST_FILES} files, which is too many for one audit`, { at: from });
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
