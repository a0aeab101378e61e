import { HostError } from '../errors.ts';
import type { Facts } from '../remote/facts.ts';
import { type Script, sh } from '../remote/sh.ts';
import type { Frame } from '../remote/shell.ts';
import { askFiles } from './ask-files.ts';
import { ARMED_PROBE } from './guard-script.ts';
import { HOST_FILES } from './host-files/index.ts';
import { PENDING } from './host-layout.ts';
import { explainLastRun, LAST_RUN_PROBE } from './last-run.ts';
import { needsProbe } from './needs.ts';
import type { ResolvedTask } from './resolved-task.ts';
import type { Handler, Need } from './task.ts';

/** What one host answered to all the probes of a plan. */
export interface Answers {
  /** By the task's index; tasks that are skipped have none. */
  readonly frames: ReadonlyMap<number, Frame>;
  /** The needs that hold. */
  readonly held: ReadonlySet<string>;
  /** Handlers that an earlier run notified and did not run. */
  readonly pending: readonly Handler[];
  /** Journal directories of runs whose guard is still armed. */
  readonly armed: readonly string[];
  /** How the last run stopped, as a sentence; undefined where it came to its end. */
  readonly lastRun?: string | undefined;
}

/** The scripts of one probe batch, each text once, and how to read the answers back. */
export interface ProbeBatch {
  readonly scripts: readonly Script[];
  /** Runs ahead of them, in the shell that runs each in a subshell. */
  readonly ahead: Script;
  answers(frames: readonly Frame[]): Answers;
}

/** One round trip for a whole playbook: what the tasks read, which needs hold, which handlers are pending. */
export function probeBatch(tasks: readonly ResolvedTask[], facts: Facts): ProbeBatch {
  const scripts: Script[] = [];
  const places = new Map<Script, number>();
  const place = (script: Script): number => {
    let at = places.get(script);
    if (at === undefined) {
      at = scripts.push(script) - 1;
      places.set(script, at);
    }
    return at;
  };
  const active = tasks.filter((task) => task.skipped === undefined);
  const needs = [...new Set(active.flatMap((task) => task.type.needs?.(task.params, facts) ?? []))] as Need[];
  const pendingAt = place(PENDING_PROBE);
  const armedAt = place(ARMED_PROBE);
  const lastRunAt = place(LAST_RUN_PROBE);
  const needsAt = needs.length > 0 ? place(needsProbe(needs)) : undefined;
  const taskAt = new Map(active.map((task) => [task.index, place(task.type.probe(task.params, facts))]));
  return {
    scripts,
    ahead: HOST_FILES + askFiles(active.flatMap((task) => task.type.reads?.(task.params) ?? [])),
    answers: (frames) => ({
      frames: new Map([...taskAt].flatMap(([index, at]) => (frames[at] ? [[index, frames[at]] as const] : []))),
      held: new Set(
        needsAt === undefined ? [] : (frames[needsAt]?.stdout.toString('utf8').split('\n').filter(Boolean) ?? []),
      ),
      pending: readPending(frames[pendingAt]?.stdout.toString('utf8') ?? ''),
      armed: (frames[armedAt]?.stdout.toString('utf8') ?? '').split('\n').filter(Boolean),
      lastRun: explainLastRun(frames[lastRunAt]?.stdout.toString('utf8') ?? ''),
    }),
  };
}

// base64: a file that a power cut damaged may hold any byte
const PENDING_PROBE = sh`for f in ${PENDING}/*; do
  [ -e "$f" ] || continue
  printf '%s\t%s\n' "$f" "$(base64 -w0 "$f" 2>&1)"
done`;

function readPending(output: string): Handler[] {
  return output
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [path = '', encoded = ''] = line.split('\t');
      const [name, check, run, ...rest] = Buffer.from(encoded, 'base64').toString('utf8').split('\0');
      if (name && run && rest.length === 1 && rest[0] === '') return { name, check: check || undefined, run };
      throw new HostError(`what an earlier run left to do cannot be read: ${path} is damaged`, {
        hint: 'It is named after the handler that is due (such as reload-ssh): restart that service by hand, remove the file, and run harden again',
      });
    });
}
