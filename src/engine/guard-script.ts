import { basename } from 'node:path';
import { raw, type Script, sh } from '../remote/sh.ts';
import { BOOT_GUARD, BOOT_GUARD_WANTED, RUNS, RUNTIME_DIRECTORY } from './host-layout.ts';

/** What the undo writes beside the files that it puts back: logs, states and one file at a time. */
const RESERVE_BYTES = 262_144;

/** How long after the undo of what touched the way in, in guard times and at least in seconds, all else is undone; and how long after that what a login hangs on comes back. */
const SPANS = { rest: 5, restAtLeast: 300, last: 1, lastAtLeast: 60 } as const;

/** The stages of the undo: what touched the way in, the rest of the run, what a login hangs on as it was kept. */
export const STAGES = [1, 2, 3] as const;
export type Stage = (typeof STAGES)[number];

/** A step that had systemd read its units anew made it know of the guard for the next boot too. */
export const FORGET_BOOT_GUARD: Script = sh`[ "$(systemctl show -p LoadState --value ${basename(BOOT_GUARD)} 2>/dev/null)" != loaded ] || systemctl daemon-reload || :`;

/** Where a run's guard has what it needs a second time, in memory; the driver of the undo knows it by the run's name. */
export function secondPlace(runId: string): string {
  return `${RUNTIME_DIRECTORY}/guard.${runId}`;
}

/**
 * Tells the host to undo the run by itself, in stages, once the run has not been heard of for `seconds`, unless it is disarmed: a service that
 * waits (a detached shell where there is no systemd), with the journal open from the start, so that nothing which covers it takes it away; a unit
 * for the next boot covers a host that goes down meanwhile. Runs in a subshell of the run's root shell.
 */
export function armScript(runId: string, seconds: number): Script {
  const run = `${RUNS}/${runId}`;
  const second = secondPlace(runId);
  const spans = `${seconds} ${Math.max(SPANS.rest * seconds, SPANS.restAtLeast)} ${Math.max(SPANS.last * seconds, SPANS.lastAtLeast)}`;
  const unitFile = `[Unit]
Description=Undo what harden changed and could not prove
After=ssh.service ufw.service

[Service]
ExecStart=/bin/sh ${run}/undo.sh guard boot
TimeoutStopSec=5
KillMode=mixed
`;
  return sh`set -eu
[ ! -e "$harden_run/fired" ] || { echo 'it has fired already' >&2; exit 1; }
if [ -e "$harden_run/armed" ]; then
  # The host has booted anew: the guard's second place, in memory, went with that.
  mkdir -p -m 0700 ${second}
  printf '%s\n' "$$" >${second}/pid
  exit 0
fi
harden_alive
# Room that the undo will have, however full the disk is by then.
head -c ${RESERVE_BYTES} /dev/zero >"$harden_run/reserve"
mkdir -p -m 0700 ${second}
printf '%s\n' "$$" >${second}/pid
cp "$harden_run/undo.sh" ${second}/undo.sh
harden_snapshot "$harden_run/snapshot"
cp -a "$harden_run/snapshot" ${second}/snapshot
printf '%s\n' ${spans} >"$harden_run/arming"
sync "$harden_run/arming"
mv "$harden_run/arming" "$harden_run/armed"
detached=
if [ -d /run/systemd/system ]; then
  mkdir -p ${BOOT_GUARD_WANTED.replace(/\/[^/]*$/, '')}
  printf '%s' ${unitFile} >${BOOT_GUARD}
  chmod 0644 ${BOOT_GUARD}
  sync ${BOOT_GUARD}
  ln -sfn ${BOOT_GUARD} ${BOOT_GUARD_WANTED}
  systemd-run --quiet --collect --unit=${unit(runId)} -p Restart=always -p RestartPreventExitStatus=0 -p IgnoreOnIsolate=yes -p TimeoutStopSec=5 -p KillMode=mixed /bin/sh ${run}/undo.sh guard ${seconds} 2>/dev/null || detached=yes
else
  detached=yes
fi
if [ -n "$detached" ]; then setsid sh ${run}/undo.sh guard ${seconds} </dev/null >/dev/null 2>&1 & fi
# It stands once it holds all that it needs.
tries=0
while [ ! -s "$harden_run/waiting" ] && [ "$tries" -lt 100 ]; do
  tries=$((tries + 1))
  sleep 0.05
done
[ -s "$harden_run/waiting" ] || { echo 'its process does not start' >&2; exit 1; }
# Only now, with a guard of its own, does this run answer for those that were cut off before their proof.
for other in ${RUNS}/*/armed; do
  [ -e "$other" ] && [ "$other" != ${run}/armed ] || continue
  printf '%s\n' "\${other%/armed}" >>"$harden_run/adopts"
  mv "$other" "\${other%/armed}/adopted"
done`;
}

/** Sets `run` to the run's directory: as its own shell has it open, whatever was mounted over the journal since. */
function openJournal(runId: string): Script {
  return sh`run=\${harden_run:-${raw(`${RUNS}/${runId}`)}}`;
}

/** What is left of a guard that is over goes: its units, its second place, and the room that was set aside. */
function forgetScript(runId: string): Script {
  return sh`rm -f ${BOOT_GUARD} ${BOOT_GUARD_WANTED} "$run/reserve"
rm -rf ${secondPlace(runId)} "$run/snapshot"
set -- ${unit(runId)}.service ${basename(BOOT_GUARD)}
if [ -e "$run/adopts" ]; then
  while IFS= read -r other; do
    mv "$other/adopted" "$other/disarmed" 2>/dev/null || :
    set -- "$@" "harden-guard-\${other##*/}.timer" "harden-guard-\${other##*/}.service"
  done <"$run/adopts"
fi
if [ -d /run/systemd/system ]; then
  systemctl stop "$@" 2>/dev/null || :
  ${raw(FORGET_BOOT_GUARD)}
fi`;
}

/** Ends the guard: from here on nothing is undone by itself. Fails when it has fired already. */
export function disarmScript(runId: string): Script {
  return sh`set -e
${raw(openJournal(runId))}
mv "$run/armed" "$run/disarmed"
${raw(forgetScript(runId))}`;
}

/** A login has come after the guard has fired, or while it is armed: no further stage begins. Waits for one that is at work. */
export function cameScript(runId: string): Script {
  return sh`${raw(openJournal(runId))}
[ ! -d ${secondPlace(runId)} ] || : >${secondPlace(runId)}/came
[ ! -d "$run" ] || : >"$run/came"
if [ -e "$run/fired" ]; then
  flock -w 120 "$run" true
  ${raw(forgetScript(runId))}
fi`;
}

/**
 * Undoes now what the stage undoes and the ones before it, and prints what it did; in the run's own root shell. The guard's own process is asked to, for
 * it has what it needs even where no program can be started any more; where it is gone, it is done here.
 */
export function fireScript(stage: Stage): Script {
  return sh`printf '%s\n' ${stage} >"$harden_run/fire"
while read -r waiting <"$harden_run/waiting" && [ -d "/proc/$waiting" ]; do
  read -r ended _ 2>/dev/null <"$harden_run/stage" || ended=0
  [ "$ended" -lt ${stage} ] || break
  sleep 0.2 || :
done
read -r ended _ 2>/dev/null <"$harden_run/stage" || ended=0
[ "$ended" -ge ${stage} ] || sh "$harden_run/undo.sh" stage ${stage} || :
cat "$harden_run/undo.log" 2>/dev/null
[ -e "$harden_run/run.json" ] || { echo 'the journal of this run was taken away; what a login hangs on was put back from memory'; exit 1; }
[ -e "$harden_run/guard-undone" ] || exit ${NOT_ARMED}
[ ! -e "$harden_run/undo-failed" ]`;
}

/** The statuses of `guardReportScript`: it has not undone anything yet; there is nothing to undo. Any other but 0: not everything could be undone. */
export const NOT_YET = 3;
export const NOT_ARMED = 4;

/**
 * Prints what the guard did; has a run that is still at work stop after its running step. Where no step and no handler runs and none has touched
 * what a login hangs on, this login is the proof: the guard is disarmed.
 */
export function guardReportScript(runId: string): Script {
  return sh`${raw(openJournal(runId))}
cat "$run/undo.log" 2>/dev/null
if [ ! -e "$run/guard-undone" ]; then
  if read -r io 2>/dev/null <"$run/io" && [ -d "$io" ]; then : >"$io/stop"; fi
  [ ! -e "$run/fired" ] || exit ${NOT_YET}
  if [ -e "$run/armed" ]; then
    [ ! -e "$run/adopts" ] && [ ! -e "$run/busy" ] || exit ${NOT_YET}
    for step in "$run"/[0-9]*; do [ ! -e "$step/access" ] || exit ${NOT_YET}; done
    mv "$run/armed" "$run/disarmed" 2>/dev/null || exit ${NOT_YET}
    ${raw(forgetScript(runId))}
  fi
  exit ${NOT_ARMED}
fi
[ ! -e "$run/undo-failed" ]`;
}

/** Lists the runs whose guard is armed: an earlier run was cut off before its proof. Where one has fired, this login is told to it: nothing further is undone. */
export const ARMED_PROBE: Script = sh`for harden_armed in ${RUNS}/*/stage ${RUNTIME_DIRECTORY}/guard.*/stage; do
  [ -e "$harden_armed" ] && [ ! -e "\${harden_armed%stage}came" ] || continue
  : >"\${harden_armed%stage}came"
  flock -w 120 "\${harden_armed%/stage}" true
done
for harden_armed in ${RUNS}/*/armed; do [ ! -e "$harden_armed" ] || printf '%s\n' "$harden_armed"; done`;

function unit(runId: string): string {
  return `harden-guard-${runId}`;
}
