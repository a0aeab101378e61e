import { raw, type Script, sh } from '../../remote/sh.ts';
import { PENDING, RUNS, RUNTIME_DIRECTORY, STATE_DIRECTORY } from '../host-layout.ts';
import { STEP_FUNCTIONS } from './step-functions.ts';
import { UNDO_DRIVER } from './undo-driver.ts';

/** Who applies what, as the journal and the host's lock tell it. */
export interface RunIdentity {
  /** `20261124T120000Z-1a2b`: sorts by time, names the journal's directory. */
  readonly id: string;
  /** `user@machine`. */
  readonly by: string;
  /** ISO 8601, by the operator's clock. */
  readonly at: string;
  readonly playbook: string;
  readonly tool: string;
}

/** The status of `beginRunScript` when another run holds the host. */
export const LOCKED = 75;

/** The status of `beginRunScript` when the host has no room or no right to write its journal. */
export const NOT_WRITABLE = 73;

/** The status of `beginRunScript` when the guard of an earlier run has undone something after this run was planned. */
export const MOVED_ON = 76;

/** Who logged in where when a run began: the way in that a rollback of it must open again. */
export interface RunLogin {
  readonly login: string;
  /** The operator's address; null without ssh. */
  readonly client: string | null;
  /** The host's own port; null without ssh. */
  readonly port: number | null;
}

/** Takes the host's lock for as long as the root shell lives, and makes the run's directory; runs in the root shell itself. `armed`: the guards that the plan found armed. */
export function beginRunScript(run: RunIdentity, login: RunLogin, armed: readonly string[] = []): Script {
  const from = login.client === null ? '' : ` from ${login.client}`;
  const holder = `${run.by}${from} since ${run.at}, applying ${run.playbook}`;
  const record = { ...run, ...login };
  return sh`${raw(STEP_FUNCTIONS)}
if ! mkdir -p -m 0700 ${STATE_DIRECTORY} ${PENDING} ${RUNS} ${RUNTIME_DIRECTORY} || ! chmod 0700 ${STATE_DIRECTORY} ${RUNTIME_DIRECTORY} || ! true >>${RUNTIME_DIRECTORY}/lock; then
  (exit ${NOT_WRITABLE})
elif exec 9>>${RUNTIME_DIRECTORY}/lock && ! flock -n 9 && ! harden_take_over; then
  printf '%s%s\n' "$(cat ${RUNTIME_DIRECTORY}/holder)" "$harden_still" >&2
  (exit ${LOCKED})
elif ! harden_settled ${armed}; then
  (exit ${MOVED_ON})
else
  harden_id=${run.id}
  harden_run=${RUNS}/${run.id}
  harden_life=${lifeFile(run.id)}
  {
    printf '%s\n' ${holder} >${RUNTIME_DIRECTORY}/holder &&
    printf '%s %s\n' "$$" "$harden_life" >${RUNTIME_DIRECTORY}/holder.pid &&
    harden_last=$(harden_newest | sed -n '1s/ .*//p') &&
    mkdir -p "$harden_run" &&
    { [ -e "$harden_run/number" ] || printf '%s\n' "$((\${harden_last:-0} + 1))" >"$harden_run/number"; } &&
    printf '%s\n' ${JSON.stringify(record)} >"$harden_run/run.json" &&
    printf '%s\n' ${login.login} ${login.client ?? ''} ${login.port ?? ''} >"$harden_run/login" &&
    printf '%s' ${UNDO_DRIVER} >"$harden_run/undo.sh" &&
    sync "$harden_run/number" "$harden_run/run.json" "$harden_run/undo.sh" "$harden_run" &&
    harden_alive &&
    harden_prune &&
    exec 7<"$harden_run" &&
    # What a step mounts over the journal does not take it away from this shell and what it starts.
    { [ ! -e "/proc/$$/fd/7/run.json" ] || harden_run=/proc/$$/fd/7; }
  } || {
    df -Pk ${RUNS} | awk 'NR == 2 { print $4 " KiB free on " $6 }' >&2
    (exit ${NOT_WRITABLE})
  }
fi`;
}

/** Notes how the run leaves what it kept, and lets the host's lock go; runs in the root shell itself. What follows (an audit) only reads. */
export const END_RUN: Script = sh`for harden_step in "$harden_run"/[0-9]*; do harden_leave; done
true >"$harden_run/ended"
exec 9>&- 7<&-
rm -f "$harden_life"`;

/** Where a run's last sign of life is, as seconds of the host's uptime; in memory, so that a full disk does not silence it. */
function lifeFile(runId: string): string {
  return `${RUNTIME_DIRECTORY}/alive.${runId}`;
}
