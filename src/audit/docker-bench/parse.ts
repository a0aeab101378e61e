import { z } from 'zod';
import { clip } from '../../text/clean.ts';
import type { AuditCheck } from '../result.ts';
import { explained, scoreOf } from './explain.ts';

/** What docker-bench-security's JSON says. */
export interface BenchReport {
  readonly score: number;
  readonly checks: number;
  readonly results: readonly AuditCheck[];
  /** Why the report is not whole; undefined: it is. */
  readonly incomplete?: string;
}

const Check = z.looseObject({
  id: z.string(),
  desc: z.string().optional(),
  result: z.enum(['PASS', 'WARN', 'INFO', 'NOTE']),
  details: z.string().optional(),
  items: z.array(z.string()).optional(),
});
type Check = z.infer<typeof Check>;
const Section = z.looseObject({ id: z.string(), desc: z.string().optional(), results: z.array(z.unknown()) });

/** Reads the bench's JSON; undefined when there is nothing to be read in it. It escapes no strings and may be cut off: what cannot be parsed whole is read check by check. */
export function parseBench(text: string): BenchReport | undefined {
  const json = parseJson(text);
  const results = (json ? fromTests(json.tests) : salvage(text)).map(explained);
  if (results.length === 0) return undefined;
  // At the end alone: a details text could say the same.
  const end = /"checks":\s*(\d+),\s*"score":\s*(-?\d+),\s*"end":\s*\d+\s*\}\s*$/.exec(text.slice(-500));
  if (end) return { score: Number(end[2]), checks: Number(end[1]), results };
  return {
    score: scoreOf(results),
    checks: results.length,
    results,
    incomplete: 'docker-bench-security stopped before its end: the score is counted from the checks that it got to',
  };
}

function parseJson(text: string): { tests?: unknown } | undefined {
  try {
    const json: unknown = JSON.parse(text);
    return json !== null && typeof json === 'object' ? json : undefined;
  } catch {
    return undefined;
  }
}

/** With `-c` the sections vanish, and `tests` holds the checks themselves. */
function fromTests(tests: unknown): AuditCheck[] {
  if (!Array.isArray(tests)) return [];
  return tests.flatMap((entry: unknown) => {
    const section = Section.safeParse(entry);
    if (section.success) {
      const title = `${section.data.id}. ${section.data.desc ?? ''}`.replace(/\. $/, '');
      return section.data.results.flatMap((result) => toCheck(result, title));
    }
    return toCheck(entry, undefined);
  });
}

function toCheck(value: unknown, section?: string): AuditCheck[] {
  const parsed = Check.safeParse(value);
  if (!parsed.success) return [];
  const { id, desc, result, details, items } = parsed.data;
  return [
    {
      id,
      // "1.1.12" stands twice in its own title.
      title: clip(desc?.startsWith(`${id} `) ? desc.slice(id.length + 1) : (desc ?? ''), 500),
      result,
      severity: 'medium',
      section: section ?? sectionTitle(id),
      ...(details ? { details: clip(details, 2000) } : {}),
      ...(items && items.length > 0 ? { items: items.map((item) => clip(item, 300)) } : {}),
    },
  ];
}

/** The checks that can be made out in a text that is no JSON as a whole. */
function salvage(text: string): AuditCheck[] {
  return text.split(/\{\s*(?="id":)/).flatMap((piece) => {
    const head = /^"id":\s*"([^"\n]{1,20})",\s*"desc":\s*"([^\n]*)",\s*"result":\s*"(PASS|WARN|INFO|NOTE)"/.exec(piece);
    if (!head) return [];
    const rest = piece.slice(head[0].length);
    const details = between(rest, /^,\s*"details":\s*"/, /",?\s*\n\s*["}]/);
    const items = between(rest, /"items":\s*\[\s*\n\s*"/, /"\s*\n\s*\]/)?.split('","');
    return toCheck({ id: head[1], desc: head[2], result: head[3] as Check['result'], details, items });
  });
}

/** The text after the first match of `start`, up to the next one of `end`, or to the end of all. */
function between(text: string, start: RegExp, end: RegExp): string | undefined {
  const from = start.exec(text);
  if (!from) return undefined;
  const rest = text.slice(from.index + from[0].length);
  const to = rest.search(end);
  return to === -1 ? rest : rest.slice(0, to);
}

const SECTIONS: Record<string, string> = {
  1: 'Host Configuration',
  2: 'Docker daemon configuration',
  3: 'Docker daemon configuration files',
  4: 'Container Images and Build File',
  5: 'Container Runtime',
  6: 'Docker Security Operations',
  7: 'Docker Swarm Configuration',
};

function sectionTitle(id: string): string {
  const number = id.split('.')[0] ?? '';
  return SECTIONS[number] ? `${number}. ${SECTIONS[number]}` : number;
}
