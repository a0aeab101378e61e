import { eachHost } from '../engine/each-host.ts';
import { changedSince, ROLLBACK_OF } from '../engine/journal/changed-since.ts';
import { type ChangedSince, JOURNAL_PROBE, type JournalRun, readJournal } from '../engine/journal/read-journal.ts';
import { keptProbe, readKept } from '../engine/journal/read-kept.ts';
import { rollback as rollBack, stepsToUndo } from '../engine/run/rollback-run.ts';
import { ExitCode, HostError, UserError } from '../errors.ts';
import { inTurn } from '../remote/prompt.ts';
import { terminalPrompt } from '../remote/prompt-terminal.ts';
import type { RootShell } from '../remote/shell.ts';
import type { Io } from '../report/io.ts';
import { historyText, rollbackText, runText } from '../report/journal-text.ts';
import { paintWith } from '../report/paint.ts';
import { plainProgress } from '../report/plain.ts';
import { type ChosenHost, chooseHosts, type HostOptions } from './hosts.ts';
import { newRunIdentity } from './run-identity.ts';

export interface JournalOptions extends HostOptions {
  readonly json?: boolean;
}

export interface RollbackOptions extends JournalOptions {
  readonly yes?: boolean;
  /** Roll back also what was changed again since the run. */
  readonly discardChanges?: boolean;
  readonly guardTimeout: number;
}

/** `harden history`: what was applied to the hosts, newest first. */
export function history(options: JournalOptions, io: Io): Promise<ExitCode> {
  return onEachHost(options, io, async (shell, host) => {
    const runs = [...(await journalOf(shell))].reverse();
    return { json: { host: host.name, runs }, text: historyText(host.name, runs, paintWith(io.colour)) };
  });
}

/** `harden show RUN`: what one run did. */
export function show(runId: string, options: JournalOptions, io: Io): Promise<ExitCode> {
  return onEachHost(options, io, async (shell, host) => {
    const run = chooseRun(await journalOf(shell), runId);
    return { json: { host: host.name, run }, text: runText(host.name, run, paintWith(io.colour)) };
  });
}

/** `harden rollback [RUN]`: shows what would be put back, asks, and puts it back; the last run that still stands when none is named. */
export function rollback(runId: string | undefined, options: RollbackOptions, io: Io): Promise<ExitCode> {
  const progress = plainProgress(io);
  const paint = paintWith(io.colour);
  return onEachHost(options, io, async (shell, host) => {
    const runs = await journalOf(shell);
    const run = chooseRun(runs, runId);
    const steps = stepsToUndo(run);
    const { frames } = await shell.probe([keptProbe(run.id)]);
    const kept = readKept(frames[0]?.stdout.toString('utf8') ?? '');
    const changed = changedSince(run, steps, runs, kept);
    const text = rollbackText(host.name, run, steps, kept, changed, paint);
    if (steps.length === 0) return { json: { host: host.name, run: run.id, undone: [] }, text };
    await inTurn(async () => {
      if (!options.json) io.out(text);
      else if (!options.yes && io.interactive) io.err(text);
      if (changed.length > 0 && options.yes && !options.discardChanges) throw changedError(changed);
      if (!options.yes) await consent('rollback', `Put this back on ${host.name}?`, 'nothing was rolled back', io);
    });
    const identity = newRunIdentity(`${ROLLBACK_OF}${run.id}`, io);
    await rollBack(shell, run, {
      host,
      run: identity,
      guardSeconds: options.guardTimeout,
      listen: progress,
      signal: io.signal,
    });
    const undone = steps.map((step) => step.record?.name ?? step.directory);
    return {
      json: { host: host.name, run: run.id, undone },
      text: `${host.name}: ${undone.length} ${undone.length === 1 ? 'step' : 'steps'} of ${run.id} rolled back, and proved\n`,
    };
  });
}

export interface Answer {
  readonly json: unknown;
  readonly text: string;
}

export async function onEachHost(
  options: JournalOptions,
  io: Io,
  work: (shell: RootShell, host: ChosenHost) => Promise<Answer>,
): Promise<ExitCode> {
  const print = (document: object) => io.out(`${JSON.stringify({ version: 1, ...document }, null, 2)}\n`);
  const hosts = await chooseHosts(options, io).catch((error: unknown) => {
    if (options.json && error instanceof UserError) print({ hosts: [], error: error.paragraph });
    throw error;
  });
  let code: ExitCode = ExitCode.Failed;
  const answers = await eachHost(hosts, options.forks, async (host) => {
    try {
      const shell = await host.connect();
      try {
        return await work(shell, host);
      } finally {
        await shell.close();
      }
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      // A mistake of the command line ends every command alike.
      if (!(error instanceof HostError)) code = error.exitCode;
      io.err(`${host.name}: ${error.paragraph}\n`);
      return { json: { host: host.name, error: error.paragraph }, text: '', failed: true };
    }
  });
  if (options.json) print({ hosts: answers.map(({ json }) => json) });
  else for (const { text } of answers) io.out(text);
  return answers.some((answer) => 'failed' in answer) ? code : ExitCode.Done;
}

async function journalOf(shell: RootShell): Promise<readonly JournalRun[]> {
  const { frames } = await shell.probe([JOURNAL_PROBE]);
  return readJournal(frames[0]?.stdout.toString('utf8') ?? '');
}

/** The named run (a unique beginning is enough), or the newest with steps that stand. */
function chooseRun(runs: readonly JournalRun[], id: string | undefined): JournalRun {
  if (id === undefined) {
    const newest = [...runs].reverse().find((run) => stepsToUndo(run).length > 0);
    if (!newest) throw new HostError('no run on this host has anything left to roll back');
    return newest;
  }
  const found = runs.filter((run) => run.id.startsWith(id));
  if (found.length === 1 && found[0]) return found[0];
  const hint = found.length > 1 ? `It could be ${found.map((run) => run.id).join(', ')}` : 'harden history lists them';
  throw new HostError(`there is no one run ${id} on this host`, { hint });
}

function changedError(changed: readonly ChangedSince[]): HostError {
  const what = [...new Set(changed.map((entry) => entry.what))].join(', ');
  const later = [...new Set(changed.flatMap(({ by }) => (by === undefined ? [] : [by])))];
  const first = later.length === 0 ? '' : `Roll back ${later.join(' and ')} first, or add`;
  return new HostError(`nothing was rolled back: changed since that run, and lost with a rollback of it: ${what}`, {
    hint: `${first || 'Add'} --discard-changes to lose it`,
  });
}

/** Asks before something is changed on a host; throws a UserError where it is declined, or nobody can be asked. */
export async function consent(command: string, question: string, declined: string, io: Io): Promise<void> {
  const prompt = terminalPrompt(io);
  if (!prompt.interactive)
    throw new UserError(`${command} asks before it changes anything, and there is no terminal to ask on`, {
      hint: 'Add --yes',
    });
  if (!(await prompt.confirm(question))) throw new UserError(declined, { exitCode: ExitCode.Failed });
}
