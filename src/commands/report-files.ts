import { access, constants, stat, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { ExitCode, UserError } from '../errors.ts';
import { auditedOf } from '../report/audited.ts';
import type { RunDocument } from '../report/document.ts';
import { visible } from '../text/clean.ts';

/** Files that what the audits found goes into, beside what is printed. */
export interface ReportFileOptions {
  /** HTML. */
  readonly report?: string;
  readonly junit?: string;
  readonly sarif?: string;
}

/** Refuses a file that could not be written, before a run and not after it. */
export async function refuseUnwritable(options: ReportFileOptions): Promise<void> {
  const taken = new Map<string, string>();
  for (const name of ['report', 'junit', 'sarif'] as const) {
    const file = options[name];
    if (file === undefined) continue;
    const other = taken.get(resolve(file));
    if (other !== undefined)
      throw new UserError(`--${other} and --${name} name the same file, ${file}`, {
        hint: 'Name one for each: the second would replace the first',
      });
    taken.set(resolve(file), name);
    const there = await stat(file).catch(() => undefined);
    if (there?.isDirectory()) throw new UserError(`--${name}: ${file} is a directory`, { hint: 'Name a file in it' });
    await access(dirname(file), constants.W_OK).catch(() => {
      throw new UserError(`--${name}: ${file} cannot be written`, {
        hint: `${dirname(file)} is not there, or is not yours to write to`,
      });
    });
  }
}

/** Writes the files that were asked for; also when hosts or audits failed, which they say. */
export async function writeReportFiles(document: RunDocument, options: ReportFileOptions, now: Date): Promise<void> {
  const { report, junit, sarif } = options;
  const audited = auditedOf(document);
  if (report !== undefined) {
    const { htmlReport } = await import('../report/html/page.ts');
    await write('report', report, htmlReport(audited, now));
  }
  if (junit !== undefined) {
    const { junitReport } = await import('../report/junit.ts');
    await write('junit', junit, junitReport(audited, now));
  }
  if (sarif !== undefined) {
    const { sarifReport } = await import('../report/sarif.ts');
    await write('sarif', sarif, `${JSON.stringify(sarifReport(audited, now), null, 2)}\n`);
  }
}

async function write(option: keyof ReportFileOptions, file: string, text: string): Promise<void> {
  try {
    await writeFile(file, visible(text));
  } catch (error) {
    throw new UserError(`--${option}: ${file} cannot be written: ${(error as Error).message}`, {
      exitCode: ExitCode.Failed,
    });
  }
}
