import { z } from 'zod';
import { HostError } from '../../errors.ts';
import { type Script, sh } from '../../remote/sh.ts';
import { oneLine } from '../../text/clean.ts';
import { RUNS } from '../host-layout.ts';

/** A text of the host's journal: whoever is root there can have written it, so it is one line that shows what it is. */
const Line = z.string().transform((text) => oneLine(text));

const RunIdentityText = z.object({
  id: Line,
  by: Line,
  at: Line,
  playbook: Line,
  tool: Line,
  login: Line,
  port: z.number().nullable(),
});
const StepText = z
  .object({
    name: Line,
    type: Line,
    id: Line,
    at: Line,
    action: Line,
    changes: z.array(z.object({ key: Line, before: z.unknown(), after: z.unknown() })),
    access: z.boolean(),
    irreversible: Line.optional(),
    provides: z.array(Line).optional(),
  })
  .transform((step) => ({ ...step, provides: step.provides ?? PROVIDED_OF_OLD[step.type]?.(step.id) ?? [] }));

/** 0.1.0 did not note what a step brought; of these types it is needed, and their id says it. */
const PROVIDED_OF_OLD: Readonly<Record<string, (id: string) => readonly string[]>> = {
  user: (id) => [`user:${id}`],
  file: (id) => [`path:${id}`],
};

const GUARDS = ['none', 'armed', 'disarmed', 'fired', 'adopted'] as const;

/** One step of a run, as the journal tells it. */
export interface JournalStep {
  /** `0007`. */
  readonly directory: string;
  /** started: it is at work, or was cut off; failed: by its own exit status; done; undone: it was rolled back. */
  readonly state: 'started' | 'failed' | 'done' | 'undone' | 'not started';
  /** Undefined when the record is damaged. */
  readonly record: z.infer<typeof StepText> | undefined;
}

/** One run, as the journal tells it. */
export interface JournalRun {
  readonly id: string;
  /** The host's own count of its runs: later ones have higher numbers, whatever the clocks said. */
  readonly number: number;
  /** Undefined when the record is damaged. */
  readonly identity: z.infer<typeof RunIdentityText> | undefined;
  readonly guard: (typeof GUARDS)[number];
  /** It came to its end and was proved; false for one that failed, was interrupted or is at work. */
  readonly ended?: boolean;
  readonly steps: readonly JournalStep[];
}

/** Something that a rollback would put back although it is not any more as the run left it: what changed it is lost then. */
export interface ChangedSince {
  /** The step that would be undone: `0007`. */
  readonly step: string;
  /** A path, or the type and id of what has no files of its own. */
  readonly what: string;
  /** The later run that changed it; undefined where it was somebody else, or where nothing tells. */
  readonly by?: string | undefined;
}

// a file that a power cut damaged may be full of NULs, and must hide no other
/** Prints every run of the host's journal. */
export const JOURNAL_PROBE: Script = sh`for run in ${RUNS}/*/; do
  [ -d "$run" ] || continue
  run=\${run%/}
  printf 'run\\0%s\\0' "\${run##*/}"
  tr -d '\\000' 2>/dev/null <"$run/run.json"
  guard=none
  for word in armed disarmed fired adopted; do [ ! -e "$run/$word" ] || guard=$word; done
  number=
  read -r number 2>/dev/null <"$run/number" || :
  ended=
  [ ! -e "$run/ended" ] || ended=ended
  printf '\\0%s %s %s\\0' "$guard" "$number" "$ended"
  for step in "$run"/[0-9]*/; do
    [ -d "$step" ] || continue
    step=\${step%/}
    printf 'step\\0%s\\0' "\${step##*/}"
    if [ -e "$step/state" ]; then
      state=
      read -r state 2>/dev/null <"$step/state" || :
      printf '+%s' "$state"
    fi
    printf '\\0'
    tr -d '\\000' 2>/dev/null <"$step/step.json"
    printf '\\0'
  done
done`;

/** Reads the journal, oldest run first; a damaged record is kept as such and hides no other. */
export function readJournal(output: string): readonly JournalRun[] {
  const words = output.split('\0');
  const runs: (Omit<JournalRun, 'steps'> & { steps: JournalStep[] })[] = [];
  for (let at = 0; at < words.length - 1; at += 4) {
    const [kind, name = '', third = '', fourth = ''] = words.slice(at, at + 4);
    if (kind === 'run') {
      const [guard = 'none', number = '', ended = ''] = fourth.split(' ');
      runs.push({
        id: oneLine(name),
        number: /^\d{1,9}$/.test(number) ? Number(number) : 0,
        identity: parse(RunIdentityText, third),
        guard: isGuard(guard) ? guard : 'none',
        ended: ended === 'ended',
        steps: [],
      });
    } else if (kind === 'step') {
      runs.at(-1)?.steps.push({ directory: oneLine(name), state: stateOf(third), record: parse(StepText, fourth) });
    } else throw new HostError('the journal under /var/lib/harden/runs cannot be read: it is not as harden wrote it');
  }
  return runs.sort((a, b) => a.number - b.number || (a.id < b.id ? -1 : 1));
}

function isGuard(word: string): word is JournalRun['guard'] {
  return (GUARDS as readonly string[]).includes(word);
}

/** Whether a step changed something, or may have, and was not rolled back. */
export function stands({ state }: JournalStep): boolean {
  return state === 'done' || state === 'started' || state === 'failed';
}

/** A step whose state is damaged counts as cut off: it may have changed something. */
function stateOf(text: string): JournalStep['state'] {
  const state = text.trim().replace(/^\+/, '');
  if (state === 'done' || state === 'undone' || state === 'failed') return state;
  return text === '' ? 'not started' : 'started';
}

function parse<T>(schema: z.ZodType<T>, text: string): T | undefined {
  try {
    const parsed = schema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
