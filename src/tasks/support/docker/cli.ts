import type { Need, Outlook } from '../../../engine/task.ts';
import { HostError } from '../../../errors.ts';
import { type Raw, raw } from '../../../remote/sh.ts';
import { isMap, type Json, type JsonMap } from './json.ts';

/** Docker's command on this host's own socket, whatever context the root user has chosen. */
export const DOCKER: Raw = raw('docker -H unix:///run/docker.sock');

/** What each type needs that asks Docker: its command, and that it runs, since asking the socket of one that is stopped would start it. */
export const DOCKER_NEEDS: readonly Need[] = ['command:docker', 'running:docker.service'];

/** The sections of a probe's output, each headed by `== NAME` on a line of its own. */
export function sections(output: string): ReadonlyMap<string, string> {
  const parts = output.split(/^== (\w+)\n/m);
  return new Map(
    Array.from({ length: (parts.length - 1) / 2 }, (_, at) => [parts[2 * at + 1] ?? '', parts[2 * at + 2] ?? '']),
  );
}

/** What Docker printed as JSON; undefined for nothing. Throws a HostError for anything else. */
export function parseDockerJson(text: string | undefined): Json | undefined {
  if (text === undefined || text.trim() === '') return undefined;
  try {
    return JSON.parse(text) as Json;
  } catch {
    throw new HostError(`docker gave an unexpected answer: ${JSON.stringify(text.slice(0, 80))}`);
  }
}

/** The map under a key; an empty one where there is none. */
export function mapAt(value: Json | undefined, key: string): JsonMap {
  const inner = isMap(value) ? value[key] : undefined;
  return isMap(inner) ? inner : {};
}

/** The list under a key; an empty one where there is none. */
export function listAt(value: Json | undefined, key: string): readonly Json[] {
  const inner = isMap(value) ? value[key] : undefined;
  return Array.isArray(inner) ? inner : [];
}

/** The text under a key; empty where there is none. */
export function textAt(value: Json | undefined, key: string): string {
  const inner = isMap(value) ? value[key] : undefined;
  return typeof inner === 'string' ? inner : '';
}

/** True where a task of the playbook, before or behind, brings Docker or speaks of what runs in it. */
export function dockerComes({ tasksOf = () => [] }: Pick<Outlook, 'tasksOf'>): boolean {
  const types = ['docker_daemon', 'docker_container', 'docker_compose', 'docker_network', 'docker_image'];
  if (types.some((type) => tasksOf(type).length > 0)) return true;
  return tasksOf('apt').some((params) => {
    const { name = [], state } = params as { readonly name?: readonly string[]; readonly state?: string };
    return state !== 'absent' && name.some((entry) => /^docker(?:\.io|-ce)(?:=|$)/.test(entry));
  });
}
