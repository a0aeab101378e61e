import { isMap, isScalar, isSeq, type Pair, type YAMLMap } from 'yaml';
import type { AuditCheck } from '../result.ts';
import type { RuleSettings } from '../workload/rule.ts';
import { applyEdits, type Edit, type ListChange, YamlEditor } from './edits.ts';
import { type Remedy, remedies } from './remedies.ts';
import { auditCompose } from './run.ts';
import { type ComposeSource, parseCompose } from './source.ts';
import { at, keysOf } from './values.ts';

/** A compose file with all that can be mended without knowing the service. */
export interface ComposePatch {
  readonly text: string;
  /** Findings that are not there any more. */
  readonly mended: readonly AuditCheck[];
  /** Findings that are left to a person: each needs to know what the service does. */
  readonly left: readonly AuditCheck[];
}

type ListRemedy = Remedy & { readonly kind: 'list' };

/** Mends what can be mended in the services that the file itself holds, and judges the outcome anew; comments, order and form stay. */
export async function patchCompose(source: ComposeSource, settings: RuleSettings): Promise<ComposePatch> {
  const before = await findings(source, settings);
  const editor = new YamlEditor(source.text);
  // What several documents say is said in more than one place.
  const services = source.roots.length > 1 ? undefined : pairOf(source.document.contents, 'services')?.value;
  const edits = (isMap(services) ? services.items : []).flatMap((pair) => {
    const name = isScalar(pair.key) ? String(pair.key.value) : '';
    const own = before.filter(({ subject }) => subject === name);
    // What is merged in (`<<`) is said elsewhere.
    const merged = keysOf(at(source.roots[0], 'services', name)).filter((key) => !pairOf(pair.value, key));
    return isMap(pair.value) ? serviceEdits(editor, pair.value, own.flatMap(remedies), merged, source) : [];
  });
  const text = applyEdits(source.text, edits);
  const left = await findings(parseCompose(text, source.file), settings);
  const still = new Set(left.map(named));
  return { text, mended: before.filter((check) => !still.has(named(check))), left };
}

async function findings(source: ComposeSource, settings: RuleSettings): Promise<readonly AuditCheck[]> {
  const result = await auditCompose(source, settings);
  return result.status === 'done' ? result.results.filter((check) => check.result === 'WARN') : [];
}

function named({ id, subject, details }: AuditCheck): string {
  return JSON.stringify([id, subject, details]);
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
  for (const remedy of wanted) {
    const { key } = remedy;
    if (remedy.kind === 'list') {
      lists.set(key, [...(lists.get(key) ?? []), remedy]);
      continue;
    }
    // Two findings may ask for the same key: the first one has it.
    if (done.has(key)) continue;
    done.add(key);
    const pair = pairOf(service, key);
    if (remedy.kind === 'remove') edits.push(pair && editor.removeKey(service, pair));
    else if (pair) edits.push(editor.replaceScalar(pair.value, remedy.value.replace(/\s+#.*$/, '')));
    else lines.set(key, `${key}: ${remedy.value}`);
  }
  for (const [key, remedies] of lists) {
    const pair = pairOf(service, key);
    if (pair) edits.push(...listEdits(editor, service, pair, remedies, source));
    else if (!merged.includes(key)) {
      const items = remedies.flatMap(({ add }) => add ?? []);
      if (items.length > 0) lines.set(key, `${key}: [${items.join(', ')}]`);
    }
  }
  edits.push(editor.addKeys(service, [...lines.values()]));
  return edits.filter((edit) => edit !== undefined);
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
