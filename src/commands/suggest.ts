import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AuditDone, type AuditResult, type AuditSuggestion, isCisTool } from '../audit/result.ts';
import { playbookText } from '../audit/suggest/playbook-text.ts';
import { predict } from '../audit/suggest/predict.ts';
import { type SuggestedTask, type Suggestion, suggest } from '../audit/suggest/suggest.ts';
import { readSurvey, type Survey, surveyScript } from '../audit/suggest/survey.ts';
import type { PlannedTask } from '../engine/plan.ts';
import { HostSession } from '../engine/session.ts';
import { ExitCode, HostError, UserError } from '../errors.ts';
import { loadPlaybook } from '../playbook/load.ts';
import { resolvePlaybook } from '../playbook/resolve.ts';
import { registry } from '../registry.ts';
import type { RootShell } from '../remote/shell.ts';
import type { Io } from '../report/io.ts';

export interface SuggestOptions {
  readonly file: string;
  /** Whether a file of that name may be replaced. */
  readonly overwrite: boolean;
  readonly trustedUsers: readonly string[];
}

/** Writes the playbook that would mend what the audit found on this host, as far as a plan of it there does not refuse. */
export async function writeSuggestion(
  host: string,
  shell: RootShell,
  audits: readonly AuditResult[],
  options: SuggestOptions,
  io: Io,
): Promise<AuditSuggestion> {
  const bench =
    audits.find((audit) => isCisTool(audit.tool) && audit.status === 'done') ??
    audits.find(({ tool }) => isCisTool(tool));
  if (bench?.status !== 'done' || bench.incomplete !== undefined)
    throw new HostError('there is nothing to suggest from: cis_docker did not run to its end', {
      hint: bench?.status === 'not-run' ? bench.reason : undefined,
    });
  const { frames } = await shell.probe([surveyScript()]);
  const survey = readSurvey(frames[0]?.stdout.toString('utf8') ?? '');
  const context: Context = { host, shell, bench, survey, options, io };
  const { tasks, left } = await plannable(suggest(bench, survey), context);
  const prediction = predict(bench, tasks, survey);
  await write(options, text({ tasks, left }, context));
  return {
    file: options.file,
    score: bench.score ?? 0,
    predicted: prediction.score,
    tasks: tasks.filter(({ optIn }) => !optIn).length,
    changes: prediction.changes,
    left,
  };
}

interface Context {
  readonly host: string;
  readonly shell: RootShell;
  readonly bench: AuditDone;
  readonly survey: Survey;
  readonly options: SuggestOptions;
  readonly io: Io;
}

function text({ tasks, left }: Suggestion, { host, bench, survey, options }: Context): string {
  return playbookText({
    host,
    day: new Date().toISOString().slice(0, 10),
    score: bench.score ?? 0,
    tasks,
    left,
    prediction: predict(bench, tasks, survey),
    trustedUsers: options.trustedUsers,
    dockerGroup: survey.dockerGroup,
  });
}

/** The suggestion without what a plan on the host refuses, or has nothing to change for; a task of several parts loses only the parts at fault. */
async function plannable(suggestion: Suggestion, context: Context): Promise<Suggestion> {
  let { tasks, left } = suggestion;
  const faults = await faultsOf(tasks, context);
  for (const [task, why] of faults) {
    const parts = task.parts.length > 1 ? task.parts.map((part) => ({ ...task, parts: [part] })) : [task];
    const bad = new Map<string, string>();
    for (const single of parts) {
      const rest = tasks.filter((each) => each.serves === task.name);
      const found = parts.length > 1 ? (await faultsOf([...rest, single], context)).get(single) : why;
      if (found !== undefined) for (const { id } of single.parts) bad.set(id, found);
    }
    // Each part alone is fine and all together are not: none of them can be promised.
    if (bad.size === 0) for (const { id } of task.parts) bad.set(id, why);
    const kept = task.parts.filter(({ id }) => !bad.has(id));
    tasks = tasks.flatMap((each) => {
      if (each === task) return kept.length > 0 ? [{ ...task, parts: kept }] : [];
      return each.serves === task.name && kept.length === 0 ? [] : [each];
    });
    left = [...left, ...[...bad].map(([id, reason]) => ({ id, why: `not here: ${reason}` }))];
  }
  return { tasks, left };
}

/** Why a plan on the host does not do what a task is for, for each such task. */
async function faultsOf(tasks: readonly SuggestedTask[], context: Context): Promise<Map<SuggestedTask, string>> {
  const active = tasks.filter(({ optIn }) => !optIn);
  const planned = active.length > 0 ? await planOf(active, context) : [];
  return new Map(
    active.flatMap((task, index) => {
      const entry = planned[index];
      const refused = entry?.findings.find(({ level }) => level === 'refuse');
      if (refused) return [[task, refused.message] as const];
      // A package that is there already is no fault of the task that needs it.
      const idle = entry?.action === 'none' && task.parts.length > 0;
      return idle ? [[task, 'it is set already, and docker-bench-security does not see it'] as const] : [];
    }),
  );
}

async function planOf(tasks: readonly SuggestedTask[], context: Context): Promise<readonly PlannedTask[]> {
  const { host, shell, io } = context;
  const folder = await mkdtemp(join(tmpdir(), 'harden-suggest-'));
  try {
    const file = join(folder, 'suggestion.yml');
    await writeFile(file, text({ tasks, left: [] }, context));
    const playbook = await loadPlaybook(file, registry);
    const session = await HostSession.open(
      {
        name: host,
        connect: async () => shell,
        resolve: (facts) => resolvePlaybook(playbook, { facts, vars: {}, env: io.env, home: io.home }),
      },
      () => {},
    );
    return (await session.plan()).tasks;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function write({ file, overwrite }: SuggestOptions, content: string): Promise<void> {
  try {
    await writeFile(file, content, { flag: overwrite ? 'w' : 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw taken(file);
    throw new UserError(`${file} cannot be written: ${(error as Error).message}`, { exitCode: ExitCode.Failed });
  }
}

/** The file is somebody's: `--overwrite` asks for it. */
export function taken(file: string): UserError {
  return new UserError(`${file} is there already, and --suggest overwrites nothing`, {
    hint: 'Name another file, or add --overwrite',
  });
}
