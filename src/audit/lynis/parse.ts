import { plainText } from '../../text/clean.ts';
import type { AuditCheck } from '../result.ts';

/** What Lynis's report says. */
export interface LynisReport {
  readonly version: string;
  /** `hardening_index`, 0 to 100; undefined where the run stopped before it. */
  readonly score: number | undefined;
  readonly results: readonly AuditCheck[];
}

/** Reads a report.dat: `key=value` and `key[]=a|b|c` lines; undefined when it is none. Warnings warn, suggestions inform, what ran without either has passed. */
export function parseLynis(text: string): LynisReport | undefined {
  const lines = text.split('\n').map((line) => line.trimEnd());
  const all = (key: string) =>
    lines.flatMap((line) => (line.startsWith(`${key}=`) ? [line.slice(key.length + 1)] : []));
  const version = all('lynis_version').at(-1);
  if (version === undefined) return undefined;
  const ids = (key: string) => all(key).flatMap((value) => value.split('|').filter(isId));
  const spoken = [
    ...said(all('warning[]'), 'WARN'),
    ...said(all('suggestion[]'), 'INFO').filter(({ id }) => id !== 'LYNIS'),
  ];
  const found = new Map<string, AuditCheck>();
  for (const check of spoken) {
    const first = found.get(check.id);
    found.set(check.id, first ? { ...first, items: [...(first.items ?? []), ...lineOf(check)] } : check);
  }
  const quiet = (id: string, result: 'PASS' | 'SKIP'): AuditCheck[] =>
    found.has(id) ? [] : [{ id, title: `Lynis test ${id}`, result, severity: 'info', section: sectionOf(id) }];
  const score = all('hardening_index').at(-1);
  return {
    version: plainText(version),
    score: score !== undefined && /^\d+$/.test(score) ? Number(score) : undefined,
    results: [
      ...found.values(),
      ...ids('tests_executed').flatMap((id) => quiet(id, 'PASS')),
      ...ids('tests_skipped').flatMap((id) => quiet(id, 'SKIP')),
    ],
  };
}

function isId(text: string): boolean {
  return /^[A-Z][A-Z0-9]*-\d+$/.test(text);
}

/** `ID|text|details|solution|`, where `-` stands for nothing. */
function said(values: readonly string[], result: 'WARN' | 'INFO'): AuditCheck[] {
  return values.flatMap((value) => {
    const [id = '', ...rest] = value.split('|').map(plainText);
    if (id === '') return [];
    const [title = '', details, solution] = rest.map((part) => (part === '-' ? '' : part));
    return [
      {
        id,
        title,
        result,
        severity: result === 'WARN' ? ('high' as const) : ('low' as const),
        section: sectionOf(id),
        ...(details ? { details } : {}),
        ...(solution ? { remediation: solution.replace(/^text:/, '') } : {}),
      },
    ];
  });
}

function lineOf({ title, details }: AuditCheck): readonly string[] {
  return [details ?? title];
}

function sectionOf(id: string): string {
  return id.split('-')[0] ?? id;
}
