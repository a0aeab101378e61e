import { chmod, chown, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { createTwoFilesPatch, FILE_HEADERS_ONLY } from 'diff';
import { readCompose } from '../audit/compose/source.ts';
import { fileAudits } from '../audit/index.ts';
import { judgeResults } from '../audit/pipeline.ts';
import type { AuditResult } from '../audit/result.ts';
import type { RuleSettings } from '../audit/workload/rule.ts';
import { ruleSettings } from '../audit/workload/settings.ts';
import type { AuditGate, WorkloadSettings } from '../engine/resolved-task.ts';
import { UserError } from '../errors.ts';
import type { Io } from '../report/io.ts';
import { oneLine } from '../text/clean.ts';
import { readGates } from './audit-gates.ts';
import type { Report } from './report.ts';

/** Files that are audited before anything of them is deployed; no host is needed. */
export interface AuditFilesOptions {
  readonly compose?: readonly string[];
  readonly dockerfile?: readonly string[];
  readonly patch?: boolean;
  /** Not the safe grade of patches alone. */
  readonly rest?: boolean;
  readonly write?: boolean;
}

/** A file, and what was found in it. */
export interface AuditedFile {
  readonly file: string;
  readonly audit: AuditResult;
}

/** Reads and judges the files that the options name. Throws a UserError with `file:line:column` for one that cannot be parsed. */
export async function auditFiles(
  options: AuditFilesOptions,
  gate: AuditGate,
  settings: WorkloadSettings,
  env: Io['env'],
): Promise<readonly AuditedFile[]> {
  const now = new Date();
  const found: AuditedFile[] = [];
  for (const audit of fileAudits) {
    const files = options[audit.name as 'compose' | 'dockerfile'] ?? [];
    if (files.length === 0) continue;
    const work = await audit.load();
    for (const file of files)
      found.push({ file, audit: { tool: audit.tool, ...(await work.judge(file, settings, now, env)) } });
  }
  const judged = judgeResults(
    found.map(({ audit: result }) => ({ result, gate })),
    await readGates({ files: gate }),
    now,
  );
  return found.map(({ file, audit }, index) => ({ file, audit: judged[index] ?? audit }));
}

/** Tells the files as things that were audited, beside the hosts. */
export function reportFiles(files: readonly AuditedFile[], report: Report): void {
  for (const { file, audit } of files) {
    report.listen({ kind: 'audited', host: file, audit });
    report.listen({ kind: 'host-ended', host: file, status: 'ok' });
  }
}

/** Prints what would mend the compose files as a unified diff, and writes it where that was asked for. */
export async function patchFiles(options: AuditFilesOptions, settings: WorkloadSettings, io: Io): Promise<void> {
  const rules = ruleSettings(settings, new Date(), io.env);
  for (const file of options.compose ?? []) await patchFile(file, rules, options, io);
}

async function patchFile(
  file: string,
  rules: RuleSettings,
  { write = false, rest = false }: AuditFilesOptions,
  io: Io,
): Promise<void> {
  const { patchCompose } = await import('../audit/compose/patch.ts');
  const source = await readCompose(file);
  const { text, mended, left } = await patchCompose(source, rules, rest);
  const path = file.replace(/^\/+/, '');
  if (text !== source.text)
    io.out(
      createTwoFilesPatch(`a/${path}`, `b/${path}`, source.text, text, undefined, undefined, {
        context: 3,
        headerOptions: FILE_HEADERS_ONLY,
      }),
    );
  if (write && text !== source.text) await replace(file, text);
  io.err(
    `${file}: ${mended.length} of ${mended.length + left.length} findings are mended${write ? '' : ' by this patch'}\n`,
  );
  for (const { at, id, subject, details, needs } of left) {
    const more =
      needs === undefined ? '' : ` (--rest mends it, if ${needs})`.replace('if measure', 'and then: measure');
    io.err(`${at ?? file}: left to you: ${oneLine(`${id} [${subject}] ${details ?? ''}`)}${more}\n`);
  }
}

/** All of it, or nothing: a deployment may read the file at any time. A link stays one, and owner and mode stay as they are. */
async function replace(file: string, text: string): Promise<void> {
  const path = await realpath(file);
  const { mode, uid, gid } = await stat(path);
  const beside = `${path}.harden-${process.pid}`;
  try {
    await writeFile(beside, text, { mode, flag: 'wx' });
    // Only root gives a file away; whoever else may write here owns the new one.
    if (process.getuid?.() === 0) await chown(beside, uid, gid);
    // The umask took its part.
    await chmod(beside, mode);
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true });
    throw new UserError(`${file} cannot be written: ${(error as Error).message}`);
  }
}
