import { basename } from 'node:path';
import { raw, type Script, sh } from '../remote/sh.ts';
import { BOOT_GUARD, BOOT_GUARD_WANTED, RUNS } from './host-layout.ts';

/** What the undo writes beside the files that it puts back: logs, states and one file at a time. */
const RESERVE_BYTES = 262_144;

/** A step that had systemd read its units anew made it know of the guard for the next boot too. */
export const FORGET_BOOT_GUARD: Script = sh`[ "$(systemctl show -p LoadState --value ${basename(BOOT_GUARD)} 2>/dev/null)" != loaded ] || systemctl daemon-reload || :`;

/**
 * Tells the host to undo the run's access steps by itself once the run has not been heard of for `seconds`, unless it is disarmed:
 * a transient timer, or a detached shell where there is none to be had; a unit for the next boot covers a host that goes down meanwhile.
 */
export function armScript(runId: string, seconds: number): Script {
  const run = `${RUNS}/${runId}`;
  const unitFile = `[Unit]
Description=Undo what harden changed on the way in and could not prove
After=ssh.service ufw.service

[Service]
Type=oneshot
ExecStart=/bin/sh ${run}/undo.sh guard now
`;
  return sh`set -eu
[ ! -e ${run}/armed ] || exit 0
[ ! -e ${run}/fired ] || { echo 'it has fired already' >&2; exit 1; }
harden_alive
# Room that the undo will have, however full the disk is by then.
head -c ${RESERVE_BYTES} /dev/zero >${run}/reserve
printf '%s\n' ${seconds} >${run}/arming
sync ${run}/arming
mv ${run}/arming ${run}/armed
detached=
if [ -d /run/systemd/system ]; then
  mkdir -p ${BOOT_GUARD_WANTED.replace(/\/[^/]*$/, '')}
  printf '%s' ${unitFile} >${BOOT_GUARD}
  chmod 0644 ${BOOT_GUARD}
  sync ${BOOT_GUARD}
  ln -sfn ${BOOT_GUARD} ${BOOT_GUARD_WANTED}
  systemd-run --quiet --collect --unit=${unit(runId)} --on-active=${seconds} --timer-property=AccuracySec=100ms /bin/sh ${run}/undo.sh guard ${seconds} 2>/dev/null || detached=yes
else
  detached=yes
fi
if [ -n "$detached" ]; then
  setsid sh -c ${sh`sleep ${seconds}; exec sh ${run}/undo.sh guard ${seconds}`} </dev/null >/dev/null 2>&1 &
fi
# Only now, with a guard of its own, does this run answer for those that were cut off before their proof.
for other in ${RUNS}/*/armed; do
  [ -e "$other" ] && [ "$other" != ${run}/armed ] || continue
  printf '%s\n' "\${other%/armed}" >>${run}/adopts
  mv "$other" "\${other%/armed}/adopted"
done`;
}

/** Ends the guard: from here on nothing is undone by itself. Fails when it has fired already. */
export function disarmScript(runId: string): Script {
  const run = `${RUNS}/${runId}`;
  return sh`set -eu
mv ${run}/armed ${run}/disarmed
rm -f ${BOOT_GUARD} ${BOOT_GUARD_WANTED} ${run}/reserve
if [ -d /run/systemd/system ]; then
  systemctl stop ${unit(runId)}.timer ${unit(runId)}.service 2>/dev/null || :
  ${raw(FORGET_BOOT_GUARD)}
fi
if [ -e ${run}/adopts ]; then
  while IFS= read -r other; do mv "$other/adopted" "$other/disarmed" 2>/dev/null || :; done <${run}/adopts
fi`;
}

/** Undoes the access steps now, as the timer would, and prints what it did. */
export function fireScript(runId: string): Script {
  const run = `${RUNS}/${runId}`;
  return sh`sh ${run}/undo.sh guard now || :
if [ -d /run/systemd/system ]; then systemctl stop ${unit(runId)}.timer 2>/dev/null || :; fi
${raw(guardReportScript(runId))}`;
}

/** The statuses of `guardReportScript`: it has not undone anything yet; there is nothing to undo, because it was never armed. Any other but 0: not everything could be undone. */
export const NOT_YET = 3;
export const NOT_ARMED = 4;

/** Prints what the guard did; has a run that is still at work stop after its running step. */
export function guardReportScript(runId: string): Script {
  const run = `${RUNS}/${runId}`;
  return sh`cat ${run}/undo.log 2>/dev/null
if [ ! -e ${run}/guard-undone ]; then
  if read -r io 2>/dev/null <${run}/io && [ -d "$io" ]; then : >"$io/stop"; fi
  if [ -e ${run}/armed ] || [ -e ${run}/fired ]; then exit ${NOT_YET}; fi
  exit ${NOT_ARMED}
fi
[ ! -e ${run}/undo-failed ]`;
}

/** Lists the runs whose guard is armed: an earlier run was cut off before its proof. */
export const ARMED_PROBE: Script = sh`for harden_armed in ${RUNS}/*/armed; do [ ! -e "$harden_armed" ] || printf '%s\n' "$harden_armed"; done`;

function unit(runId: string): string {
  return `harden-guard-${runId}`;
}
