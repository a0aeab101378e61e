import { z } from 'zod';
import type { AuditCheck, Severity } from '../result.ts';

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
  remediation: z.string().optional(),
});
const Section = z.looseObject({ id: z.string(), desc: z.string().optional(), results: z.array(z.unknown()) });

/** Reads the bench's JSON; undefined when there is nothing to be read in it. It escapes no strings and may be cut off: what cannot be parsed whole is read check by check. */
export function parseBench(text: string): BenchReport | undefined {
  const json = parseJson(text);
  const results = json ? fromTests(json.tests) : salvage(text);
  if (results.length === 0) return undefined;
  const number = (key: string) =>
    /"?(-?\d+)/.exec(new RegExp(`"${key}":\\s*(-?\\d+)`).exec(text)?.[0]?.split(':')[1] ?? '')?.[1];
  const score = number('score');
  const checks = number('checks');
  if (score !== undefined && checks !== undefined) return { score: Number(score), checks: Number(checks), results };
  const count = (result: string) => results.filter((check) => check.result === result).length;
  return {
    score: count('PASS') - count('WARN'),
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

function toCheck(value: unknown, section: string | undefined): AuditCheck[] {
  const parsed = Check.safeParse(value);
  if (!parsed.success) return [];
  const { id, desc, result, details, items, remediation } = parsed.data;
  return [
    {
      id,
      title: desc ?? '',
      result,
      severity: SEVERITY[result],
      section: section ?? sectionTitle(id),
      ...(details ? { details } : {}),
      ...(items ? { items } : {}),
      ...(remediation ? { remediation } : {}),
    },
  ];
}

/** The checks that can be made out in a text that is no JSON as a whole. */
function salvage(text: string): AuditCheck[] {
  const checks: AuditCheck[] = [];
  const pattern =
    /"id":\s*"([^"\n]{1,20})",\s*"desc":\s*"([^\n]*?)",\s*"result":\s*"(PASS|WARN|INFO|NOTE)"(?:,\s*"details":\s*"([^\n]*?)"(?=,?\s*\n))?/g;
  for (const [, id = '', title = '', result = '', details] of text.matchAll(pattern)) {
    checks.push({
      id,
      title,
      result: result as AuditCheck['result'],
      severity: SEVERITY[result as AuditCheck['result']],
      section: sectionTitle(id),
      ...(details ? { details } : {}),
    });
  }
  return checks;
}

const SEVERITY: Readonly<Record<AuditCheck['result'], Severity>> = {
  PASS: 'info',
  WARN: 'medium',
  INFO: 'info',
  NOTE: 'info',
  SKIP: 'info',
};

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
