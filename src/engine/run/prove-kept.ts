import { HostError } from '../../errors.ts';
import type { RootShell } from '../../remote/shell.ts';
import type { JournalStep } from '../journal/read-journal.ts';
import { type KeptPath, keptProbe, readKept } from '../journal/read-kept.ts';

/** Throws where something is not as it was kept; gives the steps of which that cannot be told. */
export async function proveKept(
  shell: RootShell,
  runId: string,
  steps: readonly JournalStep[],
): Promise<readonly string[]> {
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
    ({ directory, record }) => record !== undefined && !kept.some(({ step }) => step === directory),
  );
  // A task before it that brought the path and kept nothing set owner, group or mode alone: the path has those from before that task again.
  const hasOlderAttributes = (entry: KeptPath) =>
    entry.sameContent &&
    whole.some(
      ({ step, path }) =>
        step === entry.step &&
        alone.some(({ directory, record }) => directory < step && record?.provides.includes(`path:${path}`)),
    );
  const differing = [...first.values()]
    .filter((entry) => !entry.same && !hasOlderAttributes(entry) && !holdsOlder(entry))
    .map(({ path }) => path);
  if (differing.length > 0)
    throw new HostError(`not proved: after the rollback these are not as they were: ${differing.join(', ')}`);
  return [...new Set(kept.filter(({ path }) => path === '').map(({ step }) => step))];
}

/** Paths of this run that are not as they were before it; of a step that was undone. */
export async function differsFromKept(shell: RootShell, runId: string): Promise<readonly string[]> {
  const { frames } = await shell.probe([keptProbe(runId)]);
  const kept = readKept(frames[0]?.stdout.toString('utf8') ?? '').filter(({ path }) => path !== '');
  const first = new Map([...kept].reverse().map((entry) => [entry.path, entry]));
  return [...first.values()].filter(({ same }) => !same).map(({ path }) => path);
}
