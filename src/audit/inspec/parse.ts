import { z } from 'zod';
import { plainText } from '../../text/clean.ts';
import type { AuditCheck, Severity } from '../result.ts';
import { benchIdOf, unreachable } from './bench-ids.ts';

/** What an InSpec report says, in the words of every audit, and its own counts. */
export interface InspecReport {
  readonly version: string;
  /** `name version` of each profile. */
  readonly profiles: readonly string[];
  readonly results: readonly AuditCheck[];
  readonly counts: InspecCounts;
}

/** InSpec's own counting: what it calls failed holds failures by exception, which are no findings. */
export interface InspecCounts {
  /** Controls by the statuses of their results; mixed: some passed, some skipped; empty: it has no result at all. */
  readonly controls: Readonly<Record<'passed' | 'failed' | 'skipped' | 'mixed' | 'empty', number>>;
  readonly results: Readonly<Record<'passed' | 'failed' | 'skipped' | 'exceptions', number>>;
}

const Result = z.looseObject({
  status: z.enum(['passed', 'failed', 'skipped']),
  code_desc: z.string().catch(''),
  message: z.string().optional().catch(undefined),
  skip_message: z.string().optional().catch(undefined),
  exception: z.string().optional().catch(undefined),
});
type Result = z.infer<typeof Result>;

const Control = z.looseObject({
  id: z.string(),
  title: z.string().nullish().catch(null),
  desc: z.string().nullish().catch(null),
  impact: z.number().nullish().catch(null),
  tags: z.record(z.string(), z.unknown()).nullish().catch(null),
  source_location: z.looseObject({ ref: z.string().optional(), line: z.number().optional() }).nullish().catch(null),
  waiver_data: z.record(z.string(), z.unknown()).nullish().catch(null),
  results: z.array(Result).nullish(),
});
type Control = z.infer<typeof Control>;

const Report = z.looseObject({
  version: z.string().catch('unknown'),
  profiles: z.array(
    z.looseObject({
      name: z.string(),
      version: z.string().nullish().catch(null),
      controls: z.array(z.unknown()).catch([]),
    }),
  ),
});

/** The profile whose numbers are known here. */
const CIS_DOCKER = 'cis-docker-benchmark';

/** Reads a report of `inspec exec --reporter json`; undefined when it is none. A control that cannot be read is not checked, never left out. */
export function parseInspec(text: string): InspecReport | undefined {
  // Printed on stdout, a warning of InSpec's own may stand before it.
  const json = parseJson(text) ?? parseJson(text.slice(Math.max(text.indexOf('\n{') + 1, 0)));
  const report = Report.safeParse(json);
  if (!report.success) return undefined;
  const controls = { passed: 0, failed: 0, skipped: 0, mixed: 0, empty: 0 };
  const results = { passed: 0, failed: 0, skipped: 0, exceptions: 0 };
  const checks = report.data.profiles.flatMap(({ name, controls: list }) =>
    list.map((value) => {
      const parsed = Control.safeParse(value);
      if (!parsed.success) return unreadable(value, name);
      const control = parsed.data;
      for (const { status, exception } of control.results ?? []) {
        results[status] += 1;
        if (status === 'failed' && exception !== undefined) results.exceptions += 1;
      }
      controls[statusOf(control)] += 1;
      return toCheck(control, name);
    }),
  );
  return {
    version: plainText(report.data.version),
    profiles: report.data.profiles.map(({ name, version }) => plainText(`${name} ${version ?? ''}`)),
    results: checks,
    counts: { controls, results },
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function statusOf({ results }: Control): keyof InspecCounts['controls'] {
  const statuses = new Set((results ?? []).map(({ status }) => status));
  if (statuses.size === 0) return 'empty';
  if (statuses.has('failed')) return 'failed';
  if (statuses.size > 1) return 'mixed';
  return statuses.has('passed') ? 'passed' : 'skipped';
}

function toCheck(control: Control, profile: string): AuditCheck {
  const cis = cisId(control);
  const related = cis === undefined ? undefined : benchIdOf(cis);
  const { result, details, items } = judge(control, profile, cis);
  return {
    id: plainText(control.id),
    title: plainText(control.title ?? control.desc ?? ''),
    result,
    severity: severityOf(control.impact ?? 0.5),
    section: plainText(profile),
    ...(details ? { details } : {}),
    ...(items && items.length > 0 ? { items } : {}),
    ...(related ? { related: [related] } : {}),
  };
}

interface Judgement {
  readonly result: AuditCheck['result'];
  readonly details?: string;
  readonly items?: readonly string[];
}

function judge(control: Control, profile: string, cis: string | undefined): Judgement {
  const results = control.results ?? [];
  const waived = waiver(control);
  if (waived !== undefined) return { result: 'INFO', details: waived };
  const failures = results.filter(({ status, exception }) => status === 'failed' && exception === undefined);
  if (failures.length > 0) {
    const why = profile === CIS_DOCKER && cis !== undefined ? unreachable(cis) : undefined;
    if (why !== undefined) return { result: 'NOTE', details: `no current Docker can pass it: ${why}` };
    return { result: 'WARN', details: say(failures[0]!), items: failures.map(say).slice(1, 20) };
  }
  const exception = results.find((each) => each.exception !== undefined);
  if (exception) return { result: 'SKIP', details: `not checked: ${say(exception)}` };
  if (results.length === 0) return { result: 'SKIP', details: 'not checked: the control has no result' };
  const skipped = results.find(({ status }) => status === 'skipped');
  if (skipped) return { result: 'SKIP', details: `not checked: ${plainText(skipped.skip_message ?? 'skipped')}` };
  return { result: 'PASS' };
}

/** A waived control still says failed: who waived it has given the reason. */
function waiver({ waiver_data: data }: Control): string | undefined {
  if (!data || Object.keys(data).length === 0) return undefined;
  // A waiver whose day has passed is no waiver: InSpec says so in its message.
  if (typeof data.message === 'string' && /expired/i.test(data.message)) return undefined;
  const reason = typeof data.justification === 'string' ? data.justification : 'no justification given';
  return plainText(`waived: ${reason}`);
}

function say({ message, code_desc }: Result): string {
  const text = (message ?? code_desc).trim();
  // What InSpec describes an object as can be the whole of it.
  const subject = code_desc.startsWith('#<') ? '' : code_desc.split('\n')[0]!.slice(0, 200);
  return plainText(message === undefined || subject === '' || text.startsWith(subject) ? text : `${subject}: ${text}`)
    .replaceAll(/\s*\n\s*/g, ' ')
    .slice(0, 600);
}

function cisId({ tags }: Control): string | undefined {
  const tag = tags?.['cis-docker-1.13.0'];
  return typeof tag === 'string' ? tag : undefined;
}

/** InSpec's own names for ranges of impact. */
function severityOf(impact: number): Severity {
  if (impact >= 0.7) return 'high';
  if (impact >= 0.4) return 'medium';
  return impact > 0 ? 'low' : 'info';
}

function unreadable(value: unknown, profile: string): AuditCheck {
  const id = (value as { id?: unknown } | null)?.id;
  return {
    id: typeof id === 'string' ? plainText(id) : 'unreadable',
    title: 'a control that cannot be read',
    result: 'SKIP',
    severity: 'info',
    section: plainText(profile),
    details: 'not checked: what InSpec wrote of it cannot be read',
  };
}
