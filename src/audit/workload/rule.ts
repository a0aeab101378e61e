import { quote } from '../../remote/sh.ts';
import { clip } from '../../text/clean.ts';
import type { AuditCheck, Fix, Severity } from '../result.ts';
import { FIELDS, type Field, isUndecided, type Maybe, type Undecided, type Workload } from './workload.ts';

/** What one rule says of one workload. */
export interface Verdict {
  readonly result: AuditCheck['result'];
  /** What is so, with the values. */
  readonly details?: string | undefined;
  /** Each thing that it is so of. */
  readonly items?: readonly string[] | undefined;
  /** Where it differs from the rule's own. */
  readonly severity?: Severity | undefined;
  readonly field?: Field | undefined;
  readonly at?: string | undefined;
  /** In the place of the rule's own; null: nothing about the container mends it. */
  readonly fix?: FixText | null | undefined;
}

/** A fix as a flag of `docker run` and as a line of a compose file's service. */
export interface FixText {
  readonly run: string;
  readonly compose: string;
}

/** What the operator demands beyond what holds for everyone. */
export interface RuleSettings {
  /** `docker.io/library`, `registry.example.com`; undefined: any. */
  readonly allowedRegistries?: readonly string[] | undefined;
  readonly requireDigest?: boolean | undefined;
  readonly maxAgeDays: number;
  readonly now: Date;
  /** What the variables of a compose file stand for, before `.env`. */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
}

/** One question that is asked of every workload. */
export interface Rule {
  readonly id: string;
  /** What should be done, as an order. */
  readonly title: string;
  readonly section: Section;
  readonly severity: Severity;
  readonly field: Field;
  /** Checks of docker-bench-security that ask the same. */
  readonly related?: readonly string[];
  /** What it means and what to do. */
  readonly remediation: string;
  readonly fix?: FixText;
  /** Undefined: the question makes no sense of this workload. */
  judge(workload: Workload, settings: RuleSettings): Verdict | readonly Verdict[] | undefined;
}

export type Section = 'Privileges' | 'Files' | 'Network' | 'Limits' | 'Namespaces' | 'Image' | 'Operation';

export const PASS: Verdict = { result: 'PASS' };

export function warn(details: string, more: Omit<Verdict, 'result' | 'details'> = {}): Verdict {
  return { result: 'WARN', details, ...more };
}

/** Not checked, because something else decides it. */
export function skip(value: Undecided, more: Omit<Verdict, 'result' | 'details'> = {}): Verdict {
  return { result: 'SKIP', details: value.undecided, ...more };
}

/** Asks `test` of a value that is known; one that is not is not checked. */
export function known<T>(value: Maybe<T>, test: (value: T) => Verdict): Verdict {
  return isUndecided(value) ? skip(value) : test(value);
}

/** What a rule says of a workload, as checks of a report; several only where a file says the thing in several places. */
export function judge(rule: Rule, workload: Workload, settings: RuleSettings): readonly AuditCheck[] {
  const verdict = rule.judge(workload, settings);
  if (verdict === undefined) return [];
  const verdicts = 'result' in verdict ? [verdict] : verdict;
  return (verdicts.length > 0 ? verdicts : [PASS]).map((each) => toCheck(rule, workload, each));
}

function toCheck(rule: Rule, workload: Workload, verdict: Verdict): AuditCheck {
  const field = verdict.field ?? rule.field;
  const found = verdict.result === 'WARN' || verdict.result === 'INFO';
  const fix = found && verdict.fix !== null ? fixesOf(verdict.fix ?? rule.fix, workload.kind) : [];
  const at = verdict.at ?? workload.at(field);
  return {
    id: rule.id,
    title: rule.title,
    result: verdict.result,
    severity: verdict.result === 'WARN' ? (verdict.severity ?? rule.severity) : 'info',
    section: rule.section,
    subject: workload.subject,
    field: FIELDS[field][workload.kind === 'container' ? 0 : 1],
    ...(at ? { at } : {}),
    ...(verdict.details ? { details: clip(verdict.details, 2000) } : {}),
    ...(verdict.items && verdict.items.length > 0 ? { items: verdict.items.map((item) => clip(item, 300)) } : {}),
    ...(found ? { remediation: rule.remediation } : {}),
    ...(fix.length > 0 ? { fix } : {}),
    // Whatever is wrong with a container, it is made anew; nothing about a running one is altered.
    ...(verdict.result === 'WARN' && verdict.fix !== null
      ? { effort: 'medium' as const, risk: 'recreate' as const }
      : {}),
    ...(rule.related ? { related: rule.related } : {}),
  };
}

/** Text of strangers as one word of a command line that a person may paste; what no shell can say is left out. */
export function word(text: string): string {
  return quote(text.replaceAll('\0', ''));
}

function fixesOf(fix: FixText | undefined, kind: Workload['kind']): readonly Fix[] {
  // Cut off, it would be another command.
  if (!fix || fix.run.length + fix.compose.length > 8000) return [];
  const run: Fix = { kind: 'docker-run', flag: fix.run };
  const compose: Fix = { kind: 'compose', yaml: fix.compose };
  // The first one is that of the place where it was found.
  return kind === 'service' ? [compose, run] : [run, compose];
}
