import { isMap, isScalar, isSeq, type Pair, type YAMLMap } from 'yaml';
import type { AuditCheck } from '../result.ts';
import type { RuleSettings } from '../workload/rule.ts';
import { applyEdits, type Edit, type ListChange, YamlEditor } from './edits.ts';
import { loadProject } from './project.ts';
import { whyRefused } from './refused.ts';
import { type Remedy, remedies } from './remedies.ts';
import { auditCompose } from './run.ts';
import { type ComposeSource, parseCompose } from './source.ts';
import { at, keysOf, textOf } from './values.ts';

/** A compose file with what can be mended in it. */
export interface ComposePatch {
  readonly text: string;
  /** Findings that are not there any more. */
  readonly mended: readonly AuditCheck[];
  /** Findings that are left to a person, at their places in the file as it is; `needs`: what must be true of the service to have them mended as well. */
  readonly left: readonly (AuditCheck & { readonly needs?: string | undefined })[];
}

type ListRemedy = Remedy & { readonly kind: 'list' };

/** Services that take from other ones are patched after these, so many times. */
const MOST_ROUNDS = 12;

/**
 * Mends what can be mended in the services that the file itself holds, and judges the outcome anew; comments, order and form stay. Safe:
 * what takes nothing from a service that it does today; `rest`: also what does, if what is said of it is not true. A service that compose
 * or dockerd would not take any more is left as it is.
 */
export async function patchCompose(source: ComposeSource, settings: RuleSettings, rest = false): Promise<ComposePatch> {
  const before = await findings(source, settings);
  const depths = depthsOf(source);
  let current = source;
  const deepest = Math.min(MOST_ROUNDS, Math.max(0, ...depths.values()));
  for (let depth = 0; depth <= deepest; depth += 1) {
    const names = [...depths].filter(([, own]) => own === depth).map(([name]) => name);
    current = await patchServices(current, settings, rest, names);
  }
  const after = new Set((await findings(current, settings)).map(named));
  const left = before
    .filter((check) => after.has(named(check)))
    .map((check) => ({
      ...check,
      needs: rest ? undefined : remedies(check).find(({ needs }) => needs !== undefined)?.needs,
    }));
  return { text: current.text, mended: before.filter((check) => !after.has(named(check))), left };
}

/** How many services of the file stand between one and what it takes from nobody. */
function depthsOf(source: ComposeSource): ReadonlyMap<string, number> {
  const services = at(source.roots[0], 'services');
  const written = servicesOf(source);
  const depths = new Map<string, number>();
  const depthOf = (name: string, seen: readonly string[]): number => {
    const known = depths.get(name);
    if (known !== undefined || seen.length > MOST_ROUNDS || seen.includes(name)) return known ?? 0;
    const extension = at(services, name, 'extends');
    const base = extension?.kind === 'map' ? (at(extension, 'file') ? undefined : at(extension, 'service')) : extension;
    const from = textOf(base);
    // what is merged in may be a service, too
    const merges = isMap(written?.get(name, true)) && pairOf(written?.get(name, true), '<<') ? 1 : 0;
    const depth = Math.max(merges, typeof from === 'string' ? 1 + depthOf(from, [...seen, name]) : 0);
    depths.set(name, depth);
    return depth;
  };
  for (const name of keysOf(services)) depthOf(name, []);
  return depths;
}

/** What several documents say is said in more than one place, and left alone. */
function servicesOf(source: ComposeSource): YAMLMap | undefined {
  const services = source.roots.length > 1 ? undefined : pairOf(source.document.contents, 'services')?.value;
  return isMap(services) ? services : undefined;
}

async function patchServices(
  source: ComposeSource,
  settings: RuleSettings,
  rest: boolean,
  names: readonly string[],
): Promise<ComposeSource> {
  const found = await findings(source, settings);
  const editor = new YamlEditor(source.text);
  const edits = new Map<string, readonly Edit[]>();
  for (const pair of servicesOf(source)?.items ?? []) {
    const name = isScalar(pair.key) ? String(pair.key.value) : '';
    if (!names.includes(name) || !isMap(pair.value)) continue;
    const wanted = found.filter(({ subject }) => subject === name).flatMap(remedies);
    // What is merged in (`<<`) or extended is said elsewhere.
    const said = keysOf(at(source.roots[0], 'services', name));
    const merged = said.filter((key) => !pairOf(pair.value, key));
    const graded = wanted.filter(({ needs }) => rest || needs === undefined);
    edits.set(name, serviceEdits(editor, pair.value, graded, merged, source));
  }
  const refused = new Map((await reasons(source, settings)).entries());
  // Each patch that makes compose say no is taken back, until none does.
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    const next = parseCompose(applyEdits(source.text, [...edits.values()].flat()), source.file);
    const now = await reasons(next, settings);
    const worse = [...now].filter(([name, said]) => said.some((one) => !refused.get(name)?.includes(one)));
    if (worse.length === 0) return next;
    const culprits = worse.map(([name]) => name).filter((name) => edits.delete(name));
    if (culprits.length === 0) return source;
  }
  return source;
}

/** Why compose would not take a service, by its name. */
async function reasons(source: ComposeSource, settings: RuleSettings): Promise<ReadonlyMap<string, readonly string[]>> {
  const project = await loadProject(source, settings.environment);
  return new Map(project.services.map((service) => [service.name, whyRefused(service, project)]));
}

async function findings(source: ComposeSource, settings: RuleSettings): Promise<readonly AuditCheck[]> {
  const result = await auditCompose(source, settings);
  return result.status === 'done' ? result.results.filter((check) => check.result === 'WARN') : [];
}

/** A mount that is only read from now on is the same finding, if it still is one. */
function named({ id, subject, details }: AuditCheck): string {
  return JSON.stringify([id, subject, details?.replace(/, (writable|read-only)$/, '')]);
}

function serviceEdits(
  editor: YamlEditor,
  service: YAMLMap,
  wanted: readonly Remedy[],
  merged: readonly string[],
  source: ComposeSource,
): readonly Edit[] {
  const edits: (Edit | undefined)[] = [];
  const lines = new Map<string, string>();
  const lists = new Map<string, ListRemedy[]>();
  const done = new Set<string>();
  const limits = limitsOf(service);
  for (const remedy of wanted) {
    const { key } = remedy;
    const place = limits === undefined ? undefined : LIMITS[key];
    if (remedy.kind === 'list') {
      lists.set(key, [...(lists.get(key) ?? []), remedy]);
      continue;
    }
    // Two findings may ask for the same key: the first one has it.
    if (done.has(key)) continue;
    done.add(key);
    const pair = pairOf(service, key);
    if (remedy.kind === 'remove') edits.push(pair && editor.removeKey(service, pair));
    else if (place !== undefined && limits) {
      const value = key === 'cpus' ? JSON.stringify(remedy.value) : remedy.value;
      if (!pair && !pairOf(limits, place)) edits.push(editor.addKeys(limits, [line(place, value, remedy.needs)]));
    } else if (pair) edits.push(editor.replaceScalar(pair.value, remedy.value));
    else lines.set(key, line(key, remedy.value, remedy.needs));
  }
  for (const [key, remedies] of lists) {
    const pair = pairOf(service, key);
    if (pair) edits.push(...listEdits(editor, service, pair, remedies, source));
    else if (!merged.includes(key)) {
      const items = remedies.flatMap(({ add }) => add ?? []);
      if (items.length > 0)
        lines.set(key, line(key, `[${items.join(', ')}]`, remedies.find(({ needs }) => needs)?.needs));
    }
  }
  edits.push(editor.addKeys(service, [...lines.values()]));
  return edits.filter((edit) => edit !== undefined);
}

/** Where a limit goes once `deploy.resources.limits` is there: compose takes it in one place. */
const LIMITS: Readonly<Record<string, string>> = { mem_limit: 'memory', cpus: 'cpus', pids_limit: 'pids' };

function limitsOf(service: YAMLMap): YAMLMap | undefined {
  const limits = ['deploy', 'resources', 'limits'].reduce<unknown>((map, key) => pairOf(map, key)?.value, service);
  return isMap(limits) ? limits : undefined;
}

/** A line with what must be true of the service behind it. */
function line(key: string, value: string, needs: string | undefined): string {
  return `${key}: ${value}${needs === undefined ? '' : ` # if ${needs}`}`.replace('# if measure', '# measure');
}

function listEdits(
  editor: YamlEditor,
  service: YAMLMap,
  pair: Pair,
  remedies: readonly ListRemedy[],
  source: ComposeSource,
): readonly (Edit | undefined)[] {
  if (!isSeq(pair.value)) return [];
  const items = pair.value.items.map((item) =>
    isScalar(item) ? { text: String(item.value), place: source.place(item.range?.[0] ?? 0) } : undefined,
  );
  const change = listChange(items, remedies);
  if (change.remove.size + change.replace.size + change.add.length === 0) return [];
  if (change.remove.size === items.length && change.add.length === 0) return [editor.removeKey(service, pair)];
  return editor.changeList(pair.value, change) ?? [];
}

interface Item {
  readonly text: string;
  readonly place: string;
}

function listChange(items: readonly (Item | undefined)[], remedies: readonly ListRemedy[]): ListChange {
  const replace = new Map<number, string>();
  const remove = new Set<number>();
  for (const [index, item] of items.entries()) {
    if (item === undefined) continue;
    const now = remedies.reduce<string | null>((text, { change }) => {
      const next = text === null ? undefined : change?.(text, item.place);
      return next === undefined ? text : next;
    }, item.text);
    if (now === null) remove.add(index);
    else if (now !== item.text) replace.set(index, JSON.stringify(now));
  }
  const said = new Set(items.map((item) => item?.text));
  const add = new Set(remedies.flatMap(({ add }) => add ?? []).filter((each) => !said.has(each)));
  return { remove, replace, add: [...add] };
}

function pairOf(map: unknown, key: string): Pair | undefined {
  if (!isMap(map)) return undefined;
  return map.items.find((pair) => isScalar(pair.key) && pair.key.value === key);
}
