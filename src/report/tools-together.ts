import { type AuditCheck, type AuditResult, isCisTool } from '../audit/result.ts';
import { isDone } from './audited.ts';

/** What a tool says to a question that docker-bench-security asks too. */
export interface ToolSays {
  readonly tool: string;
  readonly result: 'PASS' | 'WARN';
  /** Its own ids. */
  readonly ids: readonly string[];
  /** What it found wrong, where it looks at more than the host as a whole; of containers, those that the bench does not name. */
  readonly subjects: readonly string[];
  /** Containers that the bench names, and it does not. */
  readonly not: readonly string[];
}

/** A check of docker-bench-security to which another tool says the contrary, or the same of other containers. */
export interface Disagreement {
  readonly check: AuditCheck;
  readonly others: readonly ToolSays[];
}

/** How often other tools ask what docker-bench-security asks, and where they come to another answer. */
export interface ToolsTogether {
  readonly both: number;
  readonly differing: readonly Disagreement[];
}

const BENCH = 'docker-bench-security';
const CONTAINERS = 'containers';

/** One host's audits, joined by the ids of docker-bench-security; undefined where there is nothing to join. What was not judged (INFO, NOTE, SKIP) agrees with nothing. */
export function toolsTogether(audits: readonly AuditResult[]): ToolsTogether | undefined {
  const done = audits.filter(isDone);
  const bench = done.find(({ tool }) => tool === BENCH) ?? done.find(({ tool }) => isCisTool(tool));
  const others = done.filter(({ tool }) => !isCisTool(tool));
  const joined = (bench?.results ?? []).filter(isJudged).flatMap((check) => {
    const says = others.flatMap(({ tool, results }) => saysOf(tool, results, check) ?? []);
    return says.length > 0 ? [{ check, others: says }] : [];
  });
  if (joined.length === 0) return undefined;
  const differing = joined.flatMap(({ check, others }) => {
    const contrary = others.filter((says) => differs(says, check));
    return contrary.length > 0 ? [{ check, others: contrary }] : [];
  });
  return { both: joined.length, differing };
}

function differs({ tool, result, subjects, not }: ToolSays, check: AuditCheck): boolean {
  return result !== check.result || (tool === CONTAINERS && subjects.length + not.length > 0);
}

/** One tool's word: something is wrong as soon as it finds it once, and right only if all that it asks about it is. */
function saysOf(tool: string, results: readonly AuditCheck[], { id, items = [] }: AuditCheck): ToolSays | undefined {
  const own = results.filter(({ related }) => related?.includes(id));
  const wrong = own.filter(({ result }) => result === 'WARN');
  if (wrong.length === 0 && (own.length === 0 || !own.every(isJudged))) return undefined;
  const ours = new Set(wrong.flatMap((check) => (check.subject === undefined ? (check.items ?? []) : [check.subject])));
  const theirs = new Set(tool === CONTAINERS ? items.map(containerOf) : []);
  return {
    tool,
    result: wrong.length > 0 ? 'WARN' : 'PASS',
    ids: [...new Set((wrong.length > 0 ? wrong : own).map((check) => check.id))],
    subjects: [...ours].filter((name) => !theirs.has(name)),
    not: [...theirs].filter((name) => !ours.has(name)),
  };
}

/** The bench names a container as `web`, `web:80`, or `ID:web`. */
export function containerOf(item: string): string {
  return item.replace(/^[0-9a-f]{64}:/, '').replace(/:.*$/s, '');
}

function isJudged({ result }: AuditCheck): boolean {
  return result === 'PASS' || result === 'WARN';
}
