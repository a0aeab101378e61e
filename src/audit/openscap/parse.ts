import { plainText } from '../../text/clean.ts';
import type { AuditCheck } from '../result.ts';

/** What oscap said of a profile. */
export interface OpenscapReport {
  /** Of 100; undefined: it did not come to its end. */
  readonly score: number | undefined;
  readonly results: readonly AuditCheck[];
  /** `169 fail, 110 pass`, by oscap's own words. */
  readonly counts: string;
}

/** What oscap calls the outcome of a rule, as a check's result; what is not listed was not checked. */
const RESULTS: Readonly<Record<string, AuditCheck['result']>> = {
  pass: 'PASS',
  fixed: 'PASS',
  fail: 'WARN',
  informational: 'INFO',
};

const SEVERITIES: Readonly<Record<string, AuditCheck['severity']>> = { high: 'high', medium: 'medium', low: 'low' };

/** Reads the answer of the script; undefined where it holds no rule. */
export function parseOpenscap(output: string): OpenscapReport | undefined {
  const severities = new Map(
    [...output.matchAll(/<rule-result ([^>]*)>/g)].map(([, attributes = '']) => [
      attribute(attributes, 'idref'),
      attribute(attributes, 'severity'),
    ]),
  );
  const results: AuditCheck[] = [];
  const counts = new Map<string, number>();
  let title = '';
  let rule = '';
  for (const line of output.split('\n')) {
    const [, word, text = ''] = /^(Title|Rule|Result)\r?\t(.*)$/.exec(line) ?? [];
    if (word === 'Title') title = plainText(text);
    if (word === 'Rule') rule = text.trim();
    if (word !== 'Result' || rule === '') continue;
    const said = text.trim();
    counts.set(said, (counts.get(said) ?? 0) + 1);
    // What does not apply to the host says nothing of it.
    if (said !== 'notapplicable' && said !== 'notselected')
      results.push(check(rule, title, said, severities.get(rule)));
    rule = '';
  }
  if (counts.size === 0) return undefined;
  const score = /<score [^>]*>([0-9.]+)/.exec(output)?.[1];
  return {
    score: score === undefined ? undefined : Math.round(Number(score) * 10) / 10,
    results,
    counts: [...counts].map(([said, count]) => `${count} ${plainText(said)}`).join(', '),
  };
}

function check(rule: string, title: string, said: string, severity: string | undefined): AuditCheck {
  const result = RESULTS[said] ?? 'SKIP';
  return {
    id: plainText(rule.replace(/^xccdf_[\w.-]+?_rule_/, '')),
    title,
    result,
    severity: result === 'WARN' ? (SEVERITIES[severity ?? ''] ?? 'low') : 'info',
    section: 'OpenSCAP',
    ...(result === 'SKIP' ? { details: `oscap says: ${plainText(said)}` } : {}),
  };
}

function attribute(attributes: string, name: string): string {
  return new RegExp(`\\b${name}="([^"]*)"`).exec(attributes)?.[1] ?? '';
}
