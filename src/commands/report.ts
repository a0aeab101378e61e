import type { Listener } from '../engine/events.ts';
import type { HostPlan } from '../engine/plan.ts';
import { type ExitCode, UserError } from '../errors.ts';
import { auditText } from '../report/audit-text.ts';
import { DocumentRecorder, type Summary } from '../report/document.ts';
import type { Io } from '../report/io.ts';
import { liveProgress } from '../report/live.ts';
import { paintWith, screenPaint } from '../report/paint.ts';
import { noteWork, plainProgress } from '../report/plain.ts';
import { planText } from '../report/plan-text.ts';
import { stillThere } from '../report/still.ts';
import { suggestionText } from '../report/suggestion-text.ts';
import { summaryText } from '../report/summary-text.ts';
import { togetherText } from '../report/together-text.ts';
import { oneLine } from '../text/clean.ts';
import { type ReportFileOptions, refuseUnwritable, writeReportFiles } from './report-files.ts';

export interface OutputOptions extends ReportFileOptions {
  readonly json?: boolean;
  readonly verbose?: boolean;
  /** Names of tasks in place of diffs. */
  readonly concise?: boolean;
}

/** What a command says, in the form that was asked for. */
export interface Report {
  readonly listen: Listener;
  /** Shows plans on stdout; with JSON on stderr where somebody is asked about them, else not. */
  plans(plans: readonly HostPlan[], asks?: boolean): void;
  /** Says how it ended: the summary, or the JSON document. */
  finish(): Promise<void>;
  summary(): Summary;
  /** Runs a command's body; with `--json` the document is printed also when it throws. */
  guard(body: () => Promise<ExitCode>): Promise<ExitCode>;
}

export function openReport(command: string, playbook: string | null, options: OutputOptions, io: Io): Report {
  const recorder = new DocumentRecorder(command, playbook, io.masker);
  const paint = paintWith(io.colour);
  const live = io.live ? liveProgress(io.live, io.err, screenPaint(io.colour)) : undefined;
  const plain = plainProgress(io);
  const still = live ? undefined : stillThere((host, line) => io.err(`${host}: ${oneLine(line)}\n`));
  const settle = () => {
    live?.settle();
    still?.end();
  };
  const audits: string[] = [];
  const print = (error?: string) => io.out(`${JSON.stringify(recorder.document(error), null, 2)}\n`);
  return {
    listen: (event) => {
      recorder.listen(event);
      noteWork(event, io);
      (live?.listen ?? plain)(event);
      still?.listen(event);
      if (event.kind === 'audited') audits.push(auditText(event.host, event.audit, paint));
      if (event.kind === 'suggested') audits.push(suggestionText(event.host, event.suggestion, paint));
    },
    plans: (plans, asks = false) => {
      if (options.json && !asks) return;
      live?.hide();
      const show = options.json ? io.err : io.out;
      for (const plan of plans) show(planText(plan, paint, options.verbose ?? false, options.concise));
    },
    finish: async () => {
      settle();
      const document = recorder.document();
      if (!options.json) {
        for (const text of audits) io.out(io.masker.text(text));
        for (const { host, audits = [] } of document.hosts) io.out(io.masker.text(togetherText(host, audits, paint)));
      }
      await writeReportFiles(document, options, new Date());
      if (options.json) print();
      else io.err(summaryText(document, paint));
    },
    summary: () => recorder.summary(),
    guard: async (body) => {
      try {
        await refuseUnwritable(options);
        return await body();
      } catch (error) {
        settle();
        if (!options.json || !(error instanceof UserError)) throw error;
        print(error.paragraph);
        io.err(`harden: ${error.paragraph}\n`);
        return error.exitCode;
      }
    },
  };
}
