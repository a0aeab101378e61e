import { z } from 'zod';
import { raw, type Script, sh } from '../remote/sh.ts';
import { shortLine } from '../text/clean.ts';
import { RUNS } from './host-layout.ts';
import { HOLDER, STALE_SECONDS } from './journal/holder.ts';

/** Prints the last run when it did not come to its end: who, how its guard stands (`running`: it is at work), and the step in which it stopped. */
export const LAST_RUN_PROBE: Script = sh`${raw(HOLDER)}
harden_last= harden_top=0
for harden_other in ${RUNS}/*/; do
  harden_number=
  read -r harden_number 2>/dev/null <"$harden_other/number" || :
  case $harden_number in '' | *[!0-9]* | ??????????*) harden_number=0 ;; esac
  if [ "$harden_number" -ge "$harden_top" ]; then harden_last=$harden_other harden_top=$harden_number; fi
done
if [ -f "$harden_last/undo.sh" ] && [ ! -e "$harden_last/ended" ]; then
  tr -d '\\000' 2>/dev/null <"$harden_last/run.json"
  harden_guard=none
  for harden_word in armed adopted disarmed fired guard-undone; do [ ! -e "$harden_last/$harden_word" ] || harden_guard=$harden_word; done
  # What holds the lock, and has said not long ago that it is alive, is no run that was cut off.
  if [ ! -e "$harden_last/fired" ] && harden_holder && [ "$harden_silent" -le ${STALE_SECONDS} ]; then harden_guard=running; fi
  printf '\\0%s\\0' "$harden_guard"
  for harden_state in "$harden_last"[0-9]*/state; do
    [ -e "$harden_state" ] || continue
    read -r harden_word <"$harden_state"
    case $harden_word in started | failed) tr -d '\\000' 2>/dev/null <"\${harden_state%/state}/name" ;; esac
  done
fi`;

const Identity = z.object({ by: z.string(), at: z.string(), playbook: z.string() });

/** What the probe's output means to a person, as a sentence; undefined where the last run came to its end. */
export function explainLastRun(output: string): string | undefined {
  if (output === '') return undefined;
  const [identity = '', guard = '', steps = ''] = output.split('\0');
  const names = steps
    .split('\n')
    .filter(Boolean)
    .slice(0, 5)
    .map((name) => shortLine(name, 200));
  if (guard === 'running') {
    const at = names.length > 0 ? `, and is at "${names.join('", "')}"` : '';
    return `another run${whose(identity)} is under way${at}: what is read now may be different when it ends`;
  }
  const where = names.length > 0 ? `it stopped in "${names.join('", "')}"` : 'it stopped between two steps';
  return `the run before this one${whose(identity)} did not come to its end: ${where}${GUARD[guard] ?? ''}`;
}

const GUARD: Readonly<Record<string, string>> = {
  armed: ', and its guard is still armed: an apply takes it over',
  fired: ', and the host is undoing what touched the way in',
  'guard-undone': ', and the host has undone what touched the way in',
};

function whose(text: string): string {
  try {
    const { by, at, playbook } = Identity.parse(JSON.parse(text));
    return shortLine(` (${by} since ${at}, applying ${playbook})`, 500);
  } catch {
    return '';
  }
}
