import type { z } from 'zod';
import { DaemonInfo, Inspected, InspectedImage, InspectedNetwork, ListedImage } from './inspect.ts';
import { type Processes, readProcesses } from './processes.ts';

/** What the script found out of a host. A section that did not arrive is undefined, never empty. */
export interface DockerHost {
  readonly info: DaemonInfo | undefined;
  readonly containers: readonly Inspected[];
  /** Containers that are there and could not be read: their names or ids, and why. */
  readonly unread: readonly { readonly subject: string; readonly reason: string }[];
  /** By id. */
  readonly images: ReadonlyMap<string, InspectedImage>;
  readonly tags: readonly ListedImage[];
  /** By id. */
  readonly networks: ReadonlyMap<string, InspectedNetwork>;
  readonly processes: Processes | undefined;
  /** The output ends before its end. */
  readonly isCutOff: boolean;
}

/** Reads the script's output line by line: a line that is no JSON, or not of the shape that it should have, hides no other. */
export function readDockerHost(output: string): DockerHost {
  const sections = new Map<string, string>();
  for (const section of output.split('\0').slice(1)) {
    const end = section.indexOf('\n');
    if (end >= 0) sections.set(section.slice(0, end), section.slice(end + 1));
  }
  const ids = lines(sections.get('ids')).filter((line) => /^[0-9a-f]{64}$/.test(line));
  const read = lines(sections.get('containers')).map((line) =>
    parse(Inspected, line.slice(Math.max(0, line.indexOf('{')))),
  );
  const containers = read.flatMap(({ value }) => value ?? []);
  const seen = new Set(containers.map(({ Id }) => Id));
  const broken = new Map(read.flatMap(({ value, id, reason }) => (value || !id ? [] : [[id, reason ?? ''] as const])));
  const processes = sections.get('processes');
  return {
    info: parse(DaemonInfo, sections.get('info') ?? '').value,
    containers,
    unread: ids
      .filter((id) => !seen.has(id))
      .map((id) => ({ subject: id.slice(0, 12), reason: broken.get(id) ?? 'docker inspect did not describe it' })),
    images: byId(all(InspectedImage, sections.get('images'))),
    tags: all(ListedImage, sections.get('tags')),
    networks: byId(all(InspectedNetwork, sections.get('networks'))),
    processes: processes === undefined ? undefined : readProcesses(processes),
    isCutOff: !sections.has('end'),
  };
}

function lines(section: string | undefined): string[] {
  return (section ?? '').split('\n').filter((line) => line.trim() !== '');
}

function all<T extends z.ZodType>(schema: T, section: string | undefined): z.infer<T>[] {
  return lines(section).flatMap((line) => parse(schema, line).value ?? []);
}

function byId<T extends { readonly Id: string }>(found: readonly T[]): ReadonlyMap<string, T> {
  return new Map(found.map((each) => [each.Id, each]));
}

interface Parsed<T> {
  readonly value?: T;
  /** Whose description it is, where that much can be read. */
  readonly id?: string;
  readonly reason?: string;
}

function parse<T extends z.ZodType>(schema: T, text: string): Parsed<z.infer<T>> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    const id = /^\{"Id":"([0-9a-f]{64})"/.exec(text)?.[1];
    return { reason: 'its description is cut off, or no JSON', ...(id ? { id } : {}) };
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return { value: parsed.data };
  const id = (json as { Id?: unknown } | null)?.Id;
  const path = parsed.error.issues[0]?.path.join('.');
  return { reason: `its description is not what Docker gives: .${path}`, ...(typeof id === 'string' ? { id } : {}) };
}
