import { HostError, UserError } from '../../errors.ts';
import { raw, type Script, sh } from '../../remote/sh.ts';
import type { Frame, RootShell } from '../../remote/shell.ts';
import type { WayIn } from '../access-effect.ts';
import type { Listener, StepError } from '../events.ts';
import { armScript, disarmScript, fireScript } from '../guard-script.ts';
import { RUNS } from '../host-layout.ts';
import { beginRunScript, END_RUN, type RunIdentity } from './journal-script.ts';
import { type JournalRun, type JournalStep, stands } from './read-journal.ts';
import { type KeptPath, keptProbe, readKept } from './read-kept.ts';

export interface RollbackOptions {
  readonly host: string;
  readonly run: RunIdentity;
  readonly guardSeconds: number;
  readonly listen: Listener;
  readonly signal?: AbortSignal | undefined;
  connect(way?: WayIn): Promise<RootShell>;
}

/** The steps that a rollback of `run` undoes: the last one first. */
export function stepsToUndo(run: JournalRun): readonly JournalStep[] {
  return run.steps.filter(stands).reverse();
}

/** Puts back what a run replaced, as a run of its own: journaled, guarded where it touches access, and proved. Throws a HostError with the reason when it failed. */
export async function rollback(shell: RootShell, target: JournalRun, options: RollbackOptions): Promise<void> {
  const steps = stepsToUndo(target);
  const way = wayBack(target, shell);
  await begin(shell, options);
  const guarded = steps.some(({ record }) => record?.access ?? true);
  if (guarded) await expectDone(shell, armScript(options.run.id, options.guardSeconds), 'the guard could not be armed');
  let now = shell;
  let damaged: readonly string[];
  const stop = () => now.stop();
  options.signal?.addEventListener('abort', stop, { once: true });
  try {
    const leaving = steps.findIndex(({ record }) => removes(record, shell.facts.login));
    if (leaving === -1 || way.user === undefined) {
      await undoSteps(now, target, steps, 0, options);
    } else {
      // This login's own account goes: the rest is done by the login that the run had.
      await undoSteps(now, target, steps.slice(0, leaving), 0, options);
      now = await options.connect(way);
      await shell.close();
      await begin(now, options);
      await undoSteps(now, target, steps.slice(leaving), leaving, options);
    }
    damaged = await proveKept(now, target.id, steps);
    if (guarded) await proveLogin(options, way);
    await now.apply([{ inShell: END_RUN }]);
  } catch (error) {
    if (!(error instanceof UserError) || !guarded) throw error;
    throw await undone(now, error, options);
  } finally {
    options.signal?.removeEventListener('abort', stop);
    if (now !== shell) await now.close();
  }
  if (damaged.length > 0)
    throw new HostError(`rolled back but for what was damaged in the journal: step ${damaged.join(', ')}`, {
      hint: `harden show ${target.id} tells what these steps did`,
    });
}

/** The way in that the run had, where it is not that of now: rolling back opens it again, and may shut this one. */
function wayBack({ identity }: JournalRun, { facts }: RootShell): WayIn {
  const port = identity?.port ?? undefined;
  return {
    user: identity && identity.login !== facts.login ? identity.login : undefined,
    port: facts.ssh && port !== undefined && port !== facts.ssh.port ? port : undefined,
  };
}

/** The step made this account: undoing it removes it. */
function removes(record: JournalStep['record'], login: string): boolean {
  return record?.type === 'user' && record.id === login && record.action === 'create';
}

async function begin(shell: RootShell, { run }: RollbackOptions): Promise<void> {
  const login = {
    login: shell.facts.login,
    client: shell.facts.ssh?.client ?? null,
    port: shell.facts.ssh?.port ?? null,
  };
  await expectDone(shell, { inShell: beginRunScript(run, login) }, 'the rollback could not begin');
}

/** Has the guard put everything back, here or by itself, and says so. */
async function undone(shell: RootShell, reason: UserError, { run, guardSeconds }: RollbackOptions): Promise<HostError> {
  const because = reason.message.replace(/\.+$/, '');
  try {
    const { frames } = await shell.apply([fireScript(run.id)]);
    if (frames[0]?.exitCode === 0)
      return new HostError(`${because}. The host has undone what the rollback did to the way in`, {
        hint: reason.hint,
      });
    return new HostError(
      `${because}. Not everything that the rollback did to the way in could be undone: ${frames[0]?.stdout.toString('utf8').trim()}`,
    );
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return new HostError(
      `${because}. The host undoes what the rollback did to the way in by itself within ${guardSeconds} s`,
    );
  }
}

async function undoSteps(
  shell: RootShell,
  target: JournalRun,
  steps: readonly JournalStep[],
  from: number,
  options: RollbackOptions,
): Promise<void> {
  const { host, listen, signal } = options;
  const name = (at: number) => (steps[at] ? undoRecord(steps[at]).name : '');
  const interrupted = (left: readonly JournalStep[]) =>
    new HostError(`interrupted; left undone: ${left.map((step) => undoRecord(step).name).join('; ')}`, {
      hint: `harden rollback ${target.id} goes on from here`,
    });
  if (signal?.aborted) throw interrupted(steps);
  const { frames } = await shell.apply(
    steps.map((step, at) => undoScript(target.id, step, from + at, at === steps.length - 1)),
    {
      beat: { script: 'harden_alive', milliseconds: Math.min(5000, options.guardSeconds * 250) },
      onStart: (at) => listen({ kind: 'step-started', host, index: from + at, name: name(at) }),
      onEnd: (at, frame) => {
        const failed = frame.exitCode !== 0;
        const error: StepError = {
          message: `exit status ${frame.exitCode}`,
          exitCode: frame.exitCode,
          output: said(frame),
        };
        for (const note of frame.stdout.toString('utf8').matchAll(/^note: (.*)$/gm))
          listen({ kind: 'note', host, message: note[1] ?? '' });
        listen({
          kind: 'step-ended',
          host,
          index: from + at,
          name: name(at),
          status: failed ? 'failed' : 'changed',
          milliseconds: frame.milliseconds,
          error: failed ? error : undefined,
        });
      },
    },
  );
  const failed = frames.findIndex(({ exitCode }) => exitCode !== 0);
  if (failed === -1 && frames.length < steps.length && signal?.aborted) {
    // What is undone by now comes into force.
    if (frames.length > 0) await shell.apply([sh`sh ${driverOf(target.id)}`]);
    throw interrupted(steps.slice(frames.length));
  }
  if (failed !== -1 || frames.length < steps.length) {
    throw new HostError(`"${name(Math.max(failed, 0))}" failed: ${said(frames[failed]) || 'it was stopped'}`);
  }
}

function said(frame: Frame | undefined): string {
  return frame?.stderr.toString('utf8').trim() || frame?.stdout.toString('utf8').trim() || '';
}

/** One step of a rollback is a step of a run: what stands there now is kept first, so that a rollback can be rolled back. The `last` one brings all of them into force. */
function undoScript(runId: string, step: JournalStep, at: number, last: boolean): Script {
  const old = `${RUNS}/${runId}/${step.directory}`;
  const driver = driverOf(runId);
  const record = undoRecord(step);
  const oneWay = `what a rollback took back without files (${record.type} ${record.id}) is not made again: apply the playbook`;
  return sh`set -eu
harden_begin ${String(at).padStart(4, '0')} ${record.name}
for kept in ${old}/kept/*/; do
  [ ! -s "$kept/path" ] || harden_keep "$(cat "$kept/path")"
done
# Beside files, an undo brings into force what they say; without any, it takes back what the step did, and holds one way only.
if [ -s ${old}/redo ]; then
  harden_note step.json ${JSON.stringify(record)}
  cp ${old}/redo "$harden_step/undo" || harden_full
  if [ -s ${old}/undo ]; then cp ${old}/undo "$harden_step/redo"; else echo : >"$harden_step/redo"; fi || harden_full
elif [ ! -s ${old}/undo ]; then
  harden_note step.json ${JSON.stringify(record)}
elif [ "$harden_kept" -gt 0 ]; then
  harden_note step.json ${JSON.stringify(record)}
  cp ${old}/undo "$harden_step/undo" || harden_full
else
  harden_note step.json ${JSON.stringify({ ...record, irreversible: oneWay })}
fi
[ ! -e ${old}/secret ] || : >"$harden_step/secret"
if [ -d ${old}/after ]; then cp -R ${old}/after "$harden_step/after"; fi
${raw(record.access ? ': >"$harden_step/access"' : ':')}
harden_started
[ "$(tail -n 1 ${driver})" = '# whole' ] || cp "$harden_run/undo.sh" ${driver}
sh ${driver} ${raw(last ? '' : 'later')} ${step.directory}
harden_done`;
}

function driverOf(runId: string): string {
  return `${RUNS}/${runId}/undo.sh`;
}

/** What the journal of a rollback tells of one step: the way back. */
function undoRecord({ directory, record }: JournalStep): NonNullable<JournalStep['record']> {
  if (!record)
    return {
      name: `roll back: step ${directory}`,
      type: 'unknown',
      id: directory,
      at: '',
      action: 'update',
      changes: [],
      access: true,
    };
  const back = /^roll back: (.*)$/s.exec(record.name)?.[1];
  return {
    ...record,
    name: back === undefined ? `roll back: ${record.name}` : `again: ${back}`,
    action: record.action === 'create' ? 'delete' : record.action === 'delete' ? 'create' : record.action,
    changes: record.changes.map(({ key, before, after }) => ({ key, before: after, after: before })),
  };
}

/** Throws where something is not as it was kept; gives the steps of which that cannot be told. */
async function proveKept(shell: RootShell, runId: string, steps: readonly JournalStep[]): Promise<readonly string[]> {
  const { frames } = await shell.probe([keptProbe(runId)]);
  const undone = new Set(steps.map(({ directory }) => directory));
  const kept = readKept(frames[0]?.stdout.toString('utf8') ?? '').filter(({ step }) => undone.has(step));
  // A path that several steps kept is as the first of them found it.
  const whole = kept.filter(({ path }) => path !== '');
  const first = new Map([...whole].reverse().map((entry) => [entry.path, entry]));
  // Of what lies in a directory, a step before it may have kept something: that is back too, and proved by itself.
  const holdsOlder = ({ step, path }: KeptPath) =>
    whole.some((other) => other.step < step && other.path.startsWith(`${path}/`));
  const alone = steps.filter(
    ({ directory, record }) => record?.type === 'file' && !kept.some(({ step }) => step === directory),
  );
  // A file task before it that set owner, group or mode alone kept nothing: the path has those from before that task again.
  const hasOlderAttributes = (entry: KeptPath) =>
    entry.sameContent &&
    whole.some(
      ({ step, path }) =>
        step === entry.step && alone.some(({ directory, record }) => directory < step && record?.id === path),
    );
  const differing = [...first.values()]
    .filter((entry) => !entry.same && !hasOlderAttributes(entry) && !holdsOlder(entry))
    .map(({ path }) => path);
  if (differing.length > 0)
    throw new HostError(`not proved: after the rollback these are not as they were: ${differing.join(', ')}`);
  return [...new Set(kept.filter(({ path }) => path === '').map(({ step }) => step))];
}

async function proveLogin({ connect, host, listen, run }: RollbackOptions, way: WayIn): Promise<void> {
  listen({ kind: 'proving', host, freshLogin: true });
  const who = `${way.user ? ` as ${way.user}` : ''}${way.port ? ` on port ${way.port}` : ''}`;
  let fresh: RootShell;
  try {
    fresh = await connect(way);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new HostError(`a fresh login${who} did not work after the rollback: ${error.message}`, { hint: error.hint });
  }
  try {
    await expectDone(fresh, disarmScript(run.id), 'the guard had fired before the fresh login was proved');
  } finally {
    await fresh.close();
  }
  listen({ kind: 'proved', host });
  if (who !== '') listen({ kind: 'note', host, message: `from now on, log in${who}` });
}

async function expectDone(
  shell: RootShell,
  script: Script | { readonly inShell: Script },
  what: string,
): Promise<void> {
  const { frames } = await shell.apply([script]);
  if (frames[0]?.exitCode === 0) return;
  throw new HostError(`${what}: ${frames[0]?.stderr.toString('utf8').trim().split('\n').at(-1) ?? 'it was stopped'}`);
}
