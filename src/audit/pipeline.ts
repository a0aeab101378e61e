import type { AuditGate, AuditSettings } from '../engine/resolved-task.ts';
import { UserError } from '../errors.ts';
import type { RootShell } from '../remote/shell.ts';
import { plainText } from '../text/clean.ts';
import { type Accepting, acceptFindings } from './accept.ts';
import type { AuditSources, HostAudit, OperatorWay } from './audit.ts';
import { gateFailures } from './gate.ts';
import { hostAudits } from './index.ts';
import { exchangeRecords, notKept, readRecords } from './record.ts';
import { type AuditDone, type AuditOutcome, type AuditResult, notRun } from './result.ts';

/** What the audits of one host get. */
export interface AuditedHost {
  readonly shell: RootShell;
  readonly sources: AuditSources;
  /** How a program of the operator's machine reaches the host by itself. */
  way(): Promise<OperatorWay>;
}

/** No audit takes longer; in milliseconds. */
const HOUR = 3_600_000;

/** Accepted findings by the file that lists them. */
export type Baselines = ReadonlyMap<string, readonly Accepting[]>;

/**
 * Runs the audits that the settings ask for, in the order of the registry, and judges them: baselines accept, gates fail, and the host's
 * record of the run before is compared and replaced.
 */
export async function runAudits(
  host: AuditedHost,
  settings: AuditSettings,
  baselines: Baselines,
  onStart: (tool: string) => void,
): Promise<readonly AuditResult[]> {
  const wanted = hostAudits.flatMap((audit) => {
    const gate = settings[audit.name];
    return gate ? [{ audit, gate }] : [];
  });
  let results: readonly AuditResult[] = [];
  for (const { audit, gate } of wanted) {
    onStart(audit.tool);
    results = [...results, await runAudit(audit, gate, host)];
  }
  const judged = judgeResults(
    results.map((result, index) => ({ result, gate: wanted[index]?.gate ?? {} })),
    baselines,
    new Date(),
  );
  return compareWithLast(judged, host.shell);
}

/** The results with what their baselines accept, and with the reasons for which they miss their gates. */
export function judgeResults(
  audits: readonly { readonly result: AuditResult; readonly gate: AuditGate }[],
  baselines: Baselines,
  now: Date,
): readonly AuditResult[] {
  let results = audits.map(({ result }) => result);
  for (const [file, entries] of baselines) {
    const judged = results.filter((_, index) => audits[index]?.gate.baseline === file);
    const accepted = acceptFindings(judged, entries, now);
    results = results.map((result) => accepted[judged.indexOf(result)] ?? result);
  }
  return results.map((result, index) =>
    result.status === 'done' ? { ...result, failures: gateFailures(result, audits[index]?.gate ?? {}) } : result,
  );
}

/** One audit with its settings; what keeps it from running is its result. */
export async function runAudit(audit: HostAudit, settings: AuditGate, host: AuditedHost): Promise<AuditResult> {
  return { tool: audit.tool, ...(await outcome(audit, settings, host)) };
}

async function outcome(audit: HostAudit, settings: AuditGate, host: AuditedHost): Promise<AuditOutcome> {
  try {
    const work = await audit.load();
    if (work.kind === 'run') return await work.run(await host.way(), settings);
    const script = await work.script(settings, host.sources);
    const { frames } = work.long
      ? await host.shell.apply([script], { quietMs: HOUR })
      : await host.shell.probe([script]);
    const [frame] = frames;
    if (!frame) return notRun('it was interrupted');
    const said = plainText(frame.stderr.toString('utf8')).trim().split('\n').at(-1) || undefined;
    return work.read({ stdout: frame.stdout.toString('utf8'), said, exitCode: frame.exitCode }, settings);
  } catch (error) {
    // A host that is lost fails as a whole.
    if (!(error instanceof UserError) || host.shell.lost) throw error;
    return notRun(error.paragraph);
  }
}

/** The results with those of the run before, which the host keeps; this run's are kept in their place. */
async function compareWithLast(results: readonly AuditResult[], shell: RootShell): Promise<readonly AuditResult[]> {
  const done = results.filter((result): result is AuditDone => result.status === 'done');
  if (done.length === 0) return results;
  const { frames } = await shell.apply([exchangeRecords(done, new Date())]);
  const [frame] = frames;
  const records = readRecords(frame?.stdout.toString('utf8') ?? '');
  // The audit holds without its record; the next one will miss it.
  const lost = frame?.exitCode === 0 ? undefined : notKept(frame?.stderr.toString('utf8') ?? '');
  return results.map((result) => {
    if (result.status !== 'done') return result;
    const previous = records[done.indexOf(result)];
    const notes = lost && result === done[0] ? { notes: [...(result.notes ?? []), lost] } : {};
    return { ...result, ...(previous ? { previous } : {}), ...notes };
  });
}
